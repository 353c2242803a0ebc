// Reads one lane: in order for who delivers it, by time for who delivers it again, and in step with what is confirmed
// to count what waits. Remembers where it is, so that reading on never reads anything twice. Thread-safe; works on the
// disk without the catalog's lock.
#pragma once

#include "store/spool/catalog.h"

namespace tk::store {

class LaneReader
{
public:
    LaneReader(Catalog *catalog, Lane lane)
        : m_catalog(catalog)
        , m_lane(lane)
    {}

    Result<std::vector<SpoolEntry>> read(quint64 after, qint64 maxBytes);
    void acknowledge(quint64 seq);
    quint64 before(UtcTime since);

private:
    // A place within a segment; the record there was looked at and not yet used.
    struct Cursor
    {
        SegmentPtr segment;
        std::unique_ptr<SegmentReader> reader{};
        std::optional<record::Found> ahead{};
        bool gone = false; // the file was removed
    };

    // All three give an errno where a file cannot be opened: then the cursor holds nothing, and the next call begins
    // anew.
    int openAt(Cursor &cursor, const SegmentPtr &segment, quint64 seq);
    int toNextSegment(Cursor &cursor, bool &found);
    int lookAhead(Cursor &cursor, bool &found); // in this segment and those behind it
    bool lookAheadHere(Cursor &cursor);         // false: no record is left in this segment for now

    Catalog *m_catalog;
    Lane m_lane;
    std::mutex m_readMutex; // guards the next two
    Cursor m_read;
    quint64 m_readUpTo = 0;
    std::mutex m_countMutex; // guards m_count
    Cursor m_count;          // where the entries begin that wait
};

} // namespace tk::store
