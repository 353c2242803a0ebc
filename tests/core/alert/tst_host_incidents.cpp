// From what is seen of other hosts, look by look, to events and one incident for each host.
#include "alert/incident_watch.h"

#include "support/test_registry.h"

using namespace tk;
using namespace tk::alert;
using namespace std::chrono_literals;

class HostIncidentsTest : public QObject
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

    void wellAndUnseenHostsTellNothing()
    {
        look({.name = one(), .known = false, .up = false, .error = QStringLiteral("nobody has looked")});
        look({.name = one(), .known = true, .up = true});
        look({.name = one(), .known = true, .up = true});
        QVERIFY(m_events.empty());
    }

    void awayAndBack()
    {
        look(away(QStringLiteral("connection refused")));
        QCOMPARE(titles(), QStringList({QStringLiteral("feeder-1: unreachable"), QStringLiteral("Host unreachable")}));
        QVERIFY(m_events[0].lasts() && m_events[0].kind == EventKind::Incident);
        QCOMPARE(m_events[1].incident, m_events[0].id);
        QVERIFY(m_events[1].detail.contains(QStringLiteral("connection refused")));
        for (int i = 0; i < 10; ++i)
            look(away(QStringLiteral("no answer within 6 s"))); // once is enough
        QCOMPARE(m_events.size(), size_t(2));
        look({.name = one(), .known = true, .up = true});
        QCOMPARE(titles().last(), QStringLiteral("Host answers again"));
        QCOMPARE(m_events.back().severity, Severity::Good);
        QCOMPARE(m_events.back().incident, m_events[0].id);
        QVERIFY(!m_events[0].lasts());
        QCOMPARE(m_events[0].severity, Severity::Good);
        // The next one is another.
        look(away(QStringLiteral("connection refused")));
        QCOMPARE(m_events.size(), size_t(5));
        QVERIFY(m_events[3].lasts() && m_events[3].id != m_events[0].id);
    }

    void unitsAndFiles()
    {
        look(sick({unit(QStringLiteral("a.service"))}));
        look(sick({unit(QStringLiteral("a.service")), stale(QStringLiteral("12:00"))}));
        look(sick({unit(QStringLiteral("a.service")), stale(QStringLiteral("12:04"))})); // it grows older: no news
        QCOMPARE(titles(), QStringList({QStringLiteral("feeder-1: Unit failed, Files stale"),
                                        QStringLiteral("Unit failed"), QStringLiteral("Files stale")}));
        // While it is away nobody knows whether it is better.
        look(away(QStringLiteral("gone")));
        look(sick({stale(QStringLiteral("12:09"))}));
        QCOMPARE(titles().mid(3), QStringList({QStringLiteral("Host unreachable"), QStringLiteral("Host answers again"),
                                               QStringLiteral("Over: Unit failed")}));
        QVERIFY(m_events[0].lasts());
        look({.name = one(), .known = true, .up = true});
        QCOMPARE(titles().last(), QStringLiteral("Over: Files stale"));
        QVERIFY(!m_events[0].lasts());
    }

    void hostsAreOfTheirOwn()
    {
        look(away(QStringLiteral("gone")));
        HostSigns other = away(QStringLiteral("gone"));
        other.name = QStringLiteral("feeder-2");
        look(other);
        QCOMPARE(m_events.size(), size_t(4));
        look({.name = one(), .known = true, .up = true});
        QVERIFY(!m_events[0].lasts() && m_events[2].lasts());
        m_watch->forgetHost(QStringLiteral("feeder-2"), m_now);
        QVERIFY(!m_events[2].lasts());
        QVERIFY(m_events[2].detail.contains(QStringLiteral("not watched any more")));
        m_watch->forgetHost(QStringLiteral("never heard of"), m_now);
        look(away(QStringLiteral("gone")));
        m_watch->end(m_now);
        QVERIFY(std::ranges::none_of(m_events, &Event::lasts));
    }

private:
    static QString one() { return QStringLiteral("feeder-1"); }
    static HostSigns away(const QString &why) { return {.name = one(), .known = true, .up = false, .error = why}; }
    static HostSigns sick(const std::vector<HostTrouble> &troubles)
    {
        return {.name = one(), .known = true, .up = true, .troubles = troubles};
    }
    static HostTrouble unit(const QString &name)
    {
        return {QStringLiteral("unit ") + name, QStringLiteral("Unit failed"), name + QStringLiteral(": failed")};
    }
    static HostTrouble stale(const QString &age)
    {
        return {QStringLiteral("data 3m"), QStringLiteral("Files stale"),
                QStringLiteral("3m: x is %1 behind").arg(age)};
    }
    void look(const HostSigns &signs)
    {
        m_now += 4s;
        m_watch->look(signs, m_now);
    }
    QStringList titles() const
    {
        QStringList all;
        for (const Event &event : m_events)
            all.append(event.title);
        return all;
    }

    std::vector<Event> m_events;
    UtcTime m_now{};
    std::unique_ptr<IncidentWatch> m_watch;
};

TK_TEST(HostIncidentsTest, host_incidents);
#include "tst_host_incidents.moc"
