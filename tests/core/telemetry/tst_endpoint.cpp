#include "support/manual_clock.h"
#include "support/test_registry.h"
#include "telemetry/endpoint.h"
#include "telemetry/health.h"
#include "telemetry/metrics.h"

#include <QJsonDocument>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSignalSpy>

using namespace tk;
using namespace tk::telemetry;

class EndpointTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_health = std::make_unique<HealthBoard>(m_clock, QStringList{QStringLiteral("store")});
        m_endpoint = std::make_unique<Endpoint>(m_metrics, *m_health);
        QVERIFY(m_endpoint->listen(QHostAddress::LocalHost, 0));
    }
    void cleanup()
    {
        m_endpoint.reset();
        m_health.reset();
    }

    void metrics()
    {
        const auto reply = ask("GET", "/metrics");
        QCOMPARE(status(*reply), 200);
        QCOMPARE(reply->header(QNetworkRequest::ContentTypeHeader).toString(),
                 QStringLiteral("text/plain; version=0.0.4; charset=utf-8"));
        QVERIFY(reply->readAll().contains("\n# TYPE tapekeeper_gaps_open gauge\n"));
    }

    void health()
    {
        QCOMPARE(status(*ask("GET", "/healthz")), 200);
        const auto starting = ask("GET", "/readyz");
        QCOMPARE(status(*starting), 503);
        QCOMPARE(QJsonDocument::fromJson(
                     starting->readAll())[QLatin1String("parts")][QLatin1String("store")][QLatin1String("state")]
                     .toString(),
                 QStringLiteral("starting"));
        m_health->set(QStringLiteral("store"), PartState::Ok);
        QCOMPARE(status(*ask("GET", "/readyz?verbose=1")), 200);
        const HealthBoard::Heartbeat loop = m_health->heartbeat(QStringLiteral("feed"), milliseconds(1000));
        m_clock.advance(milliseconds(2000));
        QCOMPARE(status(*ask("GET", "/healthz")), 503);
    }

    void headGivesNoBody()
    {
        const auto reply = ask("HEAD", "/metrics");
        QCOMPARE(status(*reply), 200);
        QVERIFY(reply->header(QNetworkRequest::ContentLengthHeader).toLongLong() > 100);
        QVERIFY(reply->readAll().isEmpty());
    }

    void nothingElse()
    {
        QCOMPARE(status(*ask("GET", "/")), 404);
        QCOMPARE(status(*ask("GET", "/metrics/")), 404);
        const auto reply = ask("POST", "/metrics");
        QCOMPARE(status(*reply), 405);
        QCOMPARE(reply->rawHeader("Allow"), QByteArray("GET, HEAD"));
    }

    void aTakenPortIsAnError()
    {
        Endpoint second(m_metrics, *m_health);
        const Status listening = second.listen(QHostAddress::LocalHost, m_endpoint->port());
        QVERIFY(!listening);
        QVERIFY(!listening.error().message.isEmpty());
    }

private:
    std::unique_ptr<QNetworkReply> ask(const QByteArray &method, const char *path)
    {
        const QUrl url(QStringLiteral("http://127.0.0.1:%1%2").arg(m_endpoint->port()).arg(QLatin1String(path)));
        std::unique_ptr<QNetworkReply> reply(
            method == "HEAD" ? m_network.head(QNetworkRequest(url)) // as a custom verb Qt would wait for a body
                             : m_network.sendCustomRequest(QNetworkRequest(url), method));
        QSignalSpy finished(reply.get(), &QNetworkReply::finished);
        if (!reply->isFinished() && !finished.wait(5000))
            QTest::qFail("no answer", __FILE__, __LINE__);
        return reply;
    }
    static int status(const QNetworkReply &reply)
    {
        return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    }

    test::ManualClock m_clock;
    Metrics m_metrics;
    std::unique_ptr<HealthBoard> m_health;
    std::unique_ptr<Endpoint> m_endpoint;
    QNetworkAccessManager m_network;
};

TK_TEST(EndpointTest, endpoint);
#include "tst_endpoint.moc"
