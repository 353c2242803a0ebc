#include "sync/sync_run.h"

#include "sync/store_rows.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace tk::sync {

namespace {

Error noDatadir(const QString &datadir)
{
    return Error{
        Error::Kind::Storage,
        QStringLiteral("there is no folder %1: mount or create it, or name freqtrade's own with [sync] datadir or "
                       "--datadir")
            .arg(datadir),
        true};
}

} // namespace

bool SyncReport::isGood() const
{
    return !stopped && std::ranges::all_of(files, [](const Row &row) { return row.file.isGood(); });
}

qint64 SyncReport::count(FileState state) const
{
    return std::ranges::count_if(files, [&](const Row &row) { return row.file.state == state; });
}

qint64 SyncReport::added() const
{
    qint64 sum = 0;
    for (const Row &row : files)
        sum += row.file.bytes > 0 ? row.file.added : 0;
    return sum;
}

qint64 SyncReport::bytes() const
{
    qint64 sum = 0;
    for (const Row &row : files)
        sum += row.file.bytes;
    return sum;
}

QString SyncReport::summary() const
{
    QString text = QStringLiteral("%1 files: %2 written (%3 rows added, %4 MB), %5 unchanged")
                       .arg(files.size())
                       .arg(count(FileState::Written))
                       .arg(added())
                       .arg(double(bytes()) / 1e6, 0, 'f', 1)
                       .arg(count(FileState::Unchanged));
    for (const FileState state : {FileState::Rebuilt, FileState::Busy, FileState::Refused, FileState::Failed}) {
        if (const qint64 number = count(state))
            text += QStringLiteral(", %1 %2").arg(number).arg(fileStateName(state));
    }
    return stopped ? text + QStringLiteral("; stopped before the end") : text;
}

Result<SyncReport> syncFiles(const SyncOptions &options, const std::vector<FilePlan> &plans, RowSource &source,
                             const std::function<UtcTime()> &now, const std::atomic<bool> &stop,
                             const FolderSync::Progress &progress)
{
    const QString &datadir = options.settings.datadir;
    if (!QFileInfo(datadir).isDir())
        return noDatadir(datadir);
    SyncReport report;
    for (auto from = plans.begin(); from != plans.end() && !stop;) {
        const auto to = std::find_if(from, plans.end(),
                                     [&](const FilePlan &plan) { return plan.file.exchange != from->file.exchange; });
        const QString name = exchangeFolder(from->file.exchange) + QStringLiteral("/futures");
        const QString folder = QDir(datadir).filePath(name);
        const QString above = QDir(datadir).filePath(exchangeFolder(from->file.exchange));
        for (const auto &[lower, upper] : {std::pair{above, datadir}, std::pair{folder, above}}) {
            if (const Status created = createFolderLike(lower, upper); !created)
                return created.error();
        }
        FolderSync sync({.folder = folder,
                         .settings = options.settings,
                         .full = options.full,
                         .lock_patience = options.lock_patience,
                         .busy_patience = options.busy_patience,
                         .settled_after = options.settled_after},
                        source, now(), stop, progress);
        const auto reports = sync.run({from, to});
        if (!reports)
            return reports.error();
        for (const FileReport &file : *reports)
            report.files.push_back({name, file});
        from = to;
    }
    report.stopped = stop;
    return report;
}

Result<SyncReport> SyncRun::run()
{
    if (!QFileInfo(m_options.settings.datadir).isDir())
        return noDatadir(m_options.settings.datadir);
    const auto plans = planFiles(m_options.settings, m_reader);
    if (!plans)
        return plans.error();
    StoreRows rows(m_reader, m_stop);
    return syncFiles(m_options, *plans, rows, m_now, m_stop, m_progress);
}

SyncRun::SyncRun(Options options, store::StoreReader &reader, std::function<UtcTime()> now,
                 const std::atomic<bool> &stop, FolderSync::Progress progress)
    : m_options(std::move(options))
    , m_reader(reader)
    , m_now(std::move(now))
    , m_stop(stop)
    , m_progress(std::move(progress))
{}

Result<std::vector<std::pair<QString, Receipt>>> SyncRun::receipts(const config::SyncSettings &settings)
{
    const QDir datadir(settings.datadir);
    if (!datadir.exists())
        return noDatadir(settings.datadir);
    std::vector<std::pair<QString, Receipt>> all;
    for (const QString &exchange : datadir.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        const QString name = exchange + QStringLiteral("/futures");
        for (const Receipt &receipt : Receipts::load(datadir.filePath(name)).sorted())
            all.emplace_back(name, receipt);
    }
    return all;
}

} // namespace tk::sync
