// A keeper's rig with what looks for holes in its store: the instruments, the notes of runs, how far back each series
// was held, the exchange's clock.
#pragma once

#include "exchange/binance_usdm/adapter.h"
#include "history/hole_search.h"
#include "history/instrument_book.h"
#include "keeper_rig.h"

namespace tk::test {

class SearchRig : public KeeperRig
{
public:
    // `settings` outlive it, and may change.
    explicit SearchRig(const history::HistorySettings &settings)
        : m_settings(settings)
    {
        join();
    }

    // With the ledger and the store of now: after restart() and beginStore(). The instruments stay.
    void join()
    {
        m_runs.emplace(keeper(), venue);
        m_reach.emplace(keeper(), index(), venue);
        m_time.emplace(clock, venue, milliseconds(5'000));
        m_holes.emplace(venue, history::HoleSearch::Sources{index(), keeper(), *m_runs, *m_reach, m_book, m_settings,
                                                            *m_time, clock});
    }

    const exchange::ExchangeAdapter &adapter() const { return *m_adapter; }
    history::InstrumentBook &book() { return m_book; }
    history::RunNotes &runs() { return *m_runs; }
    history::Reach &reach() { return *m_reach; }
    history::ExchangeClock &time() { return *m_time; }
    history::HoleSearch &holes() { return *m_holes; }

private:
    const history::HistorySettings &m_settings;
    std::unique_ptr<exchange::ExchangeAdapter> m_adapter = exchange::binance::makeAdapter();
    history::InstrumentBook m_book{*m_adapter, QString()};
    std::optional<history::RunNotes> m_runs;
    std::optional<history::Reach> m_reach;
    std::optional<history::ExchangeClock> m_time;
    std::optional<history::HoleSearch> m_holes;
};

} // namespace tk::test
