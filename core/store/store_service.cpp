#include "store/store_service.h"

#include "base/logging.h"
#include "store/given_up.h"

#include <QRandomGenerator>

namespace tk::store {

namespace {

constexpr milliseconds tickEvery{250};
constexpr milliseconds snapshotEvery{1'000};
constexpr milliseconds retentionEvery{3'600'000};
constexpr milliseconds tellEvery{60'000};
constexpr size_t waitingLimit = 4096;                 // batches held here beside the queue while the store refuses
constexpr std::chrono::milliseconds stopGrace{1'200}; // of real time, within the grace that the host gives

} // namespace

StoreService::StoreService(std::shared_ptr<StoreFactory> store, std::shared_ptr<Queue> queue, milliseconds retention,
                           std::shared_ptr<const Clock> clock, std::function<void()> beat)
    : m_store(std::move(store))
    , m_queue(std::move(queue))
    , m_retention(retention)
    , m_clock(std::move(clock))
    , m_beat(std::move(beat))
    , m_backoff(milliseconds(250), milliseconds(30'000), QRandomGenerator::global()->generate64())
{
    connect(&m_tick, &QTimer::timeout, this, &StoreService::tick);
}

StoreService::~StoreService()
{
    m_queue->setWakeUp({});
}

Status StoreService::start()
{
    auto writer = m_store->openWriter();
    if (!writer) {
        return writer.error();
    }
    m_writer = std::move(writer).value();
    m_queue->setWakeUp([this] { QMetaObject::invokeMethod(this, &StoreService::drain, Qt::QueuedConnection); });
    m_tick.setInterval(m_clock->timerDelay(tickEvery));
    m_tick.start();
    drain();
    return ok();
}

void StoreService::stop()
{
    if (!std::exchange(m_stopping, true))
        m_stopBy = QDeadlineTimer(stopGrace);
    m_queue->setWakeUp({});
    m_retryAt = {};
    drain();
    if (m_writer && m_waiting.empty()) {
        if (const Status status = m_writer->sync(); !status)
            qCWarning(lcStore).noquote() << status.error().message;
        m_tick.stop();
        sendSnapshot();
        Q_EMIT stopped();
        return;
    }
    if (!m_writer) {
        m_tick.stop();
        Q_EMIT stopped();
    }
    // Otherwise the ticks go on trying for a while.
}

// What nobody has any more is said, and told to who writes down what is missing.
void StoreService::giveUp()
{
    for (RecordBatch &batch : m_queue->takeAll())
        m_waiting.push_back(std::move(batch));
    const GivenUp lost = givenUp(m_waiting);
    qCCritical(lcStore).noquote() << "records are given up, as the store did not take them before the end:"
                                  << m_state.trouble << logField(u"records", QString::number(lost.records))
                                  << logField(u"from", isoText(lost.span.from))
                                  << logField(u"to", isoText(lost.span.to))
                                  << logField(u"streams", QString::number(lost.spans.size()));
    m_waiting.clear();
    Q_EMIT gaveUp(lost.spans, m_state.trouble);
}

void StoreService::drain()
{
    if (!m_writer || m_clock->now() < m_retryAt)
        return;
    if (m_waiting.size() < waitingLimit) {
        for (RecordBatch &batch : m_queue->takeAll())
            m_waiting.push_back(std::move(batch));
    }
    if (!m_waiting.empty())
        write();
}

bool StoreService::write()
{
    const MonotonicTime begun = m_clock->now();
    const auto outcome = m_writer->write(m_waiting);
    const MonotonicTime now = m_clock->now();
    if (!outcome) {
        m_retryAt = now + m_backoff.next();
        troubled(outcome.error());
        return false;
    }
    works();
    const UtcTime utc = m_clock->utcNow();
    m_state.last_write = std::chrono::duration_cast<milliseconds>(now - begun);
    m_state.last_stored = utc;
    m_state.corrected += quint64(outcome->corrected);
    m_unsynced = true;
    std::vector<quint64> tickets;
    std::vector<milliseconds> latencies;
    if (!outcome->confirmed) { // who confirms counts, and gives the tickets back
        m_waiting.clear();
        return true;
    }
    for (const RecordBatch &batch : m_waiting) {
        for (const CandleBatch &candles : batch.candles)
            m_state.stored_candles += candles.candles.size();
        m_state.stored_funding += batch.funding.size();
        m_state.stored_marks += batch.marks.size();
        m_state.stored_ticks += batch.ticks.size();
        if (batch.ticket != 0)
            tickets.push_back(batch.ticket);
        if (toMs(batch.newest_event) != 0)
            latencies.push_back(utc - batch.newest_event);
    }
    m_waiting.clear();
    if (!tickets.empty())
        Q_EMIT stored(tickets);
    if (!latencies.empty())
        Q_EMIT latencyMeasured(latencies);
    return true;
}

void StoreService::troubled(const Error &error)
{
    ++m_state.errors;
    if (m_state.trouble.isEmpty())
        m_state.trouble_since = m_clock->utcNow();
    const bool news = m_state.trouble != error.message;
    m_state.trouble = error.message;
    Q_EMIT writeFailed(error.retryable ? QStringLiteral("retryable") : QStringLiteral("refused"));
    const MonotonicTime now = m_clock->now();
    if (news || now >= m_toldAt) {
        m_toldAt = now + tellEvery;
        qCCritical(lcStore).noquote() << "the store does not take records:" << m_state.trouble
                                      << logField(u"batches_waiting", QString::number(m_waiting.size()));
    }
}

void StoreService::works()
{
    if (m_state.trouble.isEmpty())
        return;
    qCInfo(lcStore).noquote() << "the store works again"
                              << logField(u"after", ageText(m_clock->utcNow() - m_state.trouble_since));
    m_state.trouble.clear();
    m_backoff.reset();
}

// The files themselves, also while nothing is written: what is gone shall be known within seconds.
void StoreService::lookAfter()
{
    const bool waiting = !m_waiting.empty(); // the next write will tell whether it works
    if (const Status status = m_writer->lookAfter(); !status)
        troubled(status.error());
    else if (!waiting)
        works();
}

void StoreService::tick()
{
    m_beat();
    drain();
    const MonotonicTime now = m_clock->now();
    if (m_stopping && !m_waiting.empty() && m_stopBy.hasExpired())
        giveUp();
    if (m_stopping && m_waiting.empty()) {
        stop();
        return;
    }
    if (m_retention.count() > 0 && now >= m_retentionAt) {
        m_retentionAt = now + retentionEvery;
        const auto removed = m_writer->removeBefore(m_clock->utcNow() - m_retention);
        if (!removed)
            qCWarning(lcStore).noquote() << "old records could not be removed:" << removed.error().message;
        else if (*removed > 0)
            qCInfo(lcStore).noquote() << "removed records beyond the retention"
                                      << logField(u"records", QString::number(*removed));
    }
    if (now >= m_snapshotAt) {
        m_snapshotAt = now + snapshotEvery;
        lookAfter();
        // Once a second, so that a power cut costs little; kill -9 costs nothing that was written.
        if (std::exchange(m_unsynced, false)) {
            if (const Status status = m_writer->sync(); !status)
                qCWarning(lcStore).noquote() << status.error().message;
        }
        sendSnapshot();
    }
}

void StoreService::sendSnapshot()
{
    m_state.at = m_clock->utcNow();
    m_state.waiting = m_waiting.size() + m_queue->counts().waiting;
    Q_EMIT snapshotReady(std::make_shared<const StoreSnapshot>(m_state));
}

} // namespace tk::store
