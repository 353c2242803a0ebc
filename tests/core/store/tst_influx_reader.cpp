// Everything that is written is read back: through a real InfluxDB 1.x, whole and page by page.
#include "net/http_client.h"
#include "store/influx/influx_reader.h"
#include "store/line_protocol.h"
#include "store/point_line.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include "base/gzip.h"

#include <QSet>
#include <QTest>

#include <random>

namespace tk::store::influx {

using namespace std::chrono_literals;
using test::InfluxServer;

namespace {

constexpr UtcTime t0 = fromMs(1'795'132'800'000); // 2026-11-20

DecimalText decimal(const char *text)
{
    return *DecimalText::from(text);
}

Candle candle(Timeframe timeframe, int n)
{
    Candle candle;
    candle.open_time = t0;
    for (int i = 0; i < n; ++i)
        candle.open_time = nextCandleOpen(timeframe, candle.open_time);
    candle.open = decimal("42000.10");
    candle.high = decimal("98765.4321");
    candle.low = decimal("0.00001234");
    candle.close = *DecimalText::from(std::to_string(40000 + n));
    candle.volume = decimal("123456789.123");
    candle.quote_volume = decimal("5");
    candle.trades = n;
    candle.source = n % 2 ? CandleSource::Repair : CandleSource::Live;
    return candle;
}

CandleBatch batch(const QString &pair, Timeframe timeframe, int from, int to)
{
    CandleBatch batch{{QStringLiteral("binance-usdm"), pair, timeframe}, {}};
    for (int i = from; i < to; ++i)
        batch.candles.push_back(candle(timeframe, i));
    return batch;
}

} // namespace

class TestInfluxReader : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase() { m_server.reset(); }
    void answersForWhatIsNotThere();
    void readsCandlesBack();
    void readsLongSpansPageByPage();
    void leavesOutWhatCannotBe();
    void findsHoles();
    void summarisesSeries();
    void foreignPointsAreNoEdges();
    void readsFundingBack();
    void readsMarksBack();
    void takesAnyName();
    void countsTicks();
    void countsDays();
    void tellsWhyItCannotRead();

private:
    InfluxReader reader(const QString &database = QStringLiteral("market_data"))
    {
        return {m_server->settings(database), [] { return t0 + 400 * 24h; }};
    }
    void write(const QByteArray &lines, Lane lane = Lane::Candles)
    {
        const config::InfluxSettings settings = m_server->settings();
        GzipCompressor gzip;
        const net::HttpAnswer answer =
            m_http.send(writeCall(Api::V1, settings, isInNanoseconds(lane), gzip.compress(lines)));
        QVERIFY2(answer.status == 204, answer.body.constData());
    }
    template <typename T>
    void writeLines(const T &records)
    {
        QByteArray lines;
        appendLines(records, lines);
        write(lines);
    }

    std::unique_ptr<InfluxServer> m_server;
    net::BlockingHttpClient m_http{{}};
};

void TestInfluxReader::initTestCase()
{
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
    m_server = std::make_unique<InfluxServer>();
    QVERIFY(m_server->start());
    m_server->query("CREATE DATABASE \"market_data\"");
}

void TestInfluxReader::answersForWhatIsNotThere()
{
    for (const QString &database : {QStringLiteral("market_data"), QStringLiteral("nowhere")}) {
        InfluxReader reader = this->reader(database);
        const SeriesKey series{QStringLiteral("x"), QStringLiteral("y"), Timeframe::M5};
        QVERIFY(reader.candles(series, {t0, t0 + 1h}, {})->empty());
        QVERIFY(!reader.firstTime(series)->has_value());
        QCOMPARE(reader.holes(series, {t0, t0 + 1h}).value(), (std::vector<TimeSpan>{{t0, t0 + 1h}}));
        QVERIFY(reader.fundingNow({})->empty());
        QVERIFY(reader.marksNow({})->empty());
        QCOMPARE(reader.tickCount(series.exchange, series.pair, QStringLiteral("trades"), {t0, t0 + 1h}).value(), 0);
    }
}

