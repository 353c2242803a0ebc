// What the audit asks a database: how many points there are, and which of them cannot be.
#include "store/influx/influx_reader.h"
#include "store/point_line.h"

namespace tk::store::influx {

namespace {

// Of no exchange and pair.
std::optional<StreamKey> streamOf(const QString &measurement)
{
    const QByteArray name = measurement.toLatin1();
    PointLine line;
    line.measurement = name;
    return line.stream();
}

} // namespace

Result<std::vector<InfluxReader::Count>> InfluxReader::countsPerDay(const QString &measurement, TimeSpan span)
{
    const auto stream = streamOf(measurement);
    return counts(measurement, stream ? fieldOf(*stream) : QByteArray("payload"), Timeframe::D1, span);
}

Result<std::vector<InfluxReader::Count>> InfluxReader::counts(const QString &measurement, const QByteArray &field,
                                                              Timeframe step, TimeSpan span)
{
    const auto stream = streamOf(measurement);
    if (!stream)
        return Error{Error::Kind::Remote, QStringLiteral("%1 is no measurement of ours").arg(measurement)};
    const auto rows = ask({.what = step == Timeframe::D1 ? Question::What::CountPerDay : Question::What::CountPerHour,
                           .measurement = measurement,
                           .fields = {field},
                           .span = span});
    if (!rows)
        return rows.error();
    std::vector<Count> counts;
    for (const Row &row : *rows) {
        StreamKey key = *stream;
        key.exchange = row.exchange;
        key.pair = row.pair;
        counts.push_back({key, row.time, row.values[0].toLongLong()});
    }
    return counts;
}

Result<std::vector<InfluxReader::Impossible>> InfluxReader::impossibleIn(const QString &measurement, TimeSpan span)
{
    const auto stream = streamOf(measurement);
    if (!stream)
        return Error{Error::Kind::Remote, QStringLiteral("%1 is no measurement of ours").arg(measurement)};
    std::vector<Impossible> found;
    const Status read = eachPage({.measurement = measurement, .fields = {"close"}, .span = span, .impossible = true},
                                 [&](const Row &row) {
                                     StreamKey key = *stream;
                                     key.exchange = row.exchange;
                                     key.pair = row.pair;
                                     if (candleOpen(key.timeframe, row.time) == row.time)
                                         found.push_back({key, row.time});
                                 });
    if (!read)
        return read.error();
    return found;
}

Status InfluxReader::removeImpossible(const StreamKey &stream, TimeSpan span, RunSet &from)
{
    const auto bad = impossibleIn(measurementOf(stream), span);
    if (!bad && bad.error().kind == Error::Kind::Remote && !bad.error().retryable)
        return ok(); // it does not understand the question; who reads the candles checks them
    if (!bad)
        return bad.error();
    for (const Impossible &one : *bad) {
        if (one.stream == stream)
            from.remove({one.open, nextCandleOpen(stream.timeframe, one.open)});
    }
    return ok();
}

} // namespace tk::store::influx
