#include "store/gap_ledger.h"

#include "base/clock.h"
#include "base/logging.h"
#include "store/embedded/database_file.h"
#include "store/embedded/file_watch.h"

#include <QFileInfo>

#include <algorithm>

namespace tk::store {

namespace {

// `since` and `until` are milliseconds since 1970; until = 0: the stream is still down.
constexpr const char *ledgerSchema = R"(
CREATE TABLE gaps(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    exchange TEXT NOT NULL, pair TEXT NOT NULL, kind TEXT NOT NULL, timeframe TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL,
    cause TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
    opened INTEGER NOT NULL, settled INTEGER NOT NULL);
CREATE INDEX gaps_stream ON gaps(exchange, pair, kind, timeframe, state);
CREATE INDEX gaps_unsettled ON gaps(state) WHERE state IN ('open', 'repairing');
CREATE TABLE notes(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)";

// FULL: a gap that is known must stay known, and gaps are few.
const DatabaseSpec ledgerSpec{.title = "gap ledger",
                              .applicationId = 0x54414B4C, // "TAKL"
                              .version = 1,
                              .schema = ledgerSchema,
                              .synchronous = "FULL",
                              .logPages = 64};

// What is looked through at every change; the first index knew no refused ones.
constexpr const char *waitingIndex =
    "CREATE INDEX IF NOT EXISTS gaps_waiting ON gaps(state) WHERE state IN ('open', 'repairing', 'refused')";

Result<Database> openLedgerFile(const QString &file)
{
    Result<Database> opened = openOwned(file, ledgerSpec);
    if (!opened)
        return opened;
    if (const Status indexed = opened->execute(waitingIndex); !indexed)
        return indexed.error();
    return opened;
}

constexpr const char *columns =
    "SELECT id, exchange, pair, kind, timeframe, since, until, cause, state, reason, opened, settled FROM gaps ";
constexpr const char *ofStream = "WHERE exchange=?1 AND pair=?2 AND kind=?3 AND timeframe=?4 ";

template <size_t N>
size_t indexOf(const std::array<std::string_view, N> &names, std::string_view name)
{
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? 0 : size_t(found - names.begin());
}

std::string_view timeframeOf(const StreamKey &stream)
{
    const bool candles = stream.kind == StreamKind::Candles || stream.kind == StreamKind::MarkCandles;
    return candles ? timeframeName(stream.timeframe) : std::string_view();
}

Gap gapOf(const Statement &row)
{
    Gap gap;
    gap.id = row.integer(0);
    gap.stream.exchange = row.string(1);
    gap.stream.pair = row.string(2);
    gap.stream.kind = StreamKind(indexOf(streamKindNames, row.text(3)));
    gap.stream.timeframe = timeframeFromName(row.text(4))
                               .value_or(gap.stream.kind == StreamKind::MarkCandles ? Timeframe::H1 : Timeframe::M1);
    gap.from = fromMs(row.integer(5));
    gap.to = fromMs(row.integer(6));
    gap.cause = row.string(7);
    gap.state = GapState(indexOf(gapStateNames, row.text(8)));
    gap.reason = row.string(9);
    gap.opened = fromMs(row.integer(10));
    gap.settled = fromMs(row.integer(11));
    return gap;
}

Statement &bindStream(Statement &statement, const StreamKey &stream)
{
    return statement.bind(1, stream.exchange)
        .bind(2, stream.pair)
        .bind(3, streamKindName(stream.kind))
        .bind(4, timeframeOf(stream));
}

class SqliteGapLedger final : public GapLedger
{
public:
    SqliteGapLedger(Database database, QString exchange)
        : m_file(database.file())
        , m_exchange(std::move(exchange))
        , m_database(std::move(database))
        , m_watch(m_file)
    {}
    ~SqliteGapLedger() override
    {
        if (m_database.isOpen())
            closeOwned(m_database);
    }

