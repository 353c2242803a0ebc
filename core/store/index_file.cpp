#include "store/index_file.h"

#include "store/embedded/database_file.h"

#include <map>

namespace tk::store {

namespace {

// Times are milliseconds since 1970; a run is [since, until) on the grid of its timeframe ("" for mark prices).
constexpr const char *indexSchema = R"(
CREATE TABLE streams(
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL, pair TEXT NOT NULL, timeframe TEXT NOT NULL, settled_funding INTEGER NOT NULL,
    UNIQUE(exchange, pair, timeframe));
CREATE TABLE runs(
    stream INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY(stream, since)) WITHOUT ROWID;
)";

// FULL: the spool forgets what the index says is confirmed.
const DatabaseSpec indexSpec{"index of the database", 0x54414B49 /* "TAKI" */, 1, indexSchema, "FULL"};

std::string_view timeframeOf(const StreamKey &stream)
{
    return stream.kind == StreamKind::Candles ? timeframeName(stream.timeframe) : std::string_view();
}

} // namespace

QString IndexFile::fileIn(const QString &dataDir)
{
    return dataDir + QStringLiteral("/stored.sqlite");
}

Result<IndexFile> IndexFile::open(const QString &file)
{
    auto database = openOwned(file, indexSpec);
    if (!database)
        return database.error();
    return IndexFile(std::move(database).value());
}

IndexFile::~IndexFile()
{
    if (m_database.isOpen())
        closeOwned(m_database);
}

Result<std::vector<StoredIndex::Known>> IndexFile::read()
{
    std::map<qint64, StoredIndex::Known> streams;
    Statement rows = m_database.prepare("SELECT id, exchange, pair, timeframe, settled_funding FROM streams");
    for (;;) {
        const auto row = rows.step();
        if (!row)
            return row.error();
        if (!*row)
            break;
        const auto timeframe = timeframeFromName(rows.text(3));
        StoredIndex::Known &known = streams[rows.integer(0)];
        known.stream = {rows.string(1), rows.string(2), timeframe ? StreamKind::Candles : StreamKind::MarkPrice,
                        timeframe.value_or(Timeframe::M1)};
        known.newest_settled_funding = fromMs(rows.integer(4));
    }
    Statement runs = m_database.prepare("SELECT stream, since, until FROM runs ORDER BY stream, since");
    for (;;) {
        const auto row = runs.step();
        if (!row)
            return row.error();
        if (!*row)
            break;
        const auto stream = streams.find(runs.integer(0));
        if (stream != streams.end())
            stream->second.confirmed.push_back({fromMs(runs.integer(1)), fromMs(runs.integer(2))});
    }
    std::vector<StoredIndex::Known> known;
    known.reserve(streams.size());
    for (auto &stream : streams)
        known.push_back(std::move(stream.second));
    return known;
}

Status IndexFile::write(const std::vector<StoredIndex::Known> &changes)
{
    if (changes.empty())
        return ok();
    Transaction transaction(m_database);
    if (const Status begun = transaction.begin(); !begun)
        return begun;
    Statement upsert = m_database.prepare(
        "INSERT INTO streams(exchange, pair, timeframe, settled_funding) VALUES(?1,?2,?3,?4) "
        "ON CONFLICT(exchange, pair, timeframe) DO UPDATE SET settled_funding=excluded.settled_funding RETURNING id");
    Statement clear = m_database.prepare("DELETE FROM runs WHERE stream=?1");
    Statement insert = m_database.prepare("INSERT INTO runs(stream, since, until) VALUES(?1,?2,?3)");
    for (const StoredIndex::Known &known : changes) {
        upsert.bind(1, known.stream.exchange)
            .bind(2, known.stream.pair)
            .bind(3, timeframeOf(known.stream))
            .bind(4, toMs(known.newest_settled_funding));
        const auto row = upsert.step();
        if (!row)
            return row.error();
        const qint64 id = upsert.integer(0);
        upsert.reset();
        if (const Status cleared = clear.bind(1, id).run(); !cleared)
            return cleared;
        for (const TimeSpan &run : known.confirmed) {
            if (const Status inserted = insert.bind(1, id).bind(2, toMs(run.from)).bind(3, toMs(run.to)).run();
                !inserted)
                return inserted;
        }
    }
    return transaction.commit();
}

} // namespace tk::store
