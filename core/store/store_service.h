// The store's thread: takes batches from the bounded queue, writes them in one transaction each round, and says which
// tickets are stored. A store that refuses keeps its batches waiting, in order, and is tried again for ever.
#pragma once

#include "base/backoff.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "market/stream_span.h"
#include "runtime/service.h"
#include "store/store.h"

#include <QDeadlineTimer>
#include <QTimer>

#include <functional>
#include <memory>

namespace tk::store {

struct StoreSnapshot
{
    UtcTime at{};
    quint64 stored_candles = 0;
    quint64 stored_funding = 0;
    quint64 stored_marks = 0;
    quint64 stored_ticks = 0;
    quint64 corrected = 0; // candles replaced by other values
    quint64 errors = 0;
    QString trouble; // why writing does not work; empty when it does
    UtcTime trouble_since{};
    size_t waiting = 0; // batches not yet stored
    milliseconds last_write{0};
    UtcTime last_stored{};
};

class StoreService final : public runtime::Service
{
    Q_OBJECT
public:
    using Queue = BoundedQueue<RecordBatch>;

    StoreService(std::shared_ptr<StoreFactory> store, std::shared_ptr<Queue> queue, milliseconds retention,
                 std::shared_ptr<const Clock> clock, std::function<void()> beat);
    ~StoreService() override;

    Status start() override;
    void stop() override; // after everything waiting is stored, or could not be for a while: then it is given up

Q_SIGNALS:
    void stored(const std::vector<quint64> &tickets);
    void latencyMeasured(const std::vector<tk::milliseconds> &eventToStored); // one per batch of live data
    void writeFailed(const QString &code);
    // The service ends, and the store has not taken these: nobody has them any more.
    void gaveUp(const std::vector<tk::StreamSpan> &spans, const QString &why);
    void snapshotReady(std::shared_ptr<const tk::store::StoreSnapshot> snapshot);

private:
    void drain();
    bool write();
    void giveUp();
    void lookAfter();
    void troubled(const Error &error);
    void works();
    void tick();
    void sendSnapshot();

    std::shared_ptr<StoreFactory> m_store;
    std::shared_ptr<Queue> m_queue;
    milliseconds m_retention;
    std::shared_ptr<const Clock> m_clock;
    std::function<void()> m_beat;
    std::unique_ptr<StoreWriter> m_writer;
    std::vector<RecordBatch> m_waiting; // taken from the queue, not yet stored
    Backoff m_backoff;
    MonotonicTime m_retryAt{};
    MonotonicTime m_snapshotAt{};
    MonotonicTime m_retentionAt{};
    MonotonicTime m_toldAt{};
    bool m_stopping = false;
    QDeadlineTimer m_stopBy; // of real time
    bool m_unsynced = false;
    StoreSnapshot m_state;
    QTimer m_tick;
};

} // namespace tk::store
