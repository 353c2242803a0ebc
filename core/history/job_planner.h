// From what is wanted to jobs for the queue: in windows that cost the least, with their rank, and not before they can
// be answered. Asks nobody and changes nothing. History thread.
#pragma once

#include "exchange/adapter.h"
#include "history/exchange_clock.h"
#include "history/gap_keeper.h"
#include "history/history_settings.h"
#include "history/instrument_book.h"
#include "history/job_queue.h"
#include "market/quiet_probe.h"

#include <optional>
#include <vector>

namespace tk::history {

class JobPlanner
{
public:
    struct Sources // they outlive it
    {
        const exchange::ExchangeAdapter &adapter;
        const InstrumentBook &instruments;
        const HistorySettings &settings;
        const ExchangeClock &time;
        const Clock &clock;
    };

    struct Purpose // of a request for candles
    {
        Urgency urgency = Urgency::Fill;
        CandleSource source = CandleSource::History;
        quint64 backfill = 0;
        bool values = false;
    };

    explicit JobPlanner(Sources sources);

    // Nothing from before the listing and nothing that the store keeps no longer is asked for.
    std::vector<Job> candles(const exchange::Instrument &instrument, Timeframe timeframe, std::vector<TimeSpan> holes,
                             const Purpose &purpose) const;
    // What a gap of another stream needs: minutes of mark price, settled rates, candles of the mark price.
    std::vector<Job> repair(const GapKeeper::Need &need, const exchange::Instrument &instrument) const;
    std::vector<Job> markCandles(const exchange::Instrument &instrument, const std::vector<TimeSpan> &holes) const;
    // From the newest settled rate on; nothing where none can have been settled since.
    std::optional<Job> funding(const exchange::Instrument &instrument, std::optional<UtcTime> newestStored) const;
    Job justSettled(const exchange::Instrument &instrument) const; // its rate is listed some seconds after its time
    Job reread(const exchange::Instrument &instrument, const SeriesSpan &closed) const;
    Job probe(const exchange::Instrument &instrument, const QuietProbe &probe) const;
    // A request whose cost tells how to ask for the rest; nothing where all were listed this moment.
    std::optional<Job> learning(const std::vector<exchange::Instrument> &wanted) const;

    // What to ask for a job that is sent now.
    exchange::RestRequest requestFor(const Job &job) const;

private:
    Job jobFor(Job::Kind kind, Urgency urgency, const exchange::Instrument &instrument) const;

    Sources m_from;
};

} // namespace tk::history