    Result<qint64> open(const Gap &gap) override;
    Result<std::optional<qint64>> end(const StreamKey &stream, UtcTime to) override;
    Status openAll(const std::vector<Gap> &gaps) override;
    Status endAll(const std::vector<StreamKey> &streams, UtcTime to) override;
    Status record(const Gap &gap) override;
    Status setState(qint64 id, GapState state, const QString &reason, UtcTime at) override;
    Result<std::vector<Gap>> unsettled() override;
    Result<std::vector<Gap>> list(TimeSpan span, qint64 limit) override;
    Result<std::vector<TimeSpan>> unfillable(const StreamKey &stream) override;
    Result<std::optional<QString>> note(const QString &key) override;
    Status setNote(const QString &key, const QString &value) override;
    int timesBegunAnew() const override { return m_timesBegunAnew; }

private:
    // Does the work; when the file turns out damaged, once more on a new one. Statements are made per call: gaps are
    // rare.
    template <typename F>
    auto guarded(F &&work) -> decltype(work())
    {
        if (m_database.isOpen())
            lookAfterFile();
        if (m_database.isOpen()) {
            auto result = work();
            if (result || !m_database.isCorrupt())
                return result;
            m_database.close();
            const Result<QString> aside = setAside(m_file, ledgerSpec.title, result.error().message);
            if (!aside)
                return aside.error();
            m_anew = true;
        }
        Result<Database> fresh = openLedgerFile(m_file);
        if (!fresh)
            return fresh.error();
        m_database = std::move(fresh).value();
        m_watch = FileWatch(m_file);
        m_timesBegunAnew += std::exchange(m_anew, false) ? 1 : 0;
        return work();
    }

