#include "store/embedded/inspection.h"

#include "base/logging.h"
#include "store/embedded/database_file.h"

#include <QFileInfo>

namespace tk::store {

namespace {

constexpr int restPerWork = 50; // a fiftieth of a core and of the disk, however large the file grows

} // namespace

Inspection::Inspection(std::shared_ptr<EmbeddedShared> shared, std::shared_ptr<const Clock> clock, milliseconds every)
    : m_shared(std::move(shared))
    , m_clock(std::move(clock))
    , m_every(every)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &Inspection::inspect);
}

Status Inspection::start()
{
    m_timer.start(m_clock->timerDelay(m_every));
    return ok();
}

void Inspection::stop()
{
    m_timer.stop();
    Q_EMIT stopped();
}

void Inspection::inspect()
{
    const int generation = m_shared->timesOpened;
    const SystemClock real; // what it costs is real, however fast the engine's clock runs
    const MonotonicTime begun = real.now();
    // A file that is not there, or is locked, is the writer's business.
    if (QFileInfo::exists(m_shared->file)) {
        Result<Database> opened =
            Database::open(m_shared->file, Database::Mode::ReadOnly, m_shared->options.busyTimeout);
        if (opened) {
            Database &database = opened.value();
            database.interruptWhen(m_shared->stopping);
            const Result<QString> verdict = quickCheck(database);
            const bool damaged = verdict ? *verdict != QLatin1String("ok") : database.isCorrupt();
            if (damaged && !m_shared->stopping)
                m_shared->foundDamaged(verdict ? *verdict : verdict.error().message, generation);
        }
    }
    const auto took = std::chrono::duration_cast<milliseconds>(real.now() - begun);
    m_timer.start(std::max(m_clock->timerDelay(m_every), restPerWork * took));
}

} // namespace tk::store
