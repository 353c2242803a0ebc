// Lines taken to a database while the caller waits: troubles that pass, and those that do not.
#include "store/influx/direct_writer.h"
#include "support/influx/fake_influx.h"
#include "support/influx/point_map.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::store::influx {

using namespace std::chrono_literals;

namespace {

QByteArray lines(int count)
{
    const UtcTime start = SystemClock().utcNow() - 30 * 24h;
    QByteArray text;
    for (int i = 0; i < count; ++i)
        text += "mark_price,exchange=x,pair=y price=" + QByteArray::number(i) + ' ' +
                QByteArray::number(toMs(start + i * 1h)) + '\n';
    return text;
}

net::HttpResponse answer(int status, const QByteArray &body)
{
    net::HttpResponse response;
    response.status = status;
    response.body = body;
    return response;
}

} // namespace

class TestDirectWriter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void deliversThroughPassingTrouble()
    {
        test::FakeInflux server(Api::V2);
        DirectWriter writer = of(server);
        QVERIFY(writer.connect());
        server.answerNextWrites({answer(503, "{\"message\":\"busy\"}"), answer(413, "{\"message\":\"too large\"}")});
        check(server, writer, 200);
    }

    void cutsWeeksAndSizes()
    {
        test::FakeInflux server(Api::V3);
        server.setLargestBody(4'000);
        DirectWriter writer = of(server);
        check(server, writer, 600);
        QVERIFY(server.writes() >= 5); // 25 days touch at least four weeks, and a week is too large
    }

    void endsWhereNobodyAnswers()
    {
        auto server = std::make_unique<test::FakeInflux>(Api::V2);
        DirectWriter writer = of(*server);
        QVERIFY(writer.connect());
        server.reset();
        const auto written = writer.write(Lane::Marks, lines(1), noneRefused);
        QVERIFY(!written);
        QVERIFY(written.error().kind == Error::Kind::Network);
    }

    void tellsWhoIsNotAllowed()
    {
        test::FakeInflux server(Api::V2);
        DirectWriter writer = of(server);
        QVERIFY(writer.connect());
        server.setToken("another");
        const auto written = writer.write(Lane::Marks, lines(1), noneRefused);
        QVERIFY(!written);
        QVERIFY(written.error().kind == Error::Kind::Refused);
        QVERIFY(written.error().message.contains(QStringLiteral("look at the token")));
    }

    void endsWhenItIsTold()
    {
        test::FakeInflux server(Api::V2);
        const std::atomic<bool> stop{true};
        DirectWriter writer({.settings = server.settings()}, std::make_shared<SystemClock>(), &stop);
        const Status connected = writer.connect();
        QVERIFY(!connected);
        QVERIFY(connected.error().kind == Error::Kind::Cancelled);
    }

private:
    static void noneRefused(const Isolation::Refused &refused) { QFAIL(refused.line.constData()); }

    static DirectWriter of(const test::FakeInflux &server)
    {
        return {{.settings = server.settings(), .patience = 500ms}, std::make_shared<SystemClock>()};
    }

    static void check(test::FakeInflux &server, DirectWriter &writer, int count)
    {
        const QByteArray text = lines(count);
        const auto written = writer.write(Lane::Marks, text, noneRefused);
        QVERIFY2(written, written ? "" : qPrintable(written.error().message));
        QCOMPARE(*written, count);
        test::PointMap expected;
        test::addLines(expected, Lane::Marks, text);
        QCOMPARE(test::difference(expected, test::pointsOf(server)), QString());
    }
};

TK_TEST(TestDirectWriter, direct_writer);

} // namespace tk::store::influx

#include "tst_direct_writer.moc"
