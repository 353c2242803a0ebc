// From the socket to the store's batch: our whole feed service against a bare QWebSocket that only counts. The same
// stream, batched, so that the receiver is the limit.
#include "base/clock.h"
#include "blast_server.h"
#include "exchange/binance_usdm/adapter.h"
#include "feed/feed_service.h"
#include "kline_frames.h"
#include "measure.h"
#include "net/websocket_codec.h"
#include "support/exchange/certificates.h"
#include "support/test_registry.h"

#include <QEventLoop>
#include <QSslCertificate>
#include <QTemporaryDir>
#include <QWebSocket>

namespace tk::bench {

namespace {

constexpr int contracts = 90; // with their mark prices they fill one connection
constexpr int framesInText = 20'000;
constexpr int patience = 60'000;

struct Stream
{
    BlastServer::Load load;
    std::vector<exchange::Instrument> instruments;
    quint64 frames = 0;
};

Stream makeStream(int repeats)
{
    const UtcTime open = candleOpen(Timeframe::M3, SystemClock().utcNow());
    const KlineFrames frames(contracts, framesInText, KlineFrames::Closed::Never, open);
    Stream stream;
    for (size_t i = 0; i < frames.size(); ++i) {
        const std::string_view text = frames.at(i);
        stream.load.frames += net::encodeFrame(net::Opcode::Text, {text.data(), qsizetype(text.size())}, std::nullopt);
    }
    stream.load.repeats = repeats;
    const QByteArray last = klineFrame(frames.instruments().front().symbol, open, true, 7);
    stream.load.last = net::encodeFrame(net::Opcode::Text, last, std::nullopt);
    stream.instruments = frames.instruments();
    stream.frames = quint64(frames.size()) * quint64(repeats) + 1;
    return stream;
}

QUrl urlOf(const BlastServer &server, bool tls)
{
    return QUrl(
        QStringLiteral("%1://127.0.0.1:%2").arg(tls ? QStringLiteral("wss") : QStringLiteral("ws")).arg(server.port()));
}

QSslConfiguration trusting(const QList<QSslCertificate> &authority)
{
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setCaCertificates(authority);
    return configuration;
}

// Runs until the last frame came; false when it did not.
bool runUntil(QEventLoop &loop)
{
    bool inTime = true;
    QTimer::singleShot(patience, &loop, [&] {
        inTime = false;
        loop.quit();
    });
    loop.exec();
    return inTime;
}

std::optional<double> countedByQWebSocket(const Stream &stream, const std::optional<sim::Certificates> &tls,
                                          const QList<QSslCertificate> &authority)
{
    BlastServer server(stream.load, tls ? std::optional(tls->configuration(sim::CertificateKind::Good)) : std::nullopt);
    QWebSocket socket;
    if (tls)
        socket.setSslConfiguration(trusting(authority));
    QEventLoop loop;
    quint64 frames = 0;
    QObject::connect(&socket, &QWebSocket::textMessageReceived, &socket, [&](const QString &) {
        if (++frames == stream.frames)
            loop.quit();
    });
    bool inTime = false;
    const double cpu = cpuOf([&] {
        socket.open(urlOf(server, tls.has_value()));
        inTime = runUntil(loop);
    });
    socket.abort();
    return inTime ? std::optional(cpu * 1e9 / double(stream.frames)) : std::nullopt;
}

std::optional<double> takenByTheFeed(const Stream &stream, const std::optional<sim::Certificates> &tls,
                                     const QList<QSslCertificate> &authority)
{
    BlastServer server(stream.load, tls ? std::optional(tls->configuration(sim::CertificateKind::Good)) : std::nullopt);
    feed::FeedSettings settings;
    settings.ws_url = urlOf(server, tls.has_value());
    settings.kinds = {StreamKind::Candles};
    settings.timeframes = {Timeframe::M3};
    if (tls)
        settings.tls = trusting(authority);
    QEventLoop loop;
    size_t candles = 0;
    feed::FeedService service(
        settings, exchange::binance::makeAdapter(), std::make_shared<SystemClock>(),
        [&](RecordBatch &&batch) {
            candles += batch.candles.size();
            loop.quit(); // the one closed candle is the last frame
            return true;
        },
        [] {});
    quint64 frames = 0;
    QObject::connect(&service, &feed::FeedService::snapshotReady, &service,
                     [&](const std::shared_ptr<const feed::FeedSnapshot> &snapshot) { frames = snapshot->frames; });
    bool inTime = false;
    const double cpu = cpuOf([&] {
        if (!service.start())
            return;
        service.setInstruments(stream.instruments, {});
        inTime = runUntil(loop);
    });
    service.stop(); // tells a last snapshot
    if (!inTime || candles != 1 || frames != stream.frames)
        return {};
    return cpu * 1e9 / double(stream.frames);
}

} // namespace

class BenchSocket : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void toTheStoresBatch_data()
    {
        QTest::addColumn<bool>("tls");
        QTest::addColumn<double>("demanded");
        QTest::newRow("ws") << false << 0.4;
        QTest::newRow("wss") << true << 0.5;
    }
    void toTheStoresBatch()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        QFETCH(bool, tls);
        QFETCH(double, demanded);
        const QTemporaryDir folder;
        std::optional<sim::Certificates> certificates;
        QList<QSslCertificate> authority;
        if (tls) {
            certificates = sim::Certificates::load(folder.path()).value();
            authority = QSslCertificate::fromPath(certificates->authorityFile());
        }
        const Stream stream = makeStream(50); // a million frames
        std::vector<double> ratios;
        std::vector<double> bare;
        std::vector<double> ours;
        for (int round = 0; round < 5; ++round) {
            const auto counted = countedByQWebSocket(stream, certificates, authority);
            const auto taken = takenByTheFeed(stream, certificates, authority);
            QVERIFY2(counted && taken, counted ? "the feed did not get every frame" : "QWebSocket did not");
            bare.push_back(*counted);
            ours.push_back(*taken);
            ratios.push_back(*counted / *taken);
        }
        const QString scheme = tls ? QStringLiteral("wss") : QStringLiteral("ws");
        judge({scheme + QStringLiteral("-bare-qwebsocket-frame"), Demand::Bound::ReportOnly, 0, QStringLiteral(" ns")},
              bare);
        judge({scheme + QStringLiteral("-feed-frame"), Demand::Bound::ReportOnly, 0, QStringLiteral(" ns")}, ours);
        QVERIFY(judge({scheme + QStringLiteral("-bare-vs-feed"), Demand::Bound::AtLeast, demanded, {}}, ratios));
    }
};

} // namespace tk::bench

using tk::bench::BenchSocket;
TK_TEST(BenchSocket, socket);
#include "tst_socket.moc"
