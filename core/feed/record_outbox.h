// Records on their way to the store: gathered into batches, and gaps where its full queue does not take them. Feed
// thread.
#pragma once

#include "feed/gap_notes.h"
#include "feed/record_builder.h"

namespace tk::feed {

class RecordOutbox
{
public:
    RecordOutbox(RecordSink sink, GapNotes &gaps);

    RecordBatch &batch() { return m_batch; } // to be added to
    bool isEmpty() const { return m_batch.isEmpty(); }
    bool isFull() const; // so much waits that it should go now

    void flush(UtcTime now);
    quint64 refused() const { return m_refused; } // records, since the start

private:
    void nameRefused(UtcTime now);

    RecordSink m_sink;
    GapNotes &m_gaps;
    RecordBatch m_batch;
    quint64 m_refused = 0;
};

} // namespace tk::feed
