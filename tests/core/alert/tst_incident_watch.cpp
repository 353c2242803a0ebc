// From what an engine shows of itself, look by look, to events and incidents.
#include "alert/event_words.h"
#include "alert/incident_watch.h"

#include "support/test_registry.h"

using namespace tk;
using namespace tk::alert;
using namespace std::chrono_literals;

class IncidentWatchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_events.clear();
        m_now = fromMs(1'800'000'000'000);
        m_watch = std::make_unique<IncidentWatch>([this](const Event &event) {
            if (event.id != 0) {
                m_events[size_t(event.id) - 1] = event;
                return event.id;
            }
            m_events.push_back(event);
            m_events.back().id = qint64(m_events.size());
            return m_events.back().id;
        });
    }

    void healthTellsNothing()
    {
        look({});
        look({});
        QVERIFY(m_events.empty());
    }

    void oneCauseIsOneIncident()
    {
        look({});
        // Three streams go stale, the connection is replaced, gaps open and are repaired.
        ExchangeSigns signs = stale({btc(), eth(), sol()});
        signs.connections = {{QStringLiteral("market#2"), false, m_now, QStringLiteral("no data for 15 s"), 60}};
        look(signs);
        QCOMPARE(incidents().size(), size_t(1));
        QCOMPARE(incidents().front().severity, Severity::Trouble);
        QVERIFY(incidents().front().lasts());
        QCOMPARE(incidents().front().pairs, QStringList({btc(), eth(), sol()}));
        const qint64 incident = incidents().front().id;

        signs = {};
        signs.gaps = {gap(1, btc()), gap(2, eth())};
        look(signs);
        QCOMPARE(incidents().front().severity, Severity::Warning);
        QVERIFY(incidents().front().detail.contains(QStringLiteral("repairing 2 gaps")));

        look({});
        QCOMPARE(incidents().size(), size_t(1));
        QVERIFY(!incidents().front().lasts());
        QCOMPARE(incidents().front().severity, Severity::Good);
        QVERIFY(incidents().front().detail.contains(QStringLiteral("nothing lost")));
        // Everything in between belongs to it.
        for (const Event &event : m_events) {
            if (event.kind != EventKind::Incident && event.title != QStringLiteral("2 gaps settled"))
                QCOMPARE(event.incident, incident);
        }
        QCOMPARE(titles(), QStringList({QStringLiteral("Connection lost"), QStringLiteral("3 streams stale"),
                                        QStringLiteral("Reconnected"), QStringLiteral("3 streams recovered"),
                                        QStringLiteral("2 gaps opened"), QStringLiteral("2 gaps settled")}));
    }

    void lossIsSaid()
    {
        look({});
        ExchangeSigns signs;
        signs.gaps = {gap(1, btc())};
        look(signs);
        signs.gaps.clear();
        signs.unfillable = 1;
        look(signs);
        QVERIFY(incidents().front().detail.contains(QStringLiteral("1 gap unfillable")));
        QCOMPARE(incidents().front().severity, Severity::Warning);
    }

    // "From 13:12" of last year is not from 13:12 of today.
    void anotherDayIsNamed()
    {
        ExchangeSigns signs;
        look(signs);
        signs.gaps = {gap(1, btc())};
        signs.gaps.front().from = fromMs(0);
        look(signs);
        const auto opened = std::ranges::find(m_events, QStringLiteral("Gap opened"), &Event::title);
        QVERIFY(opened != m_events.end());
        QVERIFY2(opened->detail.contains(QStringLiteral("from 1970-01-01 00:00:00")), qPrintable(opened->detail));
    }

    // Trades, depth: nobody has them again, so they never were an open gap.
    void whatIsLostAtOnceIsNamed()
    {
        ExchangeSigns signs;
        signs.unfillable = 1; // before the first look
        signs.lost = {{7, eth(), m_now - 60s, m_now, QStringLiteral("engine stopped at 10:00")}};
        look(signs);
        QCOMPARE(titles(), QStringList({QStringLiteral("Gap that cannot be filled")}));
        QVERIFY2(m_events.back().detail.contains(QStringLiteral("engine stopped")), qPrintable(m_events.back().detail));
        QCOMPARE(m_events.back().pairs, QStringList({eth()}));
        look(signs);
        QCOMPARE(m_events.size(), size_t(1));
        // A feed that loses all the time is one cause, told once a minute with the number.
        for (int i = 0; i < 30; ++i) {
            ++signs.unfillable;
            signs.lost.push_back({0, btc(), m_now - 60s, m_now, QStringLiteral("book chain broken")});
            look(signs);
        }
        QVERIFY(m_events.size() <= 2);
        m_now += 61s;
        look(signs);
        QVERIFY(m_events.back().title.endsWith(QStringLiteral("gaps that cannot be filled")));
        QVERIFY(m_events.back().detail.contains(QStringLiteral("book chain broken")));
        QVERIFY(incidents().empty());
    }

    void aFirstConnectionIsNoLoss()
    {
        ExchangeSigns signs;
        signs.connections = {{QStringLiteral("market#1"), false, {}, {}, 0}};
        look(signs);
        signs.connections.front().up = true;
        look(signs);
        QVERIFY(m_events.empty());
    }

    void aSecondFaultIsASecondIncident()
    {
        look({});
        look(stale({btc()}));
        look({});
        look(stale({eth()}));
        QCOMPARE(incidents().size(), size_t(2));
        QVERIFY(incidents()[1].lasts());
        m_watch->end(m_now);
        QVERIFY(!incidents()[1].lasts());
    }

    void theStoreHasItsOwn()
    {
        m_watch->look(StoreSigns{.name = QStringLiteral("Database")}, m_now);
        m_watch->look(StoreSigns{QStringLiteral("Database"), QStringLiteral("503"), m_now - 3s, 8'100'000}, m_now);
        m_watch->look(StoreSigns{QStringLiteral("Database"), QStringLiteral("503"), m_now - 3s, 9'100'000}, m_now + 1s);
        QCOMPARE(incidents().size(), size_t(1));
        QCOMPARE(incidents().front().time, m_now - 3s);
        m_watch->look(StoreSigns{.name = QStringLiteral("Database")}, m_now + 40s);
        QVERIFY(!incidents().front().lasts());
        QCOMPARE(titles(), QStringList({QStringLiteral("Database does not take records"),
                                        QStringLiteral("Database takes records again")}));
    }

    void manyPairsAreNamedShortly()
    {
        QStringList pairs;
        for (int i = 0; i < 20; ++i)
            pairs.append(QStringLiteral("P%1/USDT:USDT").arg(i));
        QCOMPARE(pairsText(pairs), QStringLiteral("P0, P1, P2, P3, P4, P5 and 14 more"));
        QCOMPARE(pairsText({btc()}), QStringLiteral("BTC"));
    }

