// The spool whose files somebody removed or replaced while it was in use: noticed, told, and begun anew.
#include "base/logging.h"
#include "store/spool/spool_folder.h"

#include <QDateTime>
#include <QDir>
#include <QFileInfo>

namespace tk::store {

QString SpoolFolder::laneFolder(Lane lane) const
{
    return m_options.folder + u'/' + QString::fromLatin1(laneName(lane));
}

// With m_appendMutex held.
bool SpoolFolder::isLaneThere(Lane lane)
{
    const Appender &to = appender(lane);
    return QFileInfo(laneFolder(lane)).isDir() && (!to.writer || to.writer->isNamed(to.segment->file));
}

bool SpoolFolder::isWhole()
{
    // Nobody waits here for a disk: who works with the files just now is looked at another time.
    const std::unique_lock appending(m_appendMutex, std::try_to_lock);
    const std::unique_lock saving(m_positionsMutex, std::try_to_lock);
    if (!appending || !saving)
        return true;
    if (!m_positions.isThere())
        return false;
    return std::ranges::all_of(allLanes, [this](Lane lane) { return isLaneThere(lane); });
}

// Forgets the files of a lane. With m_appendMutex held.
SpoolLoss SpoolFolder::drop(Lane lane)
{
    Appender &to = appender(lane);
    to.writer.reset(); // not sealed: its file has no name any more
    to.segment.reset();
    SpoolLoss loss{.lane = lane};
    const auto lock = m_catalog.lock();
    LaneFiles &files = m_catalog.lane(lane);
    for (const SegmentPtr &segment : files.segments) {
        segment->removed = true;
        if (segment->waiting_entries == 0)
            continue;
        if (loss.waiting_entries == 0)
            loss.oldest_waiting = segment->oldest_waiting;
        loss.waiting_entries += segment->waiting_entries;
    }
    files.segments.clear();
    // Numbers are never used twice: who still holds old ones means nothing else by them.
    files.last_seq = std::max(files.last_seq, to.next_seq - 1);
    files.acknowledged = files.last_seq;
    to.next_seq = files.last_seq + 1;
    m_evictedEntries += quint64(loss.waiting_entries);
    return loss;
}

Result<std::vector<SpoolLoss>> SpoolFolder::mend()
{
    const std::lock_guard appending(m_appendMutex);
    if (const int error = createFolder(m_options.folder))
        return fileError(QStringLiteral("create the spool's folder"), m_options.folder, error);
    std::vector<SpoolLoss> losses;
    for (const Lane lane : allLanes) {
        if (isLaneThere(lane))
            continue;
        const QString folder = laneFolder(lane);
        const QDir there(folder);
        if (there.exists() && !there.isEmpty(QDir::Files | QDir::Hidden)) {
            // Not ours, or not as we knew it. A person may want it.
            const QString aside = QStringLiteral("%1.aside-%2").arg(folder).arg(QDateTime::currentMSecsSinceEpoch());
            if (!QDir().rename(folder, aside))
                return fileError(QStringLiteral("set aside"), folder, EACCES);
            qCWarning(lcStore).noquote() << "spool: what lay in the place of" << folder << "is in" << aside << "now";
        }
        if (const int error = createFolder(folder))
            return fileError(QStringLiteral("create"), folder, error);
        losses.push_back(drop(lane));
    }
    {
        const std::lock_guard saving(m_positionsMutex);
        if (!m_positions.isThere()) {
            const QString file = m_options.folder + QStringLiteral("/positions");
            QFile::remove(file); // another spool's would say other numbers
            PositionFile positions;
            if (const auto opened = positions.open(file); !opened)
                return opened.error();
            m_positions = std::move(positions);
        }
    }
    m_closed = false;
    if (Status saved = savePositions(); !saved)
        return saved.error();
    return losses;
}

} // namespace tk::store
