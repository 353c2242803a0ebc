// What a file holds before a run, and what becomes of one that is damaged.
#include "feather/date_unit.h"
#include "store/posix_file.h"
#include "sync/folder_sync.h"

#include <QFile>
#include <QThread>

namespace tk::sync {

namespace {

// The file system's clock is the real one, whatever clock the records live on.
std::chrono::nanoseconds ageOf(const FileStamp &stamp)
{
    return std::chrono::system_clock::now().time_since_epoch() - std::chrono::nanoseconds(stamp.mtime);
}

} // namespace

// The file as it is, without the rows that cannot be; or a new one.
Result<FolderSync::Held> FolderSync::hold(const FilePlan &plan, const QString &path, const FileStamp &stamp)
{
    const Content kind = plan.file.content;
    if (!stamp.exists()) {
        Held none{{schemaOf(kind, m_layout), 0, {}}, {}, {}};
        none.table.columns.resize(none.table.schema.fields.size());
        return none;
    }
    auto file = loadFile(path);
    if (!file)
        return file.error();
    auto content = m_feather.read(file->bytes);
    if (!content)
        return content.error();
    const auto refused = [](const QString &why) { return Error{Error::Kind::Refused, why}; };
    if (!valueColumns(content->schema, kind))
        return refused(QStringLiteral("its columns are not those of freqtrade's files: %1; left as it is")
                           .arg(strangeColumn(content->schema, kind)));
    if (const Status settled = feather::settleDates(content.value()); !settled)
        return refused(settled.error().message);
    Held held{std::move(content).value(), std::move(file).value(), {}};
    const qint64 rows = held.table.rows;
    held.bad = takeImpossible(held.table, kind, plan.file.timeframe);
    if (2 * qint64(held.bad.times.size()) > rows && rows > 1)
        return refused(held.bad.text() + QStringLiteral(", most of the file: it means something else; left as it is"));
    return held;
}

// A copy of the file, durably, before it loses rows.
Status FolderSync::setAside(const QString &name, const QString &aside) const
{
    if (QFile::exists(m_options.folder + u'/' + aside)) // somebody wrote it meanwhile, and it is looked at again
        return ok();
    if (QFile::copy(m_options.folder + u'/' + name, m_options.folder + u'/' + aside) &&
        store::syncFolder(m_options.folder) == 0)
        return ok();
    return Error{Error::Kind::Storage,
                 QStringLiteral("there is no room to keep the file as it was, so it stays as it is"), true};
}

// Before the file is written without them. Where the store has not all of them, the file as it was is kept.
Status FolderSync::tellImpossible(const ImpossibleInFile &bad, qint64 refilled, FileReport &report) const
{
    if (bad.isEmpty())
        return ok();
    QStringList notes{bad.text()};
    if (const qint64 lost = qint64(bad.times.size()) - refilled; lost == 0) {
        notes.append(QStringLiteral("the store has what belongs there"));
    } else {
        const QString aside = brokenName(report.name, m_now);
        if (const Status kept = setAside(report.name, aside); !kept)
            return Error{kept.error().kind, bad.text() + QStringLiteral("; ") + kept.error().message, true};
        report.state = FileState::Rebuilt;
        notes.append(QStringLiteral("the store does not have %1 of them, and they were taken out: \"tapekeeper "
                                    "backfill\" may fetch them; the file as it was lies beside as %2")
                         .arg(lost)
                         .arg(aside));
    }
    if (!report.note.isEmpty())
        notes.append(report.note);
    report.note = notes.join(QStringLiteral("; "));
    return ok();
}

QString FolderSync::leftOutText(const Rows &ours)
{
    if (ours.left_out == 0)
        return {};
    return QStringLiteral("%1 of the store cannot be and %2 left out, the first at %3")
        .arg(rowsText(ours.left_out), ours.left_out == 1 ? QStringLiteral("is") : QStringLiteral("are"), ours.why_left);
}

// A file that cannot be read: somebody may be writing it in place, as freqtrade does; else it is moved out of the way,
// because freqtrade would overwrite it without a word.
void FolderSync::repair(const Damage &damage, std::chrono::steady_clock::time_point until)
{
    const QString path = m_options.folder + u'/' + damage.name;
    QString reason = damage.reason;
    while (true) {
        const auto stamp = stampOf(path);
        if (!stamp)
            return finish({.name = damage.name, .state = FileState::Failed, .note = stamp.error().message});
        if (!stamp->exists() || !stamp->regular)
            return process(damage.plan, true);
        const auto file = loadFile(path);
        if (file) {
            const auto table = m_feather.read(file->bytes);
            if (table || table.error().kind != Error::Kind::Parse)
                return process(damage.plan, true);
            reason = table.error().message;
        } else {
            reason = file.error().message;
        }
        if (ageOf(*stamp) > m_options.settled_after)
            break;
        if (m_stop || std::chrono::steady_clock::now() >= until)
            return finish(
                {.name = damage.name,
                 .state = FileState::Busy,
                 .note = QStringLiteral("cannot be read (%1), but was written a moment ago; the next run looks "
                                        "again")
                             .arg(reason)});
        QThread::msleep(100);
    }
    const QString aside = brokenName(damage.name, m_now);
    if (!QFile::rename(path, m_options.folder + u'/' + aside) || store::syncFolder(m_options.folder) != 0)
        return finish({.name = damage.name,
                       .state = FileState::Failed,
                       .note = QStringLiteral("cannot be read (%1), and cannot be moved aside").arg(reason)});
    m_receipts.forget(damage.name);
    m_receiptsChanged = true;
    const QString note = QStringLiteral("could not be read (%1) and lies beside as %2 now; written anew with what the "
                                        "store has")
                             .arg(reason, aside);
    const size_t reported = m_reports.size();
    process(damage.plan, true);
    const auto mark = [&](FileReport &report) {
        if (report.state == FileState::Written || report.state == FileState::Unchanged) {
            report.state = FileState::Rebuilt;
            report.note = note;
        }
    };
    for (size_t i = reported; i < m_reports.size(); ++i) {
        if (m_reports[i].name == damage.name)
            mark(m_reports[i]);
    }
    for (Pending &pending : m_pending) {
        if (pending.receipt.name == damage.name)
            mark(pending.report);
    }
}

} // namespace tk::sync
