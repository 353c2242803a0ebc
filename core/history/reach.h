// How far back the store has held each series, kept in the gap ledger: it must outlive the store, so that what a lost
// one had is known to be missing. History thread.
#pragma once

#include "history/gap_keeper.h"
#include "store/store.h"

#include <QHash>

#include <optional>
#include <vector>

namespace tk::history {

class Reach
{
public:
    Reach(GapKeeper &gaps, store::StoreIndex &index, QString exchange);

    void load();

    std::optional<UtcTime> of(const SeriesKey &series) const; // its oldest candle, ever
    // The store holds it from there on. True: that is further back than was known.
    bool stored(const SeriesKey &series, UtcTime oldest);

    // Looks where each of these begins in the store, and writes all that is known down. What the store removed for its
    // age is not remembered as held.
    void save(const std::vector<SeriesKey> &collected, UtcTime oldestKept);

    // Candles were held by an earlier run, and the store has not one: its file is another one than then.
    bool isStoreEmptied() const;

private:
    GapKeeper *m_gaps;
    store::StoreIndex *m_index;
    QString m_exchange;
    QHash<SeriesKey, UtcTime> m_reach; // also of series that are no longer collected
};

} // namespace tk::history
