// From the text of a frame to a line for the database, in memory: ours against what a Qt programmer writes first.
#include "exchange/binance_usdm/adapter.h"
#include "feed/record_builder.h"
#include "feed/stream_table.h"
#include "feed/symbol_index.h"
#include "kline_frames.h"
#include "measure.h"
#include "store/line_protocol.h"
#include "support/test_registry.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace tk::bench {

namespace {

const UtcTime first = fromMs(1'795'132'800'000);

// Every frame parsed, checked, looked up, made a record, and written as a line.
QByteArray ours(const KlineFrames &frames)
{
    const auto adapter = exchange::binance::makeAdapter();
    feed::StreamTable table({}, exchange::CandleFacts{.trade_counts = true});
    feed::SymbolIndex symbols;
    feed::RecordBuilder records({});
    for (const exchange::Instrument &instrument : frames.instruments()) {
        auto spec = adapter->streamFor(instrument, StreamKind::Candles, Timeframe::M3);
        const StreamKey key = spec->key;
        const feed::StreamId id = table.add(std::move(spec).value(), MonotonicTime{}, first);
        symbols.streamsOf(instrument.symbol).slot(key) = id;
        records.track(id, table.at(id), first + std::chrono::minutes(4));
    }
    exchange::ParsedFrame parsed;
    RecordBatch batch;
    QByteArray lines;
    lines.reserve(qsizetype(frames.size()) * 200);
    for (size_t i = 0; i < frames.size(); ++i) {
        if (!adapter->parse(frames.at(i), parsed))
            return {};
        for (const exchange::MarketEvent &event : parsed.events) {
            const feed::StreamId id = symbols.find(event);
            records.event(id, table.at(id), event, event.event_time, milliseconds(0), batch);
        }
        if (batch.candles.size() < 512 && i + 1 < frames.size())
            continue;
        for (const CandleBatch &candles : batch.candles)
            store::appendLines(candles, lines);
        batch.candles.clear();
        (void)records.takeClosed();
    }
    return lines;
}

// The same thirteen fields through QJsonDocument.
QByteArray withQJsonDocument(const KlineFrames &frames)
{
    QByteArray lines;
    lines.reserve(qsizetype(frames.size()) * 200);
    for (size_t i = 0; i < frames.size(); ++i) {
        const std::string_view text = frames.at(i);
        const QJsonObject event = QJsonDocument::fromJson(QByteArray::fromRawData(text.data(), qsizetype(text.size())))
                                      .object()
                                      .value(QLatin1String("data"))
                                      .toObject();
        const QJsonObject k = event.value(QLatin1String("k")).toObject();
        const qint64 eventTime = event.value(QLatin1String("E")).toInteger();
        const qint64 lastTrade = k.value(QLatin1String("L")).toInteger();
        if (!k.value(QLatin1String("x")).toBool() || eventTime == 0 || lastTrade == 0)
            continue;
        const auto decimal = [&k](QLatin1String name) { return k.value(name).toString().toLatin1(); };
        const QByteArray symbol = event.value(QLatin1String("s")).toString().toLatin1();
        lines += "ohlcv_" + k.value(QLatin1String("i")).toString().toLatin1() +
                 ",exchange=binance-usdm,pair=" + symbol.left(symbol.size() - 4) +
                 "/USDT:USDT open=" + decimal(QLatin1String("o")) + ",high=" + decimal(QLatin1String("h")) +
                 ",low=" + decimal(QLatin1String("l")) + ",close=" + decimal(QLatin1String("c")) +
                 ",volume=" + decimal(QLatin1String("v")) + ",quote_volume=" + decimal(QLatin1String("q")) +
                 ",trades=" + QByteArray::number(k.value(QLatin1String("n")).toInteger()) + ",source=\"live\" " +
                 QByteArray::number(k.value(QLatin1String("t")).toInteger()) + '\n';
    }
    return lines;
}

} // namespace

class BenchParse : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void bothSayTheSame()
    {
        const KlineFrames frames(50, 1000, KlineFrames::Closed::Always, first);
        const QByteArray lines = ours(frames);
        QCOMPARE(lines.count('\n'), qsizetype(1000));
        QCOMPARE(lines, withQJsonDocument(frames));
    }

    void eightTimesQJsonDocument()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        const KlineFrames frames(164, 60'000, KlineFrames::Closed::Always, first);
        std::vector<double> ratios;
        std::vector<double> own;
        for (int round = 0; round < 9; ++round) {
            const double mine = cpuOf([&] { (void)ours(frames); });
            const double theirs = cpuOf([&] { (void)withQJsonDocument(frames); });
            ratios.push_back(theirs / mine);
            own.push_back(mine * 1e9 / double(frames.size()));
        }
        judge({QStringLiteral("parse-encode-frame"), Demand::Bound::ReportOnly, 0, QStringLiteral(" ns")}, own);
        QVERIFY(judge({QStringLiteral("parse-encode-vs-qjsondocument"), Demand::Bound::AtLeast, 8, QStringLiteral("x")},
                      ratios));
    }
};

} // namespace tk::bench

using tk::bench::BenchParse;
TK_TEST(BenchParse, parse);
#include "tst_parse.moc"
