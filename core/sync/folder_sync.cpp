#include "sync/folder_sync.h"

#include "base/logging.h"
#include "sync/row_check.h"
#include "sync/table_facts.h"

#include <QCryptographicHash>
#include <QDir>
#include <QSet>

#include <algorithm>

namespace tk::sync {

using namespace std::chrono_literals;

namespace {

constexpr size_t batchFiles = 64; // that lie staged together
constexpr qint64 batchBytes = 32 << 20;
constexpr int markOverlap = 4;     // the same for mark candles
constexpr auto sampledFor = 168h;  // rows made of samples wait so long for the exchange's own in every run
constexpr int overlap = 10;        // candles before the last one that are compared in every run
constexpr int holeWindow = 1500;   // candles before the last one in which a hole is looked at in every run
constexpr int markHoleWindow = 6;  // the same for mark candles, which are made of sixty samples each
constexpr auto compareEvery = 24h; // all of a file with all of the store
constexpr int attempts = 3;        // when somebody else writes the same file meanwhile

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
    , m_swap(m_options.folder, &m_stop)
{
    m_feather.stopWhen(m_stop);
    m_writer.stopWhen(m_stop);
}

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
    if (plan.own_last > receipt.own_last)
        return true;
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

    auto held = hold(plan, path, *stamp);
    if (m_stop)
        return; // somebody waits for the end
    if (!held && held.error().kind == Error::Kind::Parse) {
        m_damaged.push_back({plan, *name, held.error().message});
        return;
    }
    if (!held)
        return end(held.error().kind == Error::Kind::Storage ? FileState::Failed : FileState::Refused,
                   held.error().message);
    feather::Table &table = held->table;
    const LoadedFile &loaded = held->loaded;
    const ImpossibleInFile &bad = held->bad;
    const bool whole = mustCompare(plan, known, compare);
    if (!bad.isEmpty() && !whole)
        return process(plan, true); // they may be older than what is compared in every run
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
    if (table.rows == 0 && ours->size() == 0) {
        if (!bad.isEmpty())
            end(FileState::Refused, bad.text() + QStringLiteral("; left as it is"));
        return; // nothing to write a file about
    }
    const qint64 rows = table.rows;
    const UtcTime first = edge(table, false);
    const UtcTime last = edge(table, true);
    MergeRules rules{.ours_win = plan.file.content != Content::Mark};
    if (plan.file.content == Content::Funding)
        rules.grid = milliseconds(1h).count();
    if (plan.file.content == Content::Mark)
        rules.open_from = loaded.stamp.mtime / 1'000'000 - nominalLength(plan.file.timeframe).count() + 1;
    Merged merged = merge(std::move(table), *ours, rules);
    const qint64 refilled =
        std::ranges::count_if(bad.times, [&](qint64 time) { return std::ranges::binary_search(ours->times, time); });
    merged.added -= refilled;
    merged.replaced += refilled;

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
    if (plan.file.content == Content::Mark) {
        receipt.own_last = plan.own_last;
        receipt.sampled_from = sampledFrom(merged.table, *ours, before ? before->sampled_from : UtcTime());
        if (receipt.sampled_from != UtcTime())
            receipt.reread_from =
                std::min(receipt.reread_from, std::max<UtcTime>(receipt.sampled_from, newest - sampledFor));
    }
    report.rows = receipt.rows;
    report.last = receipt.last;
    report.added = merged.added;
    report.replaced = merged.replaced;
    report.left_out = ours->left_out;
    if (!merged.changed() && bad.isEmpty()) {
        if (receipt.sha256.isEmpty())
            receipt.sha256 = digestOf(loaded.bytes);
        if (m_stop)
            return;
        m_receipts.put(receipt);
        m_receiptsChanged = true;
        return end(FileState::Unchanged, leftOutText(*ours));
    }
    report.note = leftOutText(*ours);
    // A file that would get shorter is a mistake of ours, whatever the reason.
    const bool shrinks = receipt.rows + merged.doubled < rows ||
                         (rows > 0 && !merged.reordered && (receipt.first > first || receipt.last < last));
    if (shrinks)
        return end(FileState::Failed, QStringLiteral("it would get shorter; left as it is. This is an error of "
                                                     "tapekeeper: please report it"));
    if (const Status told = tellImpossible(bad, refilled, report); !told)
        return end(FileState::Failed, told.error().message);
    if (const Status staged = stage(*name, merged.table, loaded.stamp, receipt, report); !staged) {
        if (!m_stop)
            end(FileState::Failed, staged.error().message);
        return;
    }
    m_pending.push_back({plan, std::move(receipt), std::move(report)});
    if (m_swap.count() >= batchFiles || m_swap.bytes() >= batchBytes)
        flush();
}

// Hexadecimal. Of anything, once somebody waits for the end: it is not used then.
QByteArray FolderSync::digestOf(const QByteArray &bytes) const
{
    constexpr qsizetype piece = 16 << 20;
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (qsizetype at = 0; at < bytes.size() && !m_stop; at += piece)
        hash.addData(QByteArrayView(bytes).sliced(at, std::min(piece, bytes.size() - at)));
    return hash.result().toHex();
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
    receipt.sha256 = digestOf(*bytes);
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

} // namespace tk::sync
