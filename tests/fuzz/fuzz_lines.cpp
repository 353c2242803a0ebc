// Line protocol both ways: any name that an exchange may think of gives one line, which is read back as what it was;
// and any bytes at all are either one of our lines or nothing.
#include "fuzz_target.h"

#include "store/line_protocol.h"
#include "store/point_line.h"

using namespace tk;
using namespace tk::store;

namespace {

void check(const QByteArray &lines, const QString &exchange, const QString &pair, Lane lane, UtcTime time)
{
    FUZZ_CHECK(lines.count('\n') == 1 && lines.endsWith('\n'));
    const auto point = readPointLine(QByteArrayView(lines).chopped(1));
    if (!point)
        std::fprintf(stderr, "not read back: %s", lines.constData());
    FUZZ_CHECK(point.has_value());
    FUZZ_CHECK(point->exchange == tagValue(exchange));
    FUZZ_CHECK(point->pair == tagValue(pair));
    FUZZ_CHECK(stampTime(lane, point->stamp) == time);
    // What had to be replaced is replaced for good: the name that comes back goes out as the same tag.
    FUZZ_CHECK(tagValue(tagText(point->pair)) == tagValue(pair));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    if (const auto point = readPointLine(bytes)) {
        FUZZ_CHECK(!point->measurement.isEmpty() && !point->fields.isEmpty());
        FUZZ_CHECK(point->head.size() + point->fields.size() < bytes.size());
        static_cast<void>(point->stream());
        static_cast<void>(point->hasField("rate"));
    }
    static_cast<void>(coveredSpans(Lane::Candles, bytes));

    const QString pair = QString::fromUtf8(bytes.left(bytes.size() / 2));
    const QString exchange = QString::fromUtf8(bytes.mid(bytes.size() / 2));
    const UtcTime time = fromMs(1'795'132'800'000 + qint64(size));
    const DecimalText number = *DecimalText::from("1.50");
    QByteArray mark;
    appendLine(MarkPoint{exchange, pair, time, number, {}}, mark);
    check(mark, exchange, pair, Lane::Marks, time);
    QByteArray funding;
    appendLine(FundingPoint{.exchange = exchange, .pair = pair, .time = time, .rate = number, .predicted_rate = {}},
               funding);
    check(funding, exchange, pair, Lane::Candles, time);
    QByteArray tick;
    appendLine(TickPoint{exchange, pair, QStringLiteral("trades"), time, qint64(size), bytes}, tick);
    check(tick, exchange, pair, Lane::Ticks, time);
    Candle candle;
    candle.open_time = time;
    candle.open = candle.high = candle.low = candle.close = candle.volume = number;
    QByteArray candles;
    appendLines(CandleBatch{{exchange, pair, Timeframe::M3}, {candle}}, candles);
    check(candles, exchange, pair, Lane::Candles, time);
    return 0;
}
