// What the engine knows of a database behind a spool: which candles and minutes of mark price are taken (safe on our
// disk), and which the database has confirmed. Kept in memory as runs, and in a small file over restarts. Thread-safe.
#pragma once

#include "market/stream_span.h"
#include "store/point_line.h"
#include "store/run_set.h"
#include "store/store.h"

#include <QHash>
#include <QMutex>

#include <deque>
#include <memory>
#include <vector>

namespace tk::store {

class StoredIndex final : public StoreIndex
{
public:
    // What is known of one stream: candles of a series, the mark prices of a pair, its funding rates, its ticks by the
    // hour.
    struct Known
    {
        StreamKey stream;
        std::vector<TimeSpan> confirmed;
        std::vector<TimeSpan> predicted{}; // minutes that have a predicted rate; of funding rates alone
        bool predicted_only = false;       // nothing else has changed since the last time
        UtcTime newest_settled_funding{};  // 0: none
    };

    void load(const std::vector<Known> &known); // at start, before anybody asks
    std::vector<Known> takeChanges();           // what is to be written down since the last call
    void changeAll();                           // all of it is to be written down: the file is another one

    void taken(Lane lane, QByteArrayView lines);     // they are safe in the spool
    void confirmed(Lane lane, QByteArrayView lines); // the database has said 2xx
    void gone(Lane lane, QByteArrayView lines);      // removed from the spool without being stored: nobody has them
    // What was taken and is not confirmed, of the streams that a lane carries: it is on its way no more. Gives it.
    std::vector<StreamSpan> dropUnconfirmed(Lane lane);
    void learned(const StreamKey &stream, const std::vector<TimeSpan> &present); // found in the database
    void lost(const StreamKey &stream, TimeSpan span); // the database does not have it any more
    void learnedPredicted(const StreamKey &stream, const std::vector<TimeSpan> &present);
    void lostPredicted(const StreamKey &stream, TimeSpan span);

    // The newest few candles of a series stay at hand with their values.
    void remember(const SeriesKey &series, const Candle &candle);
    std::optional<Candle> remembered(const SeriesKey &series, UtcTime open) const;

    // Confirmed opens of the span; for the audit.
    std::vector<TimeSpan> confirmedWithin(const StreamKey &stream, TimeSpan span) const;
    qint64 confirmedCount(const StreamKey &stream, TimeSpan span) const;
    std::vector<TimeSpan> predictedWithin(const StreamKey &stream, TimeSpan span) const;
    bool isEmpty() const;                    // nothing was ever confirmed
    std::optional<UtcTime> earliest() const; // of all that is confirmed
    std::vector<StreamKey> streams() const;

    Result<std::optional<UtcTime>> firstTime(const SeriesKey &series) override;
    Result<std::vector<TimeSpan>> holes(const SeriesKey &series, TimeSpan span) override;
    Result<std::vector<TimeSpan>> markHoles(const QString &exchange, const QString &pair, TimeSpan span) override;
    Result<std::vector<TimeSpan>> markCandleHoles(const SeriesKey &series, TimeSpan span) override;
    Result<bool> isConfirmed(const StreamKey &stream, TimeSpan span) override;
    Result<std::vector<Candle>> knownCandles(const SeriesKey &series, TimeSpan span) override;
    Result<std::vector<SeriesSummary>> candleSeries() override;
    Result<std::optional<UtcTime>> newestSettledFunding(const QString &exchange, const QString &pair) override;

private:
    struct Series
    {
        explicit Series(const StreamKey &key)
            : stream(key)
            , taken(gridOf(key))
            , confirmed(gridOf(key))
        {}
        StreamKey stream;
        RunSet taken; // what is confirmed included
        RunSet confirmed;
        RunSet predicted{Timeframe::M1};
        UtcTime newest_settled_funding{};
        std::deque<Candle> recent; // ascending
        bool changed = false;
        bool predicted_changed = false; // every minute, where the settled rates change three times a day
    };

    Series *of(const PointLine &point); // nothing for what is no stream
    Series &of(const StreamKey &stream);
    const Series *find(const StreamKey &stream) const;
    template <typename F>
    void eachPoint(Lane lane, QByteArrayView lines, F &&take);

    mutable QMutex m_mutex;
    std::vector<std::unique_ptr<Series>> m_series;
    QHash<StreamKey, Series *> m_ofStream;
    QHash<QByteArray, Series *> m_ofHead; // measurement and tags as lines have them
};

} // namespace tk::store
