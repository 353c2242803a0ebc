#include "sync/folder_sync.h"

#include "base/logging.h"
#include "feather/date_unit.h"
#include "store/posix_file.h"

#include <QCryptographicHash>
#include <QDir>
#include <QSet>
#include <QThread>

#include <algorithm>

namespace tk::sync {

using namespace std::chrono_literals;

namespace {

constexpr size_t batchFiles = 64; // that lie staged together
constexpr qint64 batchBytes = 32 << 20;
constexpr int markOverlap = 4;     // of samples, which the exchange's own candles replace an hour later
constexpr int overlap = 10;        // candles before the last one that are compared in every run
constexpr int holeWindow = 1500;   // candles before the last one in which a hole is looked at in every run
constexpr int markHoleWindow = 6;  // the same for mark candles, which are made of sixty samples each
constexpr auto compareEvery = 24h; // all of a file with all of the store
constexpr int attempts = 3;        // when somebody else writes the same file meanwhile

// Whole numbers do not say in the file in which unit they count.
bool sameField(const feather::Field &a, const feather::Field &b)
{
    return a.kind == feather::Kind::Integer ? b.kind == a.kind && a.name == b.name : a == b;
}

bool sameTable(const feather::Table &a, const feather::Table &b)
{
    if (a.rows != b.rows || a.schema.metadata != b.schema.metadata ||
        !std::ranges::equal(a.schema.fields, b.schema.fields, sameField))
        return false;
    for (size_t i = 0; i < a.columns.size(); ++i) {
        const auto &x = a.columns[i].doubles;
        const auto &y = b.columns[i].doubles;
        if (a.columns[i].integers != b.columns[i].integers || x.size() != y.size() ||
            (!x.empty() && std::memcmp(x.data(), y.data(), x.size() * sizeof(double)) != 0))
            return false;
    }
    return true;
}

UtcTime edge(const feather::Table &table, bool last)
{
    const auto &dates = table.columns[0].integers;
    if (dates.empty())
        return {};
    return fromMs(toMilliseconds(table.schema.fields[0], last ? dates.back() : dates.front()));
}

// The file system's clock is the real one, whatever clock the records live on.
std::chrono::nanoseconds ageOf(const FileStamp &stamp)
{
    return std::chrono::system_clock::now().time_since_epoch() - std::chrono::nanoseconds(stamp.mtime);
}

// All of the store goes into a comparison where nothing is known of the file, or the store has something older now.
bool mustCompare(const FilePlan &plan, const Receipt *known, bool compare)
{
    const bool reachesNow = plan.store_first != UtcTime() && known && known->store_first == UtcTime();
    return !known || compare || plan.store_first < known->store_first || reachesNow;
}

} // namespace

QString fileStateName(FileState state)
{
    switch (state) {
    case FileState::Written:
        return QStringLiteral("written");
    case FileState::Unchanged:
        return QStringLiteral("unchanged");
    case FileState::Rebuilt:
        return QStringLiteral("rebuilt");
    case FileState::Busy:
        return QStringLiteral("busy");
    case FileState::Refused:
        return QStringLiteral("refused");
    case FileState::Failed:
        break;
    }
    return QStringLiteral("failed");
}

FolderSync::FolderSync(Options options, RowSource &source, UtcTime now, const std::atomic<bool> &stop,
                       Progress progress)
    : m_options(std::move(options))
    , m_source(source)
    , m_now(now)
    , m_stop(stop)
    , m_progress(std::move(progress))
    , m_swap(m_options.folder)
{}

Result<std::vector<FileReport>> FolderSync::run(std::vector<FilePlan> plans)
{
    const auto lock = FolderLock::acquire(m_options.folder, m_options.lock_patience, m_stop);
    if (!lock)
        return lock.error();
    removeParts(m_options.folder);
    m_receipts = Receipts::load(m_options.folder);
    if (!plans.empty())
        chooseLayout(plans.front().file.exchange);

    const QStringList due = namesToCompare(plans);
    const QSet<QString> compare(due.begin(), due.end());
    const auto isDue = [&](const Result<QString> &name) { return m_options.full || (name && compare.contains(*name)); };
    std::vector<RowSource::Wish> wishes;
    for (FilePlan &plan : plans) {
        if (plan.file.content == Content::Mark)
            plan.file.timeframe = m_layout.mark;
        if (plan.file.content == Content::Funding)
            plan.file.timeframe = m_layout.funding;
        if (auto wish = wishFor(plan, isDue(fileName(plan.file))))
            wishes.push_back(std::move(*wish));
    }
    m_source.expect(wishes);
    QSet<QString> seen;
    qint64 done = 0;
    for (const FilePlan &plan : plans) {
        if (m_stop)
            break;
        const auto name = fileName(plan.file);
        if (name && seen.contains(*name))
            finish({.name = *name,
                    .state = FileState::Refused,
                    .note = QStringLiteral("two pairs have this name in files, %1 is the second; leave one out of "
                                           "[sync] pairs")
                                .arg(plan.file.pair)});
        else
            process(plan, isDue(name));
        if (name)
            seen.insert(*name);
        m_progress(++done, qint64(plans.size()), plan.file.pair);
    }
    flush();
    for (int attempt = 1; attempt < attempts && !m_overtaken.empty() && !m_stop; ++attempt) {
        for (const FilePlan &plan : std::exchange(m_overtaken, {}))
            process(plan, true);
        flush();
    }
    // All of them share the patience: a download may be writing every file of the folder.
    const auto until = std::chrono::steady_clock::now() + m_options.busy_patience;
    for (const Damage &damage : std::exchange(m_damaged, {}))
        repair(damage, until);
    flush();
    const QString again = QStringLiteral("somebody else keeps writing it; the next run looks again");
    for (const Damage &damage : m_damaged)
        finish({.name = damage.name, .state = FileState::Busy, .note = again});
    for (const FilePlan &plan : m_overtaken)
        finish({.name = fileName(plan.file).value(), .state = FileState::Busy, .note = again});
    if (m_receiptsChanged) {
        if (const Status saved = m_receipts.save(m_options.folder); !saved)
            return saved.error();
    }
    std::ranges::sort(m_reports, {}, &FileReport::name);
    return std::move(m_reports);
}

void FolderSync::chooseLayout(const QString &exchange)
{
    if (const auto version = HostVersion::parse(m_options.settings.freqtrade)) {
        m_layout = layoutOf(*version, exchange);
        return;
    }
    const QStringList names = QDir(m_options.folder).entryList({QStringLiteral("*.feather")}, QDir::Files);
    std::optional<feather::Schema> sample;
    for (const QString &name : names) {
        if (m_stop)
            break;
        if (!name.endsWith(QLatin1StringView("-futures.feather")))
            continue;
        const auto file = loadFile(m_options.folder + u'/' + name);
        const auto schema = file ? feather::Reader::schema(file->bytes) : file.error();
        if (!schema || !valueColumns(*schema, Content::Candles))
            continue;
        sample = *schema;
        break;
    }
    m_layout = layoutOf(names, sample);
}

// A few in each run, those whose last comparison is the oldest, so that every file has its turn within a day.
QStringList FolderSync::namesToCompare(const std::vector<FilePlan> &plans) const
{
    std::vector<Receipt> due = m_receipts.sorted();
    std::erase_if(due, [&](const Receipt &receipt) { return m_now - receipt.compared < compareEvery; });
    std::ranges::stable_sort(due, {}, &Receipt::compared);
    const auto runs = std::max<qint64>(1, milliseconds(compareEvery) / m_options.settings.interval);
    const size_t share = size_t(qint64(plans.size()) / runs + 1);
    QStringList names;
    for (const Receipt &receipt : due) {
        if (names.size() < qsizetype(share))
            names.append(receipt.name);
    }
    return names;
}

bool FolderSync::hasNews(const FilePlan &plan, const Receipt &receipt) const
{
    if (plan.store_first != UtcTime() && plan.store_first < receipt.store_first)
        return true;
    if (plan.file.content != Content::Mark)
        return plan.store_last > receipt.store_last;
    // A mark candle needs the first sample behind its end.
    const UtcTime next = nextCandleOpen(plan.file.timeframe, candleOpen(plan.file.timeframe, receipt.store_last));
    return plan.store_last >= nextCandleOpen(plan.file.timeframe, next);
}

UtcTime FolderSync::readFrom(const Receipt *known, bool whole) const
{
    const UtcTime from = m_options.settings.history > 0ms ? m_now - m_options.settings.history : fromMs(0);
    return whole ? from : std::max(from, known->reread_from);
}

// What process() is going to ask the store for, if anything. A guess only: somebody may write the file before that.
std::optional<RowSource::Wish> FolderSync::wishFor(const FilePlan &plan, bool compare) const
{
    const auto name = fileName(plan.file);
    const auto stamp = name ? stampOf(m_options.folder + u'/' + *name) : Result<FileStamp>(name.error());
    if (!stamp)
        return {};
    const Receipt *before = m_receipts.find(*name);
    const Receipt *known = before && stamp->exists() && before->stamp.sameFile(*stamp) ? before : nullptr;
    if (known && !compare && !hasNews(plan, *known))
        return {};
    return RowSource::Wish{plan, readFrom(known, mustCompare(plan, known, compare)), stamp->exists()};
}

// Where the next run begins to compare: a few candles back, or at the first hole that somebody may be filling now.
UtcTime FolderSync::rereadFrom(const FilePlan &plan, const feather::Table &table, UtcTime storeLast) const
{
    const Timeframe timeframe = plan.file.timeframe;
    if (plan.file.content == Content::Funding)
        return storeLast - 48h;
    const bool marks = plan.file.content == Content::Mark;
    UtcTime from = candlesBefore(timeframe, candleOpen(timeframe, storeLast), marks ? markOverlap : overlap);
    const auto &dates = table.columns[0].integers;
    const auto time = [&](size_t row) { return fromMs(toMilliseconds(table.schema.fields[0], dates[row])); };
    const size_t window = size_t(marks ? markHoleWindow : holeWindow);
    for (size_t row = dates.size(); row > 1 && dates.size() - row < window; --row) {
        const UtcTime next = nextCandleOpen(timeframe, candleOpen(timeframe, time(row - 2)));
        if (next < time(row - 1) && next < from && next >= plan.store_first)
            from = next;
    }
    return from;
}

void FolderSync::finish(FileReport report)
{
    m_reports.push_back(std::move(report));
}

void FolderSync::process(const FilePlan &plan, bool compare)
{
    const auto name = fileName(plan.file);
    FileReport report{.name = name ? *name : plan.file.pair};
    const auto end = [&](FileState state, const QString &note) {
        report.state = state;
        report.note = note;
        finish(report);
    };
    if (!name)
        return end(FileState::Refused, name.error().message);
    const QString path = m_options.folder + u'/' + *name;
    const auto stamp = stampOf(path);
    if (!stamp)
        return end(FileState::Failed, stamp.error().message);
    if (const QString why = whyNotOurs(path, *stamp); !why.isEmpty())
        return end(FileState::Refused, why);
    const Receipt *before = m_receipts.find(*name);
    if (stamp->size > mostFileBytes)
        return end(FileState::Refused, QStringLiteral("it is larger than any such file can be"));
    const Receipt *known = before && stamp->exists() && before->stamp.sameFile(*stamp) ? before : nullptr;
    if (known && !compare && !hasNews(plan, *known)) {
        report.rows = known->rows;
        report.last = known->last;
        return end(FileState::Unchanged, {});
    }

    // The file as it is, or a new one.
    feather::Table table{schemaOf(plan.file.content, m_layout), 0, {}};
    table.columns.resize(table.schema.fields.size());
    LoadedFile loaded;
    if (stamp->exists()) {
        auto file = loadFile(path);
        if (!file && file.error().kind == Error::Kind::Storage)
            return end(FileState::Failed, file.error().message);
        auto content = file ? m_feather.read(file->bytes) : Result<feather::Table>(file.error());
        if (!content && content.error().kind == Error::Kind::Parse) {
            m_damaged.push_back({plan, *name, content.error().message});
            return;
        }
        if (!content)
            return end(FileState::Refused, content.error().message);
        if (!valueColumns(content->schema, plan.file.content))
            return end(FileState::Refused,
                       QStringLiteral("its columns are not those of freqtrade's files: %1; left as it is")
                           .arg(strangeColumn(content->schema, plan.file.content)));
        if (const Status settled = feather::settleDates(content.value()); !settled)
            return end(FileState::Refused, settled.error().message);
        table = std::move(content).value();
        loaded = std::move(file).value();
    }

    const bool whole = mustCompare(plan, known, compare);
    const auto ours = m_source.rows(plan, readFrom(known, whole), table);
    if (!ours)
        return end(FileState::Failed, ours.error().message);
    if (m_stop)
        return; // what was read may be only the beginning
    if (plan.file.content == Content::Funding && !onGrid(*ours, plan.file.timeframe))
        return end(FileState::Refused,
                   QStringLiteral("its funding is not settled every %1: a freqtrade that wants it so has no use for it")
                       .arg(timeframeText(plan.file.timeframe)));
    if (!known && plan.file.content == Content::Candles) {
        if (const auto factor = volumeFactor(table, *ours))
            return end(FileState::Refused, QStringLiteral("its volumes are %1 times ours, in every row: it counts in "
                                                          "another unit; move it away to have it written anew")
                                               .arg(*factor));
    }
    if (table.rows == 0 && ours->size() == 0)
        return; // nothing to write a file about
    const qint64 rows = table.rows;
    const UtcTime first = edge(table, false);
    const UtcTime last = edge(table, true);
    MergeRules rules{.ours_win = plan.file.content != Content::Mark};
    if (plan.file.content == Content::Funding)
        rules.grid = milliseconds(1h).count();
    if (plan.file.content == Content::Mark)
        rules.open_from = loaded.stamp.mtime / 1'000'000 - nominalLength(plan.file.timeframe).count() + 1;
    const Merged merged = merge(std::move(table), *ours, rules);

    UtcTime newest = ours->size() > 0 ? fromMs(ours->times.back()) : UtcTime();
    if (known)
        newest = std::max(newest, known->store_last);
    if (plan.file.content != Content::Mark)
        newest = std::max(newest, plan.store_last);
    Receipt receipt{.name = *name,
                    .rows = merged.table.rows,
                    .first = edge(merged.table, false),
                    .last = edge(merged.table, true),
                    .sha256 = known ? known->sha256 : QByteArray(),
                    .stamp = loaded.stamp,
                    .store_first = plan.store_first,
                    .store_last = newest,
                    .reread_from = rereadFrom(plan, merged.table, newest),
                    .compared = whole ? m_now : known->compared};
    report.rows = receipt.rows;
    report.last = receipt.last;
    report.added = merged.added;
    report.replaced = merged.replaced;
    if (!merged.changed()) {
        if (receipt.sha256.isEmpty())
            receipt.sha256 = QCryptographicHash::hash(loaded.bytes, QCryptographicHash::Sha256).toHex();
        m_receipts.put(receipt);
        m_receiptsChanged = true;
        return end(FileState::Unchanged, {});
    }
    // A file that would get shorter is a mistake of ours, whatever the reason.
    const bool shrinks = receipt.rows + merged.doubled < rows ||
                         (rows > 0 && !merged.reordered && (receipt.first > first || receipt.last < last));
    if (shrinks)
        return end(FileState::Failed, QStringLiteral("it would get shorter; left as it is. This is an error of "
                                                     "tapekeeper: please report it"));
    if (const Status staged = stage(*name, merged.table, loaded.stamp, receipt, report); !staged)
        return end(FileState::Failed, staged.error().message);
    m_pending.push_back({plan, std::move(receipt), std::move(report)});
    if (m_swap.count() >= batchFiles || m_swap.bytes() >= batchBytes)
        flush();
}

Status FolderSync::stage(const QString &name, const feather::Table &table, const FileStamp &stamp, Receipt &receipt,
                         FileReport &report)
{
    auto bytes = m_writer.write(table);
    if (!bytes)
        return bytes.error();
    // What goes out is read as a reader would, and must be what was meant.
    const auto back = m_feather.read(*bytes);
    if (!back || !sameTable(*back, table))
        return Error{Error::Kind::Storage,
                     QStringLiteral("what was made of it cannot be read back; left as it is. This is an error of "
                                    "tapekeeper: please report it")};
    receipt.sha256 = QCryptographicHash::hash(*bytes, QCryptographicHash::Sha256).toHex();
    report.bytes = bytes->size();
    return m_swap.stage(name, std::move(bytes).value(), stamp);
}

void FolderSync::flush()
{
    if (m_stop) { // somebody waits for the end, and the next run does it as well
        m_swap.discard();
        m_pending.clear();
        return;
    }
    const auto outcomes = m_swap.commit();
    for (const FileSwap::Outcome &outcome : outcomes) {
        const auto pending =
            std::ranges::find_if(m_pending, [&](const Pending &one) { return one.receipt.name == outcome.name; });
        if (pending == m_pending.end())
            continue;
        if (outcome.overtaken) {
            m_overtaken.push_back(pending->plan);
            continue;
        }
        FileReport report = pending->report;
        if (outcome.error) {
            report.state = FileState::Failed;
            report.note = outcome.error->message;
            m_receipts.forget(outcome.name);
        } else {
            if (report.state == FileState::Unchanged)
                report.state = FileState::Written;
            Receipt receipt = pending->receipt;
            receipt.stamp = outcome.stamp;
            m_receipts.put(receipt);
        }
        m_receiptsChanged = true;
        finish(std::move(report));
    }
    m_pending.clear();
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
