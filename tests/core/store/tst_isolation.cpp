// Bad lines among good ones, against servers that answer as each product does: whatever they say, every good line must
// be delivered and every bad one found.
#include "store/influx/isolation.h"
#include "support/test_registry.h"

#include <QSet>
#include <QTest>

#include <functional>
#include <random>

namespace tk::store::influx {

using namespace std::chrono_literals;

namespace {

QByteArray line(int n)
{
    return "ohlcv_3m,exchange=x,pair=P" + QByteArray::number(n) + " close=1." + QByteArray::number(n) +
           " 1795132800000";
}

QByteArray lines(int count)
{
    QByteArray text;
    for (int i = 0; i < count; ++i)
        text += line(i) + '\n';
    return text;
}

// What a server keeps, and how it refuses.
struct Server
{
    QSet<QByteArray> bad{};
    qsizetype largest = 1'000'000;
    bool writes_good_ones = true; // v1 and v3 do, v2 does not where a line cannot be parsed
    bool names_bad_ones = false;
    std::function<bool(const QList<QByteArray> &)> fails{}; // 500
    QSet<QByteArray> kept{};
    int requests = 0;

    Reply take(const QByteArray &body)
    {
        ++requests;
        QList<QByteArray> all = body.split('\n');
        all.removeAll(QByteArray());
        if (body.size() > largest)
            return {.verdict = Verdict::TooLarge, .status = 413, .text = QStringLiteral("too large")};
        if (fails && fails(all))
            return {.verdict = Verdict::ComeAgain, .status = 500, .text = QStringLiteral("internal error")};
        std::vector<QByteArray> refused;
        for (const QByteArray &one : std::as_const(all)) {
            if (bad.contains(one))
                refused.push_back(one);
        }
        for (const QByteArray &one : std::as_const(all)) {
            if (!bad.contains(one) && (refused.empty() || writes_good_ones))
                kept.insert(one);
        }
        if (refused.empty())
            return {.verdict = Verdict::Delivered, .status = 204};
        return {.verdict = Verdict::BadLines,
                .status = 400,
                .text = QStringLiteral("partial write: dropped=0"),
                .bad_lines = names_bad_ones ? refused : std::vector<QByteArray>()};
    }
};

QSet<QByteArray> asSet(const QByteArray &text)
{
    const QList<QByteArray> all = text.split('\n');
    QSet<QByteArray> set(all.begin(), all.end());
    set.remove(QByteArray());
    return set;
}

} // namespace

class TestIsolation : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sendsWholeBodiesWhole();
    void findsBadLines_data();
    void findsBadLines();
    void halvesWhatIsTooLarge();
    void keepsWhatIsTooLargeWithoutAnAnswer();
    void waitsOutAServerThatFails();
    void findsTheLineThatTheServerFailsOn();
    void doesNotBlameLinesForAFailingServer();
    void changesNothingWhereNobodyLooked();

private:
    void run(Isolation &isolation, Server &server, int most = 100'000)
    {
        MonotonicTime now{};
        while (!isolation.isDone()) {
            QVERIFY2(server.requests < most, "does not come to an end");
            now += 10s;
            isolation.answered(server.take(isolation.piece()), now);
        }
    }
};

void TestIsolation::sendsWholeBodiesWhole()
{
    Isolation isolation(lines(1000));
    Server server;
    QCOMPARE(isolation.piece(), lines(1000));
    run(isolation, server);
    QCOMPARE(server.requests, 1);
    QVERIFY(isolation.refused().empty());
    QCOMPARE(isolation.deliveredLines(), lines(1000));
    QVERIFY(Isolation(QByteArray()).isDone());
}

void TestIsolation::findsBadLines_data()
{
    QTest::addColumn<int>("bad");
    QTest::addColumn<bool>("writesGoodOnes");
    QTest::addColumn<bool>("namesBadOnes");
    for (const int bad : {1, 2, 17, 200}) {
        for (const bool writes : {true, false}) {
            for (const bool names : {true, false})
                QTest::addRow("%d bad, %s, %s", bad, writes ? "good ones written" : "nothing written",
                              names ? "named" : "not named")
                    << bad << writes << names;
        }
    }
}

void TestIsolation::findsBadLines()
{
    QFETCH(int, bad);
    QFETCH(bool, writesGoodOnes);
    QFETCH(bool, namesBadOnes);
    std::mt19937 random(quint32(bad) + 1);
    Server server{.writes_good_ones = writesGoodOnes, .names_bad_ones = namesBadOnes};
    while (server.bad.size() < bad)
        server.bad.insert(line(std::uniform_int_distribution<int>(0, 199)(random)));
    Isolation isolation(lines(200));
    run(isolation, server);
    QSet<QByteArray> refused;
    for (const Isolation::Refused &one : isolation.refused()) {
        refused.insert(one.line);
        QCOMPARE(one.reply.status, 400);
        QVERIFY(one.attempts > 0);
    }
    QCOMPARE(refused, server.bad);
    QCOMPARE(isolation.refused().size(), size_t(server.bad.size())); // each once
    QCOMPARE(server.kept, asSet(lines(200)) - server.bad);
    QCOMPARE(asSet(isolation.deliveredLines()), server.kept);
    if (namesBadOnes)
        QVERIFY2(server.requests <= 2, qPrintable(QString::number(server.requests)));
}

void TestIsolation::halvesWhatIsTooLarge()
{
    Isolation isolation(lines(1000));
    Server server{.largest = 5'000};
    run(isolation, server);
    QVERIFY(isolation.refused().empty());
    QCOMPARE(server.kept, asSet(lines(1000)));

    const QByteArray monster = "trades,exchange=x,pair=P payload=\"" + QByteArray(9'000, 'x') + "\" 1";
    Isolation other(lines(10) + monster + '\n');
    Server strict{.largest = 5'000};
    run(other, strict);
    QCOMPARE(other.refused().size(), 1u);
    QCOMPARE(other.refused().front().line, monster);
    QCOMPARE(strict.kept, asSet(lines(10)));
}

void TestIsolation::keepsWhatIsTooLargeWithoutAnAnswer()
{
    Isolation isolation(line(1) + '\n');
    isolation.answered({.verdict = Verdict::TooLarge, .status = 0}, MonotonicTime{} + 1s);
    QVERIFY(!isolation.isDone()); // one line cannot be too large without anybody saying so
    QVERIFY(isolation.refused().empty());
}

void TestIsolation::waitsOutAServerThatFails()
{
    Isolation isolation(lines(100));
    int failures = 200;
    Server server{.fails = [&](const QList<QByteArray> &) { return failures-- > 0; }};
    run(isolation, server);
    QVERIFY(isolation.refused().empty());
    QCOMPARE(server.kept, asSet(lines(100)));
}

void TestIsolation::findsTheLineThatTheServerFailsOn()
{
    for (const int poison : {0, 57, 99}) {
        Isolation isolation(lines(100));
        Server server{.fails = [&](const QList<QByteArray> &all) { return all.contains(line(poison)); }};
        run(isolation, server);
        QCOMPARE(isolation.refused().size(), 1u);
        QCOMPARE(isolation.refused().front().line, line(poison));
        QCOMPARE(server.kept, asSet(lines(100)) - QSet<QByteArray>{line(poison)});
    }
}

void TestIsolation::doesNotBlameLinesForAFailingServer()
{
    // It fails for long, recovers for a few requests, and fails again: whenever that is, no line is given up.
    std::mt19937 random(11);
    for (int round = 0; round < 50; ++round) {
        Isolation isolation(lines(64));
        bool down = true;
        int left = 30;
        Server server{.fails = [&](const QList<QByteArray> &) {
            if (--left <= 0) {
                down = !down;
                left = down ? std::uniform_int_distribution<int>(12, 60)(random)
                            : std::uniform_int_distribution<int>(3, 12)(random);
            }
            return down;
        }};
        run(isolation, server);
        QVERIFY2(isolation.refused().empty(), qPrintable(QString::number(isolation.refused().size())));
        QCOMPARE(server.kept, asSet(lines(64)));
    }
}

void TestIsolation::changesNothingWhereNobodyLooked()
{
    Isolation isolation(lines(10));
    for (const Verdict verdict : {Verdict::WrongPlace, Verdict::NotAllowed, Verdict::ComeAgain}) {
        isolation.answered({.verdict = verdict, .status = verdict == Verdict::ComeAgain ? 0 : 404}, MonotonicTime{});
        QCOMPARE(isolation.piece(), lines(10));
        QVERIFY(isolation.isWhole());
    }
}

TK_TEST(TestIsolation, isolation);

} // namespace tk::store::influx

#include "tst_isolation.moc"
