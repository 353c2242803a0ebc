#include "sync/sync_service.h"

#include "base/logging.h"

namespace tk::sync {

SyncService::SyncService(config::SyncSettings settings, std::shared_ptr<store::StoreFactory> store,
                         std::shared_ptr<const Clock> clock, std::shared_ptr<const std::atomic<bool>> stop)
    : m_settings(std::move(settings))
    , m_store(std::move(store))
    , m_clock(std::move(clock))
    , m_stop(std::move(stop))
{
    connect(&m_timer, &QTimer::timeout, this, &SyncService::run);
}

Status SyncService::start()
{
    m_timer.setSingleShot(true); // from the end of a run to the begin of the next
    m_timer.start(m_clock->timerDelay(m_settings.interval));
    return ok();
}

void SyncService::stop()
{
    m_timer.stop();
    Q_EMIT stopped();
}

void SyncService::run()
{
    const auto note = [this](const QString &message) {
        qCWarning(lcSync).noquote() << message;
        Q_EMIT ran(false, message);
    };
    const auto reader = m_store->openReader();
    if (!reader) {
        note(reader.error().message);
    } else {
        SyncRun sync(
            {.settings = m_settings}, *reader.value(), [this] { return m_clock->utcNow(); }, *m_stop,
            [](qint64, qint64, const QString &) {});
        const auto report = sync.run();
        if (!report) {
            note(report.error().message);
        } else {
            for (const SyncReport::Row &row : report->files) {
                if (!row.file.isGood() || !row.file.note.isEmpty())
                    qCWarning(lcSync).noquote() << row.folder + u'/' + row.file.name + QStringLiteral(": ") +
                                                       fileStateName(row.file.state) + QStringLiteral(": ") +
                                                       row.file.note;
            }
            if (report->count(FileState::Written) > 0)
                qCInfo(lcSync).noquote() << report->summary();
            Q_EMIT ran(report->isGood(), report->summary());
        }
    }
    m_timer.start(m_clock->timerDelay(m_settings.interval));
}

} // namespace tk::sync
