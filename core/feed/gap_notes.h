// Which streams have a gap open, so that each trouble is told to the ledger once and its end once. Pure; feed thread.
#pragma once

#include "feed/stream_table.h"
#include "market/gap.h"

#include <utility>
#include <vector>

namespace tk::feed {

class GapNotes
{
public:
    // The stream may be missing data from its last event on; where it never had any, since it was asked for.
    void open(StreamId id, const StreamEntry &entry, const QString &cause, UtcTime now)
    {
        if (m_open.size() <= id)
            m_open.resize(id + 1, false);
        if (m_open[id])
            return;
        m_open[id] = true;
        m_opened.push_back(
            {.stream = entry.spec.key,
             .from = std::min(now, toMs(entry.last_event) != 0 ? entry.last_event : entry.subscribed_utc),
             .cause = cause,
             .opened = now});
    }
    void end(StreamId id, const StreamEntry &entry)
    {
        if (id < m_open.size() && m_open[id]) {
            m_open[id] = false;
            m_ended.push_back(entry.spec.key);
        }
    }
    // A span inside a stream that went on (a lost trade): open and ended at once.
    void add(Gap gap) { m_opened.push_back(std::move(gap)); }

    std::vector<Gap> takeOpened() { return std::exchange(m_opened, {}); }
    std::vector<StreamKey> takeEnded() { return std::exchange(m_ended, {}); }

private:
    std::vector<bool> m_open;
    std::vector<Gap> m_opened;
    std::vector<StreamKey> m_ended;
};

} // namespace tk::feed