void TestInfluxReader::readsCandlesBack()
{
    const CandleBatch written = batch(QStringLiteral("BTC/USDT:USDT"), Timeframe::M3, 0, 50);
    writeLines(written);
    writeLines(batch(QStringLiteral("牛/USDT:USDT"), Timeframe::M3, 0, 3)); // names are no ASCII everywhere
    InfluxReader reader = this->reader();
    const auto all = reader.candles(written.series, {fromMs(0), fromMs(std::numeric_limits<qint64>::max() / 2)}, {});
    QVERIFY2(all, all ? "" : qPrintable(all.error().message));
    QCOMPARE(all->size(), 50u);
    for (size_t i = 0; i < 50; ++i) {
        QVERIFY(sameValues((*all)[i], written.candles[i]));
        QCOMPARE((*all)[i].source, written.candles[i].source);
    }
    const auto newest = reader.candles(written.series, {t0, t0 + 24h}, 7);
    QCOMPARE(newest->size(), 7u);
    QCOMPARE(newest->front().open_time, written.candles[43].open_time);
    QCOMPARE(newest->back().open_time, written.candles[49].open_time);
    const auto part = reader.candles(written.series, {t0 + 3min, t0 + 9min}, {});
    QCOMPARE(part->size(), 2u);
    QCOMPARE(
        reader.candles({written.series.exchange, QStringLiteral("牛/USDT:USDT"), Timeframe::M3}, {t0, t0 + 1h}, {})
            ->size(),
        3u);
    QCOMPARE(reader.firstTime(written.series).value(), std::optional(t0));
    QCOMPARE(reader.lastTime(written.series).value(), std::optional<UtcTime>(t0 + 49 * 3min));
}

