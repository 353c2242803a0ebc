// A reader of the embedded store: its own read-only connection, usable beside the writer. Belongs to one thread.
#pragma once

#include "store/embedded/embedded_store.h"
#include "store/embedded/sqlite.h"

namespace tk::store {

class EmbeddedReader final : public StoreReader
{
public:
    explicit EmbeddedReader(std::shared_ptr<EmbeddedShared> shared);
    ~EmbeddedReader() override;

    Status open();

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

private:
    struct Session;
    Status openHeld(); // with the access held
    struct Series
    {
        qint64 id;
        QString exchange;
        QString pair;
        QString measurement;
    };

    // Runs the query; reopens first when the writer has begun a new file, and tells it about damage found.
    template <typename F>
    auto guarded(F &&query) -> decltype(query());
    Result<std::vector<SeriesEdge>> edgesOf(const std::string &prefix);
    Result<std::vector<Candle>> candlesOf(const QString &measurement, const SeriesKey &series, TimeSpan span,
                                          std::optional<qint64> limit);
    Result<std::vector<TimeSpan>> holesOf(const QString &measurement, const SeriesKey &series, TimeSpan span);
    Result<std::optional<qint64>> seriesId(const QString &measurement, const QString &exchange, const QString &pair);
    Result<std::vector<Series>> seriesOf(std::string_view measurementPattern, const std::optional<QString> &pair);
    Result<std::optional<UtcTime>> edgeTime(const SeriesKey &series, Statement &query);
    Result<std::optional<FundingPoint>> newestFunding(const Series &series, Statement &query);

    std::shared_ptr<EmbeddedShared> m_shared;
    std::unique_ptr<Session> m_session;
};

} // namespace tk::store