private:
    static QString btc() { return QStringLiteral("BTC/USDT:USDT"); }
    static QString eth() { return QStringLiteral("ETH/USDT:USDT"); }
    static QString sol() { return QStringLiteral("SOL/USDT:USDT"); }

    void look(ExchangeSigns signs)
    {
        signs.exchange = QStringLiteral("binance-usdm");
        if (signs.connections.empty())
            signs.connections = {{QStringLiteral("market#2"), true, {}, {}, 60}};
        m_watch->look(signs, m_now);
        m_now += 1s;
    }
    ExchangeSigns stale(const QStringList &pairs) const
    {
        ExchangeSigns signs;
        for (const QString &pair : pairs)
            signs.sick.push_back(
                {pair, QStringLiteral("3m candles"), StreamState::Stale, m_now, QStringLiteral("no data for 20 s")});
        return signs;
    }
    GapSign gap(qint64 id, const QString &pair) const
    {
        return {id, pair, m_now - 60s, m_now, QStringLiteral("connection lost")};
    }
    std::vector<Event> incidents() const
    {
        std::vector<Event> found;
        std::ranges::copy_if(m_events, std::back_inserter(found),
                             [](const Event &event) { return event.kind == EventKind::Incident; });
        return found;
    }
    QStringList titles() const
    {
        QStringList found;
        for (const Event &event : m_events) {
            if (event.kind != EventKind::Incident)
                found.append(event.title);
        }
        return found;
    }

    std::vector<Event> m_events;
    UtcTime m_now{};
    std::unique_ptr<IncidentWatch> m_watch;
};

TK_TEST(IncidentWatchTest, incident_watch);
#include "tst_incident_watch.moc"
