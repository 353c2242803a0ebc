// The way to an engine: tried for ever, told when it is lost, every question answered once.
#include "monitor/engine_connection.h"
#include "monitor/status_sentence.h"

#include "support/test_registry.h"

#include <QJsonArray>
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

    // The sentence at the foot of the window: the engine's own, and what is known of one that is out of sight.
    void saysHowItIs()
    {
        HealthBook health;
        const UtcTime seen = *parseUtcTime(u"2026-11-20T10:04:46Z");
        const auto line = [&](EngineConnection::State state) {
            return statusLine({.connection = state, .last_seen = seen, .connection_trouble = {}, .health = health});
        };
        using State = EngineConnection::State;
        QCOMPARE(line(State::Connected).verdict, Verdict::Waiting); // and says nothing of what it does not know
        QCOMPARE(line(State::Connecting).verdict, Verdict::Waiting);
        const auto tell = [&](const QJsonValue &verdict) {
            health.apply({{QStringLiteral("engine"),
                           QJsonObject{{QStringLiteral("engine"),
                                        QJsonObject{{QStringLiteral("version"), QStringLiteral("0.1.0")},
                                                    {QStringLiteral("verdict"), verdict}}}}}},
                         true);
        };
        tell(QJsonObject{{QStringLiteral("level"), QStringLiteral("trouble")},
                         {QStringLiteral("text"), QStringLiteral("database away since 10:02")},
                         {QStringLiteral("parts"), QJsonArray{QStringLiteral("in full")}}});
        QCOMPARE(line(State::Connected).verdict, Verdict::Trouble);
        QCOMPARE(line(State::Connected).text, QStringLiteral("database away since 10:02"));
        QCOMPARE(line(State::Connected).parts, QStringList{QStringLiteral("in full")});
        QCOMPARE(line(State::Silent).verdict, Verdict::Away);
        QCOMPARE(line(State::Silent).text, QStringLiteral("the engine does not answer since 10:04:46"));
        QCOMPARE(line(State::Lost).verdict, Verdict::Away);
        QVERIFY(line(State::Lost).text.contains(QStringLiteral("last seen 10:04:46")));
        tell(QJsonValue()); // an older engine
        QCOMPARE(line(State::Connected).verdict, Verdict::Waiting);
        QVERIFY(line(State::Connected).text.contains(QStringLiteral("no verdict")));
    }

    // Connected, and not a word for seconds: what is shown is of the past, and the way is open all the same.
    void silenceIsToldAndEnds()
    {
        QSignalSpy changed(m_connection.get(), &EngineConnection::stateChanged);
        m_connection->start();
        m_link->comeUp();
        Q_EMIT m_link->wentSilent();
        QCOMPARE(m_connection->state(), EngineConnection::State::Silent);
        QVERIFY(!m_connection->isConnected());
        QVERIFY(m_connection->isAway());
        QVERIFY(toMs(m_connection->lastSeen()) != 0);
        Q_EMIT m_link->heardAgain();
        QCOMPARE(m_connection->state(), EngineConnection::State::Connected);
        Q_EMIT m_link->wentSilent();
        m_link->goDown(QStringLiteral("gone"));
        QCOMPARE(m_connection->state(), EngineConnection::State::Lost);
    }

private:
    HandLink *m_link = nullptr;
    int m_opened = 0;
    std::unique_ptr<EngineConnection> m_connection;
};

TK_TEST(ConnectionTest, connection);
#include "tst_connection.moc"