    // A file that was removed in use would take every gap with it, unseen.
    void lookAfterFile()
    {
        const FileWatch::Finding finding = m_watch.look();
        if (finding == FileWatch::Finding::Whole)
            return;
        qCCritical(lcStore).noquote() << "The gap ledger:" << m_watch.text(finding);
        if (finding == FileWatch::Finding::LogGone) {
            static_cast<void>(m_database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
            m_database.close();
            return;
        }
        const bool stale = m_watch.logIsOurs();
        m_database.close();
        m_anew = true;
        if (finding == FileWatch::Finding::Cut) {
            static_cast<void>(setAside(m_file, ledgerSpec.title, m_watch.text(finding)));
        } else if (stale) {
            QFile::remove(m_file + QStringLiteral("-wal"));
            QFile::remove(m_file + QStringLiteral("-shm"));
        }
    }

    Result<std::vector<Gap>> gaps(Statement &query);
    Result<qint64> insert(const Gap &gap);
    // These work within a transaction of their caller.
    Result<qint64> openOne(const Gap &gap);
    Result<std::optional<qint64>> endOne(const StreamKey &stream, UtcTime to);

    QString m_file;
    QString m_exchange; // whose gaps are shown; empty: those of all
    Database m_database;
    FileWatch m_watch;
    bool m_anew = false;
    int m_timesBegunAnew = 0;
};

Result<std::vector<Gap>> SqliteGapLedger::gaps(Statement &query)
{
    std::vector<Gap> all;
    while (true) {
        const Result<bool> row = query.step();
        if (!row)
            return row.error();
        if (!*row)
            return all;
        all.push_back(gapOf(query));
    }
}

Result<qint64> SqliteGapLedger::insert(const Gap &gap)
{
    Statement insert = m_database.prepare("INSERT INTO gaps(exchange, pair, kind, timeframe, since, until, cause, "
                                          "state, reason, opened, settled) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,"
                                          "?11) RETURNING id");
    bindStream(insert, gap.stream)
        .bind(5, toMs(gap.from))
        .bind(6, toMs(gap.to))
        .bind(7, gap.cause)
        .bind(8, gapStateName(gap.state))
        .bind(9, gap.reason)
        .bind(10, toMs(gap.opened))
        .bind(11, toMs(gap.settled));
    const Result<bool> row = insert.step();
    if (!row)
        return row.error();
    const qint64 id = insert.integer(0);
    if (Status done = insert.run(); !done)
        return done.error();
    return id;
}

Result<qint64> SqliteGapLedger::openOne(const Gap &gap)
{
    const bool ended = toMs(gap.to) != 0;
    if (ended && gap.to <= gap.from)
        return Error{Error::Kind::Storage,
                     QStringLiteral("a gap of %1 %2 that ends at %3 before it begins at %4 was not "
                                    "recorded: this is a fault of the program, please report it")
                         .arg(gap.stream.pair, gap.stream.kindText(), isoText(gap.to), isoText(gap.from))};
    // Unsettled gaps that overlap or touch this one; an end of 0 lies beyond every time.
    Statement touching = m_database.prepare(std::string(columns) + ofStream +
                                            "AND state IN ('open', 'repairing', 'refused') AND (?6=0 OR since<=?6) "
                                            "AND (until=0 OR until>=?5) ORDER BY id");
    bindStream(touching, gap.stream).bind(5, toMs(gap.from)).bind(6, toMs(gap.to));
    const Result<std::vector<Gap>> others = gaps(touching);
    if (!others)
        return others.error();
    if (others->empty()) {
        return insert(gap);
    }
    const Gap &kept = others->front();
    Gap merged = kept;
    const auto include = [&merged](UtcTime from, UtcTime to) {
        merged.from = std::min(merged.from, from);
        merged.to = toMs(merged.to) == 0 || toMs(to) == 0 ? UtcTime() : std::max(merged.to, to);
    };
    include(gap.from, gap.to);
    for (size_t i = 1; i < others->size(); ++i) {
        const Gap &other = (*others)[i];
        include(other.from, other.to);
        Statement close = m_database.prepare("UPDATE gaps SET state='closed', reason=?2, settled=?3 WHERE id=?1");
        close.bind(1, other.id).bind(2, QStringLiteral("merged into gap %1").arg(kept.id)).bind(3, toMs(gap.opened));
        if (Status closed = close.run(); !closed)
            return closed.error();
    }
    // A gap that grew while a job repairs it is open again: the job does not know of the new part.
    const bool grew = merged.from != kept.from || merged.to != kept.to;
    Statement update = m_database.prepare("UPDATE gaps SET since=?2, until=?3, state=?4 WHERE id=?1");
    update.bind(1, kept.id)
        .bind(2, toMs(merged.from))
        .bind(3, toMs(merged.to))
        .bind(4, gapStateName(grew ? GapState::Open : kept.state));
    if (Status updated = update.run(); !updated)
        return updated.error();
    return kept.id;
}

Result<qint64> SqliteGapLedger::open(const Gap &gap)
{
    return guarded([&]() -> Result<qint64> {
        Transaction transaction(m_database);
        if (Status begun = transaction.begin(); !begun)
            return begun.error();
        const Result<qint64> id = openOne(gap);
        if (!id)
            return id;
        if (Status committed = transaction.commit(); !committed)
            return committed.error();
        return id;
    });
}

Status SqliteGapLedger::openAll(const std::vector<Gap> &gaps)
{
    return guarded([&]() -> Status {
        Transaction transaction(m_database);
        if (Status begun = transaction.begin(); !begun)
            return begun;
        for (const Gap &gap : gaps) {
            if (const Result<qint64> id = openOne(gap); !id)
                return id.error();
        }
        return transaction.commit();
    });
}

Status SqliteGapLedger::endAll(const std::vector<StreamKey> &streams, UtcTime to)
{
    return guarded([&]() -> Status {
        Transaction transaction(m_database);
        if (Status begun = transaction.begin(); !begun)
            return begun;
        for (const StreamKey &stream : streams) {
            if (const auto id = endOne(stream, to); !id)
                return id.error();
        }
        return transaction.commit();
    });
}

Status SqliteGapLedger::record(const Gap &gap)
{
    return guarded([&]() -> Status {
        const Result<qint64> id = insert(gap);
        return id ? ok() : Status(id.error());
    });
}

Result<std::optional<qint64>> SqliteGapLedger::end(const StreamKey &stream, UtcTime to)
{
    return guarded([&] { return endOne(stream, to); });
}

Result<std::optional<qint64>> SqliteGapLedger::endOne(const StreamKey &stream, UtcTime to)
{
    Statement query =
        m_database.prepare(std::string(columns) + ofStream +
                           "AND state IN ('open', 'repairing', 'refused') AND until=0 ORDER BY id LIMIT 1");
    const Result<std::vector<Gap>> found = gaps(bindStream(query, stream));
    if (!found)
        return found.error();
    if (found->empty())
        return std::optional<qint64>();
    const Gap &gap = found->front();
    Statement update = m_database.prepare("UPDATE gaps SET until=?2 WHERE id=?1");
    update.bind(1, gap.id).bind(2, toMs(to));
    if (to <= gap.from) { // it came back before anything was due
        update = m_database.prepare("UPDATE gaps SET until=since, state='closed', reason='nothing was missing', "
                                    "settled=?2 WHERE id=?1");
        update.bind(1, gap.id).bind(2, toMs(to));
    }
    if (Status updated = update.run(); !updated)
        return updated.error();
    return std::optional(gap.id);
}

Status SqliteGapLedger::setState(qint64 id, GapState state, const QString &reason, UtcTime at)
{
    return guarded([&]() -> Status {
        const bool settled = state == GapState::Closed || state == GapState::Unfillable;
        Statement update = m_database.prepare("UPDATE gaps SET state=?2, reason=?3, settled=?4 WHERE id=?1");
        update.bind(1, id).bind(2, gapStateName(state)).bind(3, reason).bind(4, settled ? toMs(at) : 0);
        if (Status updated = update.run(); !updated)
            return updated;
        if (m_database.changes() == 0)
            return Error{
                Error::Kind::Storage,
                QStringLiteral("the ledger %1 has no gap %2: list the gaps again").arg(m_database.file()).arg(id)};
        return ok();
    });
}

Result<std::vector<Gap>> SqliteGapLedger::unsettled()
{
    return guarded([&] {
        Statement query = m_database.prepare(std::string(columns) + "WHERE state IN ('open', 'repairing', 'refused') "
                                                                    "AND (?1='' OR exchange=?1) ORDER BY id");
        query.bind(1, m_exchange);
        return gaps(query);
    });
}

Result<std::vector<Gap>> SqliteGapLedger::list(TimeSpan span, qint64 limit)
{
    return guarded([&] {
        Statement query = m_database.prepare(std::string(columns) +
                                             "WHERE since<?2 AND (until=0 OR until>?1) AND (?4='' OR exchange=?4) "
                                             "ORDER BY since DESC, id DESC LIMIT ?3");
        query.bind(1, toMs(span.from)).bind(2, toMs(span.to)).bind(3, std::max<qint64>(limit, 0)).bind(4, m_exchange);
        return gaps(query);
    });
}

Result<std::vector<TimeSpan>> SqliteGapLedger::unfillable(const StreamKey &stream)
{
    return guarded([&]() -> Result<std::vector<TimeSpan>> {
        Statement query =
            m_database.prepare(std::string(columns) + ofStream + "AND state='unfillable' AND until<>0 ORDER BY since");
        const Result<std::vector<Gap>> found = gaps(bindStream(query, stream));
        if (!found)
            return found.error();
        std::vector<TimeSpan> spans;
        for (const Gap &gap : *found) {
            if (!spans.empty() && gap.from <= spans.back().to)
                spans.back().to = std::max(spans.back().to, gap.to);
            else
                spans.push_back({gap.from, gap.to});
        }
        return spans;
    });
}

Result<std::optional<QString>> SqliteGapLedger::note(const QString &key)
{
    return guarded([&]() -> Result<std::optional<QString>> {
        Statement query = m_database.prepare("SELECT value FROM notes WHERE key=?1");
        const Result<bool> row = query.bind(1, key).step();
        if (!row)
            return row.error();
        return *row ? std::optional(query.string(0)) : std::optional<QString>();
    });
}

Status SqliteGapLedger::setNote(const QString &key, const QString &value)
{
    return guarded([&] {
        Statement put = m_database.prepare("INSERT OR REPLACE INTO notes VALUES(?1, ?2)");
        return put.bind(1, key).bind(2, value).run();
    });
}

} // namespace

Result<std::unique_ptr<GapLedger>> openGapLedger(const QString &file, const QString &exchange)
{
    Result<Database> opened = openLedgerFile(file);
    if (!opened)
        return opened.error();
    // Closed gaps are kept as long as the data they were about, and a little more.
    Statement forget = opened.value().prepare("DELETE FROM gaps WHERE state='closed' AND settled<?1");
    const UtcTime edge = SystemClock().utcNow() - std::chrono::hours(24 * 400);
    if (Status forgotten = forget.bind(1, toMs(edge)).run(); !forgotten)
        return forgotten.error();
    forget = Statement(); // statements go before their database
    return std::unique_ptr<GapLedger>(std::make_unique<SqliteGapLedger>(std::move(opened).value(), exchange));
}

Result<std::vector<Gap>> readUnclosedGaps(const QString &file)
{
    std::vector<Gap> all;
    if (!QFileInfo::exists(file))
        return all;
    Result<Database> opened = Database::open(file, Database::Mode::ReadOnly, ledgerSpec.busyTimeout);
    if (!opened)
        return opened.error();
    Statement query = opened->prepare(std::string(columns) + "WHERE state<>'closed' ORDER BY since, id");
    while (true) {
        const Result<bool> row = query.step();
        if (!row)
            return row.error();
        if (!*row)
            return all;
        all.push_back(gapOf(query));
    }
}

Result<std::optional<QString>> readLedgerNote(const QString &file, const QString &key)
{
    if (!QFileInfo::exists(file))
        return std::optional<QString>();
    Result<Database> opened = Database::open(file, Database::Mode::ReadOnly, ledgerSpec.busyTimeout);
    if (!opened)
        return opened.error();
    Statement query = opened->prepare("SELECT value FROM notes WHERE key=?1");
    const Result<bool> row = query.bind(1, key).step();
    if (!row)
        return row.error();
    return *row ? std::optional(query.string(0)) : std::optional<QString>();
}

} // namespace tk::store
