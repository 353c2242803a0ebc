// Reads the records back from InfluxDB 1.x, 2.x or 3.x. Every call waits for the server, at most for the configured
// timeout. Belongs to one thread.
#pragma once

#include "store/influx/query.h"
#include "store/run_set.h"
#include "store/store.h"

#include <functional>
#include <map>

namespace tk::store::influx {

QString measurementOf(const StreamKey &stream);
QByteArray fieldOf(const StreamKey &stream); // that every point of the stream has

class InfluxReader final : public StoreReader
{
public:
    // `now` bounds every question: a point with a wrong time in the future would hide the newest ones.
    // `stop`, where it is given, ends a call that waits; it must live as long as the reader.
    InfluxReader(config::InfluxSettings settings, std::function<UtcTime()> now,
                 const std::atomic<bool> *stop = nullptr);

    Result<Api> connect(); // finds out which server answers; the other calls do it by themselves

    Result<std::vector<Candle>> candles(const SeriesKey &series, TimeSpan span, std::optional<qint64> limit) override;
    Result<std::optional<UtcTime>> lastTime(const SeriesKey &series) override;
    Result<std::optional<UtcTime>> firstTime(const SeriesKey &series) override;
    Result<std::vector<TimeSpan>> holes(const SeriesKey &series, TimeSpan span) override;
    Result<std::vector<SeriesSummary>> candleSeries() override;
    Result<std::vector<SeriesEdge>> candleEdges() override;
    Result<std::vector<SeriesEdge>> markCandleEdges() override;
    Result<std::vector<FundingState>> fundingNow(std::optional<QString> pair) override;
    Result<std::vector<MarkPoint>> marksNow(std::optional<QString> pair) override;
    Result<std::vector<FundingPoint>> fundingHistory(const QString &exchange, const QString &pair,
                                                     TimeSpan span) override;
    Result<std::optional<UtcTime>> firstMark(const QString &exchange, const QString &pair) override;
    Result<std::vector<MarkPoint>> markHistory(const QString &exchange, const QString &pair, TimeSpan span) override;
    Result<std::vector<TimeSpan>> markCandleHoles(const SeriesKey &series, TimeSpan span) override;
    Result<std::vector<Candle>> markCandles(const SeriesKey &series, TimeSpan span) override;
    Result<qint64> tickCount(const QString &exchange, const QString &pair, const QString &kind, TimeSpan span) override;

    // For the audit: points that have the field, by series and UTC day, or hour; those without any are absent.
    struct Count
    {
        StreamKey stream;
        UtcTime begin;
        qint64 points = 0;
    };
    Result<std::vector<Count>> countsPerDay(const QString &measurement, TimeSpan span);
    Result<std::vector<Count>> counts(const QString &measurement, const QByteArray &field, Timeframe step,
                                      TimeSpan span);
    // The times of one stream's points that have the field; by itself what makes it a point of the stream.
    Result<std::vector<UtcTime>> times(const StreamKey &stream, TimeSpan span, QByteArray field = {});

    // Open times of candles that cannot be, of all series of a candles' measurement: found by the database itself.
    struct Impossible
    {
        StreamKey stream;
        UtcTime open;
    };
    Result<std::vector<Impossible>> impossibleIn(const QString &measurement, TimeSpan span);
    Status removeImpossible(const StreamKey &stream, TimeSpan span, RunSet &from); // they are as good as missing

private:
    using Edges = std::map<std::pair<QString, QString>, SeriesEdge>; // by exchange and pair

    Result<std::vector<SeriesEdge>> edgesOf(StreamKind kind, Timeframe timeframe);
    Status keepToCandles(Timeframe timeframe, Edges &edges);
    Result<std::optional<UtcTime>> firstCandle(const SeriesKey &series);
    Result<std::vector<Row>> ask(const Question &question);
    // Page by page, so that no answer is larger than servers and we care for; ascending.
    Status eachPage(Question question, const std::function<void(const Row &)> &take);
    TimeSpan everything() const;
    Result<std::optional<UtcTime>> edge(const SeriesKey &series, Question::What what);

    config::InfluxSettings m_settings;
    std::function<UtcTime()> m_now;
    const std::atomic<bool> *m_stop;
    net::BlockingHttpClient m_http;
    std::optional<Api> m_api;
};

} // namespace tk::store::influx
