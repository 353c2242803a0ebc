#include "link/live_state.h"
#include "link/protocol.h"
#include "support/test_registry.h"

#include <QJsonArray>

using namespace tk;
using namespace tk::link;

class ProtocolTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void requestsGoRound()
    {
        const Request request{7, QStringLiteral("backfill"), {{QStringLiteral("pairs"), QStringLiteral("BTC ✓")}}};
        const QByteArray line = encode(request);
        QVERIFY(line.endsWith('\n') && line.count('\n') == 1);
        const auto parsed = parseRequest(line.trimmed());
        QVERIFY(parsed);
        QCOMPARE(parsed->id, 7);
        QCOMPARE(parsed->command, request.command);
        QCOMPARE(parsed->args, request.args);
        QVERIFY(parseRequest("{\"id\":1,\"command\":\"status\"}")); // args may be left out
    }

    void badRequests_data()
    {
        QTest::addColumn<QByteArray>("line");
        for (const char *line :
             {"", "hello", "[1]", "{\"id\":1}", "{\"command\":\"x\"}", "{\"id\":\"1\",\"command\":\"x\"}",
              "{\"id\":-1,\"command\":\"x\"}", "{\"id\":1,\"command\":\"x\",\"args\":[]}", "{\"id\":1",
              "{\"id\":1,\"command\":\"\xff\"}"})
            QTest::newRow(line) << QByteArray(line);
    }
    void badRequests()
    {
        QFETCH(QByteArray, line);
        const auto parsed = parseRequest(line);
        QVERIFY(!parsed);
        QVERIFY(parsed.error().kind == Error::Kind::Parse);
    }

    void messagesGoRound()
    {
        const auto round = [](const Message &message) { return parseMessage(encode(message).trimmed()).value(); };
        QCOMPARE(std::get<Hello>(round(Hello{1, QStringLiteral("0.1.0"), 42})).pid, 42);
        QCOMPARE(std::get<Answer>(round(Answer{3, QJsonArray{1, 2}})).result.toArray().size(), 2);
        QCOMPARE(std::get<Answer>(round(Answer{3, QJsonValue()})).id, 3); // null is a result
        QCOMPARE(std::get<Progress>(round(Progress{3, {{QStringLiteral("done"), 5}}})).progress.size(), 1);
        const auto refusal =
            std::get<Refusal>(round(Refusal{9, Error{Error::Kind::Storage, QStringLiteral("disk full"), true}}));
        QCOMPARE(*refusal.id, 9);
        QVERIFY(refusal.error.kind == Error::Kind::Storage && refusal.error.retryable);
        QCOMPARE(refusal.error.message, QStringLiteral("disk full"));
        QVERIFY(!std::get<Refusal>(round(Refusal{{}, Error{}})).id);
        QVERIFY(std::holds_alternative<Snapshot>(round(Snapshot{})));
        QVERIFY(std::holds_alternative<Changes>(round(Changes{})));
        QVERIFY(!parseMessage("{\"what\":1}"));
    }

    void linesAreCut()
    {
        LineReader reader(10);
        reader.append("ab\ncd");
        QCOMPARE(reader.next().value().value(), QByteArray("ab"));
        QVERIFY(!reader.next().value());
        reader.append("ef\n\nx\n");
        QCOMPARE(reader.next().value().value(), QByteArray("cdef"));
        QCOMPARE(reader.next().value().value(), QByteArray());
        QCOMPARE(reader.next().value().value(), QByteArray("x"));
        QVERIFY(!reader.next().value());
        reader.append("0123456789\n");
        QCOMPARE(reader.next().value().value().size(), 10);
        reader.append("0123456789a");
        QVERIFY(!reader.next());
    }

    void theStateKnowsItsChanges()
    {
        LiveState state;
        const QString streams = QStringLiteral("streams");
        const QJsonObject live{{QStringLiteral("state"), QStringLiteral("live")}};
        const QJsonObject stale{{QStringLiteral("state"), QStringLiteral("stale")}};
        state.set(streams, QStringLiteral("a"), stale);
        state.set(streams, QStringLiteral("a"), live);
        state.set(streams, QStringLiteral("b"), live);
        QJsonObject mirror;
        apply(state.takeChanges(), mirror);
        QCOMPARE(mirror, state.snapshot());
        QVERIFY(!state.hasChanges());
        state.set(streams, QStringLiteral("a"), live);
        QVERIFY(!state.hasChanges()); // equal is no change
        state.remove(streams, QStringLiteral("b"));
        state.remove(streams, QStringLiteral("never was"));
        const QJsonObject changes = state.takeChanges();
        QVERIFY(changes[streams].toObject()[QLatin1String("b")].isNull());
        QCOMPARE(changes[streams].toObject().size(), 1);
        apply(changes, mirror);
        QCOMPARE(mirror, state.snapshot());
    }
};

TK_TEST(ProtocolTest, protocol);
#include "tst_protocol.moc"
