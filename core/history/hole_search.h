// Which candles of a series the store lacks, and what they are: never collected, missed, or lost. Asks the index and
// the ledger, never a network. History thread.
#pragma once

#include "history/exchange_clock.h"
#include "history/gap_keeper.h"
#include "history/history_settings.h"
#include "history/instrument_book.h"
#include "history/reach.h"
#include "history/run_notes.h"
#include "store/store.h"

namespace tk::history {

class HoleSearch
{
public:
    struct Holes // of one series
    {
        std::vector<TimeSpan> never_collected;
        std::vector<Gap> missed;
    };

    struct Audit // of the whole store
    {
        size_t series = 0;
        int holed = 0; // of these
        qint64 missing = 0;
        std::vector<Gap> gaps;
    };

    struct Sources // they outlive it
    {
        store::StoreIndex &index;
        GapKeeper &gaps;
        RunNotes &runs;
        const Reach &reach;
        const InstrumentBook &instruments;
        const HistorySettings &settings;
        const ExchangeClock &time;
        const Clock &clock;
    };

    HoleSearch(QString exchange, Sources sources);

    // What the store lacks of a span of candles, without that which the exchange is known not to have.
    Result<std::vector<TimeSpan>> lacks(const SeriesKey &series, TimeSpan span);

    // From where the series is wanted to its newest closed candle. `lossOf`: why the store is being refilled, if it is.
    Result<Holes> holesOf(const exchange::Instrument &instrument, Timeframe timeframe, const QString &lossOf = {});

    // Candles of the mark price, as far back as any candles of the pair: who pays funding in a backtest needs the price
    // at each settlement.
    std::vector<TimeSpan> markCandleHoles(const exchange::Instrument &instrument);

    // Every series in the store between its ends, also of pairs that are no longer collected.
    Result<Audit> searchAll();

private:
    UtcTime wantedFrom(const exchange::Instrument &instrument, Timeframe timeframe, std::optional<UtcTime> held) const;
    UtcTime oldestKept() const { return m_from.settings.oldestKept(m_from.time.now()); }

    QString m_exchange;
    Sources m_from;
};

} // namespace tk::history