void TestInfluxReader::readsLongSpansPageByPage()
{
    const CandleBatch written = batch(QStringLiteral("LONG/USDT:USDT"), Timeframe::M1, 0, 41'000);
    writeLines(written);
    InfluxReader reader = this->reader();
    const auto all = reader.candles(written.series, {t0, t0 + 365 * 24h}, {});
    QVERIFY2(all, all ? "" : qPrintable(all.error().message));
    QCOMPARE(all->size(), written.candles.size());
    const auto newest = reader.candles(written.series, {t0, t0 + 365 * 24h}, 30'000);
    QVERIFY(newest);
    QCOMPARE(newest->size(), 30'000u);
    QCOMPARE(newest->front().open_time, written.candles[11'000].open_time);
    for (size_t i = 1; i < newest->size(); ++i)
        QVERIFY((*newest)[i - 1].open_time < (*newest)[i].open_time);
    QVERIFY(reader.holes(written.series, {t0, t0 + 41'000 * 1min})->empty());
}

// Another program's, or a bad disk's: never handed out, told, and as good as missing.
void TestInfluxReader::leavesOutWhatCannotBe()
{
    CandleBatch written = batch(QStringLiteral("BAD/USDT:USDT"), Timeframe::M5, 0, 10);
    written.candles[3].high = decimal("1");
    written.candles[6].volume = decimal("-1");
    QByteArray lines;
    appendLines(written, lines);
    write(lines);
    InfluxReader reader = this->reader();
    const TimeSpan span{t0, t0 + 50min};
    const auto found = reader.candles(written.series, span, {});
    QVERIFY(found);
    QCOMPARE(found->size(), size_t(8));
    const ImpossibleRows bad = reader.takeImpossible();
    QCOMPARE(bad.count(), 2);
    QCOMPARE(bad.rows()[0].open, t0 + 15min);
    QCOMPARE(reader.holes(written.series, span).value(),
             (std::vector<TimeSpan>{{t0 + 15min, t0 + 20min}, {t0 + 30min, t0 + 35min}}));
    const auto impossible = reader.impossibleIn(QStringLiteral("ohlcv_5m"), span);
    QVERIFY(impossible);
    QCOMPARE(impossible->size(), size_t(2));
    QCOMPARE((*impossible)[1].open, t0 + 30min);
    QCOMPARE((*impossible)[1].stream.pair, QStringLiteral("BAD/USDT:USDT"));
}

void TestInfluxReader::findsHoles()
{
    const QString pair = QStringLiteral("HOLES/USDT:USDT");
    writeLines(batch(pair, Timeframe::M3, 0, 10));
    writeLines(batch(pair, Timeframe::M3, 12, 20));
    InfluxReader reader = this->reader();
    const auto holes = reader.holes({QStringLiteral("binance-usdm"), pair, Timeframe::M3}, {t0, t0 + 25 * 3min});
    QVERIFY(holes);
    QCOMPARE(*holes, (std::vector<TimeSpan>{{t0 + 10 * 3min, t0 + 12 * 3min}, {t0 + 20 * 3min, t0 + 25 * 3min}}));
}

void TestInfluxReader::summarisesSeries()
{
    writeLines(batch(QStringLiteral("BTC/USDT:USDT"), Timeframe::Mo1, 0, 2));
    InfluxReader reader = this->reader();
    const auto all = reader.candleSeries();
    QVERIFY2(all, all ? "" : qPrintable(all.error().message));
    const auto found = std::ranges::find(
        *all, SeriesKey{QStringLiteral("binance-usdm"), QStringLiteral("HOLES/USDT:USDT"), Timeframe::M3},
        &SeriesSummary::series);
    QVERIFY(found != all->end());
    QCOMPARE(found->count, 18);
    QCOMPARE(found->first, t0);
    QCOMPARE(found->last, t0 + 19 * 3min);
    QVERIFY(std::ranges::any_of(*all, [](const SeriesSummary &one) { return one.series.timeframe == Timeframe::Mo1; }));
    const auto edges = reader.candleEdges();
    QVERIFY2(edges, edges ? "" : qPrintable(edges.error().message));
    QCOMPARE(edges->size(), all->size());
    for (const SeriesSummary &summary : *all) {
        const auto edge = std::ranges::find(*edges, summary.series, &SeriesEdge::series);
        QVERIFY(edge != edges->end());
        QCOMPARE(edge->first, summary.first);
        QCOMPARE(edge->last, summary.last);
    }
}

// Another program wrote into our measurement: what is no candle begins no series and ends none.
void TestInfluxReader::foreignPointsAreNoEdges()
{
    const CandleBatch ours = batch(QStringLiteral("FOREIGN/USDT:USDT"), Timeframe::M15, 0, 10);
    writeLines(ours);
    const auto point = [](const char *pair, const char *fields, UtcTime time) {
        return QByteArray("ohlcv_15m,exchange=binance-usdm,pair=") + pair + ' ' + fields + ' ' +
               QByteArray::number(toMs(time)) + '\n';
    };
    write(point("FOREIGN/USDT:USDT", "close=5", t0 - 30 * 24h) +
          point("FOREIGN/USDT:USDT", "close=5,open=5,high=5,low=5,volume=5", t0 + 10 * 24h + 7s) +
          point("NOTHING/USDT:USDT", "close=5", t0));
    InfluxReader reader = this->reader();
    const auto all = reader.candleSeries();
    QVERIFY2(all, all ? "" : qPrintable(all.error().message));
    const auto found = std::ranges::find(*all, ours.series, &SeriesSummary::series);
    QVERIFY(found != all->end());
    QCOMPARE(found->first, t0);
    QCOMPARE(found->last, t0 + 9 * 15min);
    QVERIFY(std::ranges::none_of(
        *all, [](const SeriesSummary &one) { return one.series.pair == QLatin1String("NOTHING/USDT:USDT"); }));
}

void TestInfluxReader::readsFundingBack()
{
    QByteArray lines;
    const QString exchange = QStringLiteral("binance-usdm");
    const QString pair = QStringLiteral("BTC/USDT:USDT");
    for (int i = 0; i < 3; ++i)
        appendLine(FundingPoint{exchange, pair, t0 + i * 8h, decimal(i == 2 ? "-0.0001" : "0.0001"), {}}, lines);
    appendLine(FundingPoint{exchange, pair, t0 + 17h, decimal("0.003"), {}, {}, true}, lines);
    appendLine(FundingPoint{exchange, pair, t0 + 18h, {}, decimal("0.00012"), t0 + 24h}, lines);
    write(lines);
    InfluxReader reader = this->reader();
    const auto now = reader.fundingNow(pair);
    QVERIFY2(now, now ? "" : qPrintable(now.error().message));
    QCOMPARE(now->size(), 1u);
    QVERIFY(now->front().settled && now->front().predicted);
    QCOMPARE(now->front().settled->time, t0 + 17h);
    QVERIFY(now->front().settled->special);
    QVERIFY(sameValue(now->front().predicted->predicted_rate, decimal("0.00012")));
    QVERIFY(now->front().predicted->rate.isEmpty());
    QCOMPARE(now->front().predicted->next_funding, t0 + 24h); // what `query funding-rate` shows
    const auto history = reader.fundingHistory(exchange, pair, {t0, t0 + 24h});
    QCOMPARE(history->size(), 4u);
    QVERIFY(sameValue((*history)[2].rate, decimal("-0.0001")));
    QCOMPARE(reader.newestSettledFunding(exchange, pair).value(), std::optional<UtcTime>(t0 + 17h));
}

void TestInfluxReader::readsMarksBack()
{
    QByteArray lines;
    const QString exchange = QStringLiteral("binance-usdm");
    const QString pair = QStringLiteral("BTC/USDT:USDT");
    for (int i = 0; i < 5; ++i) {
        if (i != 3)
            appendLine(MarkPoint{exchange, pair, t0 + i * 1min + 7s, decimal("42000.5"), decimal("42001")}, lines);
    }
    appendLine(MarkPoint{exchange, QStringLiteral("ETH/USDT:USDT"), t0, decimal("2000"), {}}, lines);
    write(lines);
    InfluxReader reader = this->reader();
    const auto now = reader.marksNow({});
    QVERIFY(now);
    QCOMPARE(now->size(), 2u);
    QCOMPARE(now->front().pair, pair);
    QCOMPARE(now->front().time, t0 + 4min + 7s);
    QVERIFY(sameValue(now->front().index_price, decimal("42001")));
    QVERIFY(now->back().index_price.isEmpty());
    QCOMPARE(reader.markHistory(exchange, pair, {t0, t0 + 1h})->size(), 4u);
    QCOMPARE(reader.markHoles(exchange, pair, {t0, t0 + 5min}).value(),
             (std::vector<TimeSpan>{{t0 + 3min, t0 + 4min}}));
}

// What an exchange may call a pair one day: the server parses every line, and keeps each name as we read it back.
void TestInfluxReader::takesAnyName()
{
    std::mt19937 random(3);
    const QString alphabet = QStringLiteral("aZ09 ,=\\\"'#_/:-.\n\r\t牛é\U0001F980{}[]$%&");
    QSet<QString> expected;
    QByteArray lines;
    const QString exchange = QStringLiteral("odd names");
    for (int i = 0; i < 500; ++i) {
        QString name;
        const int length = std::uniform_int_distribution<int>(1, 12)(random);
        for (int c = 0; c < length; ++c)
            name += alphabet.at(std::uniform_int_distribution<qsizetype>(0, alphabet.size() - 1)(random));
        appendLine(MarkPoint{exchange, name, t0, decimal("1.5"), {}}, lines);
    }
    eachLine(lines, [&](QByteArrayView line) { expected.insert(tagText(readPointLine(line)->pair)); });
    write(lines);
    QSet<QString> found;
    InfluxReader reader = this->reader();
    const auto marks = reader.marksNow({});
    QVERIFY2(marks, marks ? "" : qPrintable(marks.error().message));
    for (const MarkPoint &mark : *marks) {
        if (mark.exchange == exchange)
            found.insert(mark.pair);
    }
    for (const QString &name : expected - found)
        qWarning().noquote() << "not found:" << name;
    for (const QString &name : found - expected)
        qWarning().noquote() << "not expected:" << name;
    QCOMPARE(found, expected);
    // And a question about one of them is about that one.
    for (const QString &name : std::as_const(expected))
        QCOMPARE(reader.markHistory(exchange, name, {t0, t0 + 1s})->size(), 1u);
}

void TestInfluxReader::countsTicks()
{
    QByteArray lines;
    const QString exchange = QStringLiteral("binance-usdm");
    const QString pair = QStringLiteral("BTC/USDT:USDT");
    // Many trades of one millisecond are many points; the same trade told twice is one.
    for (const qint64 id : {1'000'001, 1'000'002, 1'000'003, 1'000'003})
        appendLine(TickPoint{exchange, pair, QStringLiteral("trades"), t0, id, "{\"p\":\"1.5\",\"s\":\"a\\\\b\"}"},
                   lines);
    write(lines, Lane::Ticks);
    QCOMPARE(reader().tickCount(exchange, pair, QStringLiteral("trades"), {t0, t0 + 1s}).value(), 3);
    const test::PointMap points = m_server->points();
    const QString key = QStringLiteral("trades,exchange=binance-usdm,pair=BTC/USDT:USDT|1795132800000000001");
    QVERIFY(points.contains(key));
    QCOMPARE(points.at(key).at(QStringLiteral("payload")), QStringLiteral("{\"p\":\"1.5\",\"s\":\"a\\\\b\"}"));
}

void TestInfluxReader::countsDays()
{
    InfluxReader reader = this->reader();
    const auto counts = reader.countsPerDay(QStringLiteral("ohlcv_1m"), {t0, t0 + 3 * 24h});
    QVERIFY2(counts, counts ? "" : qPrintable(counts.error().message));
    QCOMPARE(counts->size(), 3u);
    QCOMPARE(counts->front().begin, t0);
    QCOMPARE(counts->front().points, 1440);
    QCOMPARE(counts->front().stream.pair, QStringLiteral("LONG/USDT:USDT"));
}

void TestInfluxReader::tellsWhyItCannotRead()
{
    config::InfluxSettings nobody = m_server->settings();
    nobody.url.setPort(1);
    InfluxReader lost(nobody, [] { return t0; });
    const auto refused = lost.candleSeries();
    QVERIFY(!refused);
    QVERIFY(refused.error().retryable);
    QVERIFY(refused.error().message.contains(QLatin1String("127.0.0.1:1")));

    m_server->freeze();
    config::InfluxSettings slow = m_server->settings();
    slow.timeout = 300ms;
    slow.api = QStringLiteral("v1");
    InfluxReader waiting(slow, [] { return t0; });
    const auto late = waiting.marksNow({});
    m_server->thaw();
    QVERIFY(!late);
    QCOMPARE(late.error().kind, Error::Kind::Timeout);
}

TK_TEST(TestInfluxReader, influx_reader);

} // namespace tk::store::influx

#include "tst_influx_reader.moc"
