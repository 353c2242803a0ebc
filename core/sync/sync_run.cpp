#include "sync/sync_run.h"

#include "market/pair.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace tk::sync {

namespace {

// Settled in something: what freqtrade calls futures.
bool isPerpetual(const QString &pair)
{
    const auto parsed = Pair::parse(pair);
    return parsed && !parsed->settle.isEmpty();
}

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

SyncRun::SyncRun(Options options, store::StoreReader &reader, std::function<UtcTime()> now,
                 const std::atomic<bool> &stop, FolderSync::Progress progress)
    : m_options(std::move(options))
    , m_reader(reader)
    , m_now(std::move(now))
    , m_stop(stop)
    , m_progress(std::move(progress))
{}

bool SyncRun::wanted(const QString &pair) const
{
    return isPerpetual(pair) && (!m_options.settings.pairs || m_options.settings.pairs->contains(pair));
}

Result<std::vector<FilePlan>> SyncRun::plans() const
{
    std::vector<FilePlan> plans;
    const auto edges = m_reader.candleEdges();
    if (!edges)
        return edges.error();
    const auto &timeframes = m_options.settings.timeframes;
    for (const store::SeriesEdge &edge : *edges) {
        if (wanted(edge.series.pair) &&
            (timeframes.empty() || std::ranges::find(timeframes, edge.series.timeframe) != timeframes.end()))
            plans.push_back({{edge.series.exchange, edge.series.pair, Content::Candles, edge.series.timeframe},
                             edge.first,
                             edge.last});
    }
    const auto marks = m_reader.marksNow(std::nullopt);
    if (!marks)
        return marks.error();
    for (const MarkPoint &mark : *marks) {
        if (wanted(mark.pair))
            plans.push_back({{mark.exchange, mark.pair, Content::Mark, Timeframe::H1}, {}, mark.time});
    }
    const auto funding = m_reader.fundingNow(std::nullopt);
    if (!funding)
        return funding.error();
    for (const store::FundingState &state : *funding) {
        if (state.settled && wanted(state.settled->pair))
            plans.push_back({{state.settled->exchange, state.settled->pair, Content::Funding, Timeframe::H1},
                             {},
                             state.settled->time});
    }
    std::ranges::stable_sort(plans, {}, [](const FilePlan &plan) { return plan.file.exchange; });
    return plans;
}

Result<SyncReport> SyncRun::run()
{
    const QString &datadir = m_options.settings.datadir;
    if (!QFileInfo(datadir).isDir())
        return noDatadir(datadir);
    const auto all = plans();
    if (!all)
        return all.error();
    SyncReport report;
    for (auto from = all->begin(); from != all->end() && !m_stop;) {
        const auto to = std::find_if(from, all->end(),
                                     [&](const FilePlan &plan) { return plan.file.exchange != from->file.exchange; });
        const QString name = exchangeFolder(from->file.exchange) + QStringLiteral("/futures");
        const QString folder = QDir(datadir).filePath(name);
        const QString above = QDir(datadir).filePath(exchangeFolder(from->file.exchange));
        for (const auto &[lower, upper] : {std::pair{above, datadir}, std::pair{folder, above}}) {
            if (const Status created = createFolderLike(lower, upper); !created)
                return created.error();
        }
        FolderSync sync({.folder = folder,
                         .settings = m_options.settings,
                         .full = m_options.full,
                         .lock_patience = m_options.lock_patience,
                         .busy_patience = m_options.busy_patience,
                         .settled_after = m_options.settled_after},
                        m_reader, m_now(), m_stop, m_progress);
        const auto reports = sync.run({from, to});
        if (!reports)
            return reports.error();
        for (const FileReport &file : *reports)
            report.files.push_back({name, file});
        from = to;
    }
    report.stopped = m_stop;
    return report;
}

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
