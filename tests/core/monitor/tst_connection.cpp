// The way to an engine: tried for ever, told when it is lost, every question answered once.
#include "monitor/engine_connection.h"
#include "monitor/status_sentence.h"

#include "support/test_registry.h"

#include <QSignalSpy>

using namespace tk;
using namespace tk::monitor;
using namespace std::chrono_literals;

namespace {

class HandLink final : public link::EngineLink
{
    Q_OBJECT
public:
    bool isConnected() const override { return up; }
    link::Hello engine() const override { return {}; }
    qint64 request(const QString &command, const QJsonObject &) override
    {
        commands.append(command);
        return ++last;
    }
    void watch(const QStringList &series) override { watched.append(series.join(u'|')); }

    void comeUp()
    {
        up = true;
        Q_EMIT connected();
        Q_EMIT snapshot({});
    }
    void goDown(const QString &why)
    {
        up = false;
        Q_EMIT failed({Error::Kind::Network, why, true});
    }

    bool up = false;
    qint64 last = 0;
    QStringList commands;
    QStringList watched;
};

} // namespace

class ConnectionTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        auto link = std::make_unique<HandLink>();
        m_link = link.get();
        m_opened = 0;
        m_connection = std::make_unique<EngineConnection>(
            EngineConnection::Way{std::move(link), [this] { ++m_opened; }, QStringLiteral("here")},
            EngineConnection::Retry{1ms, 5ms});
    }

    void triesForEver()
    {
        using State = EngineConnection::State;
        m_connection->start();
        QCOMPARE(m_opened, 1);
        for (int i = 2; i < 8; ++i) {
            m_link->goDown(QStringLiteral("nobody listens"));
            QTRY_COMPARE(m_opened, i);
        }
        QCOMPARE(m_connection->state(), State::Connecting); // it has never been there
        QCOMPARE(m_connection->trouble().message, QStringLiteral("nobody listens"));
        m_link->comeUp();
        QCOMPARE(m_connection->state(), State::Connected);
        QVERIFY(m_connection->trouble().message.isEmpty());
        m_link->goDown(QStringLiteral("gone"));
        QCOMPARE(m_connection->state(), State::Lost);
        QVERIFY(toMs(m_connection->lastSeen()) > 0);
        QTRY_COMPARE(m_opened, 8);
        m_link->comeUp();
        QCOMPARE(m_connection->state(), State::Connected);
    }

    void watchesAgainAfterALoss()
    {
        m_connection->start();
        m_connection->setSeries({QStringLiteral("a"), QStringLiteral("b")});
        QVERIFY(m_link->watched.isEmpty()); // not connected yet
        m_link->comeUp();
        QCOMPARE(m_link->watched, QStringList{QStringLiteral("a|b")});
        m_connection->setSeries({QStringLiteral("b")});
        QCOMPARE(m_link->watched.size(), 2);
        m_connection->setSeries({QStringLiteral("b")}); // the same
        QCOMPARE(m_link->watched.size(), 2);
        m_link->goDown(QStringLiteral("gone"));
        m_link->comeUp();
        QCOMPARE(m_link->watched.last(), QStringLiteral("b"));
    }

    void answersEveryQuestion()
    {
        QObject context;
        QStringList told;
        const auto done = [&](const Result<QJsonValue> &answer) {
            told.append(answer ? answer->toString() : answer.error().message);
        };
        m_connection->ask(QStringLiteral("x"), {}, &context, done);
        QTRY_COMPARE(told.size(), 1); // not connected
        QVERIFY(told.first().contains(QStringLiteral("here")));
        m_connection->start();
        m_link->comeUp();
        QJsonObject progress;
        const qint64 first = m_connection->ask(QStringLiteral("x"), {}, &context, done,
                                               [&](const QJsonObject &object) { progress = object; });
        Q_EMIT m_link->progressed(first, {{QStringLiteral("n"), 1}});
        QCOMPARE(progress[QLatin1String("n")].toInt(), 1);
        Q_EMIT m_link->finished(first, QStringLiteral("good"));
        QCOMPARE(told.last(), QStringLiteral("good"));
        Q_EMIT m_link->finished(first, QStringLiteral("again")); // once
        QCOMPARE(told.size(), 2);
        auto gone = std::make_unique<QObject>();
        const qint64 second = m_connection->ask(QStringLiteral("y"), {}, gone.get(), done);
        gone.reset();
        Q_EMIT m_link->refused(second, {Error::Kind::Refused, QStringLiteral("no"), false});
        QCOMPARE(told.size(), 2); // nobody is there to be told
    }

    // The sentence at the foot of the window.
    void saysHowItIs()
    {
        HealthBook health;
        std::vector<PairRow> pairs(4);
        const UtcTime now = *parseUtcTime(u"2026-11-20T10:05:00Z");
        for (PairRow &pair : pairs)
            pair.state = StreamState::Live;
        const auto line = [&](EngineConnection::State state) {
            return statusLine(
                {.connection = state, .last_seen = now - 14s, .pairs = pairs, .health = health, .now = now});
        };
        using State = EngineConnection::State;
        QCOMPARE(line(State::Connected).verdict, Verdict::Well);
        QCOMPARE(line(State::Connected).text, QStringLiteral("all 4 pairs live · nothing lost so far"));
        pairs[1].state = StreamState::Quiet; // proven to be well, and not live all the same
        pairs[2].state = StreamState::Ended;
        QCOMPARE(line(State::Connected).verdict, Verdict::Well);
        QCOMPARE(line(State::Connected).text,
                 QStringLiteral("2 pairs live, 1 without trades now · nothing lost so far"));
        pairs[1].state = pairs[2].state = StreamState::Live;
        QCOMPARE(line(State::Lost).verdict, Verdict::Away);
        QVERIFY(line(State::Lost).text.contains(QStringLiteral("last seen 10:04:46")));
        QCOMPARE(line(State::Connecting).verdict, Verdict::Waiting);

        pairs[0].state = StreamState::Stale;
        pairs[0].since = now - 3min;
        pairs[0].is_major = true;
        health.apply(
            {{QStringLiteral("database"),
              QJsonObject{{QStringLiteral("database"),
                           QJsonObject{{QStringLiteral("trouble"), QStringLiteral("refused")},
                                       {QStringLiteral("trouble_since"), QStringLiteral("2026-11-20T10:02:00Z")},
                                       {QStringLiteral("spool"),
                                        QJsonObject{{QStringLiteral("waiting_bytes"), 41'000'000}}}}}}},
             {QStringLiteral("history"),
              QJsonObject{{QStringLiteral("x"), QJsonObject{{QStringLiteral("gaps_open"), 11}}}}}},
            true);
        QCOMPARE(line(State::Connected).verdict, Verdict::Trouble);
        QCOMPARE(line(State::Connected).text,
                 QStringLiteral("1/4 pairs stale since 10:02 (1 of 1 majors) · database unreachable for 3 min · "
                                "41 MB spooled · repairing 11 gaps · nothing lost so far"));
        pairs.clear();
        HealthBook nothing;
        QCOMPARE(statusLine({.connection = State::Connected, .pairs = pairs, .health = nothing, .now = now}).verdict,
                 Verdict::Waiting);
    }

private:
    HandLink *m_link = nullptr;
    int m_opened = 0;
    std::unique_ptr<EngineConnection> m_connection;
};

TK_TEST(ConnectionTest, connection);
#include "tst_connection.moc"
