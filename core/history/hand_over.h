// What history has handed to the store and the store has not confirmed yet: by ticket. Pure; history thread.
#pragma once

#include "market/records.h"
#include "market/stream.h"

#include <QHash>

#include <optional>

namespace tk::history {

class HandOver
{
public:
    struct Pending // stored, but not yet confirmed
    {
        StreamKey stream;
        quint64 backfill = 0;
        qint64 records = 0;
        UtcTime oldest{};   // of its candles: so far back the series reaches, once they are stored
        TimeSpan fetched{}; // all that the exchange has of this span of the stream
    };

    // Tickets count up from above `first`: each exchange in a range of its own.
    explicit HandOver(RecordSink sink, quint64 first = 0);

    // False: the store is behind and takes nothing; nobody waits for the batch.
    bool hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched);
    // The store holds it. Nothing: a ticket of somebody else's.
    std::optional<Pending> stored(quint64 ticket);

    bool isEmpty() const { return m_pending.isEmpty(); }
    quint64 batchesStored() const { return m_batchesStored; }

private:
    RecordSink m_sink;
    QHash<quint64, Pending> m_pending; // by ticket
    quint64 m_lastTicket;
    quint64 m_batchesStored = 0;
};

} // namespace tk::history
