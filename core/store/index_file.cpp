#include "store/index_file.h"

#include "store/embedded/database_file.h"

#include <QHash>

#include <algorithm>
#include <map>

namespace tk::store {

namespace {

// Times are milliseconds since 1970; a run is [since, until) on the grid of its timeframe. What is no candle has a name
// in its place: "" for mark prices, "funding_rate", "predicted_rate", "mark 1h", and the kind of a tick.
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
const DatabaseSpec indexSpec{.title = "index of the database",
                             .applicationId = 0x54414B49, // "TAKI"
                             .version = 1,
                             .schema = indexSchema,
                             .synchronous = "FULL",
                             .logPages = 256};

constexpr QLatin1StringView markPrefix{"mark "};
constexpr QLatin1StringView predictedName{"predicted_rate"};

QString nameOf(const StreamKey &stream)
{
    switch (stream.kind) {
    case StreamKind::Candles:
        return timeframeText(stream.timeframe);
    case StreamKind::MarkCandles:
        return markPrefix + timeframeText(stream.timeframe);
    case StreamKind::MarkPrice:
        return {};
    default: {
        const std::string_view name = streamKindName(stream.kind);
        return QString::fromLatin1(name.data(), qsizetype(name.size()));
    }
    }
}

// Nothing for a name that this version does not know.
std::optional<StreamKey> streamOf(const QString &exchange, const QString &pair, const QString &name)
{
    StreamKey stream{exchange, pair, StreamKind::MarkPrice, Timeframe::M1};
    if (name.isEmpty())
        return stream;
    if (const auto timeframe = timeframeFromName(name.toStdString()))
        return StreamKey{exchange, pair, StreamKind::Candles, *timeframe};
    if (name.startsWith(markPrefix)) {
        const auto timeframe = timeframeFromName(name.sliced(markPrefix.size()).toStdString());
        return timeframe ? std::optional(StreamKey{exchange, pair, StreamKind::MarkCandles, *timeframe}) : std::nullopt;
    }
    const auto kind = std::ranges::find(streamKindNames, name == predictedName ? "funding_rate" : name.toStdString());
    if (kind == streamKindNames.end())
        return {};
    stream.kind = StreamKind(kind - streamKindNames.begin());
    return stream;
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
    struct Place // where the runs of a row belong
    {
        StreamKey stream;
        bool predicted = false;
    };
    QHash<StreamKey, StoredIndex::Known> streams;
    std::map<qint64, Place> places;
    Statement rows = m_database.prepare("SELECT id, exchange, pair, timeframe, settled_funding FROM streams");
    for (;;) {
        const auto row = rows.step();
        if (!row)
            return row.error();
        if (!*row)
            break;
        const QString name = rows.string(3);
        const auto stream = streamOf(rows.string(1), rows.string(2), name);
        if (!stream)
            continue;
        places.emplace(rows.integer(0), Place{*stream, name == predictedName});
        StoredIndex::Known &known = streams[*stream];
        known.stream = *stream;
        known.newest_settled_funding = std::max(known.newest_settled_funding, fromMs(rows.integer(4)));
    }
    Statement runs = m_database.prepare("SELECT stream, since, until FROM runs ORDER BY stream, since");
    for (;;) {
        const auto row = runs.step();
        if (!row)
            return row.error();
        if (!*row)
            break;
        const auto place = places.find(runs.integer(0));
        if (place == places.end())
            continue;
        StoredIndex::Known &known = streams[place->second.stream];
        (place->second.predicted ? known.predicted : known.confirmed)
            .push_back({fromMs(runs.integer(1)), fromMs(runs.integer(2))});
    }
    std::vector<StoredIndex::Known> known;
    known.reserve(size_t(streams.size()));
    for (StoredIndex::Known &stream : streams)
        known.push_back(std::move(stream));
    return known;
}

Status IndexFile::write(const std::vector<StoredIndex::Known> &changes)
{
    if (changes.empty())
        return ok();
    Transaction transaction(m_database);
    if (const Status begun = transaction.begin(); !begun)
        return begun;
    for (const StoredIndex::Known &known : changes) {
        const Status put =
            known.predicted_only ? ok() : putStream(known.stream, nameOf(known.stream), known, known.confirmed);
        if (!put)
            return put;
        if (known.stream.kind != StreamKind::FundingRate)
            continue;
        if (const Status predicted = putStream(known.stream, predictedName, known, known.predicted); !predicted)
            return predicted;
    }
    return transaction.commit();
}

Status IndexFile::putStream(const StreamKey &stream, const QString &name, const StoredIndex::Known &known,
                            const std::vector<TimeSpan> &runs)
{
    Statement upsert = m_database.prepare(
        "INSERT INTO streams(exchange, pair, timeframe, settled_funding) VALUES(?1,?2,?3,?4) "
        "ON CONFLICT(exchange, pair, timeframe) DO UPDATE SET settled_funding=excluded.settled_funding RETURNING id");
    Statement clear = m_database.prepare("DELETE FROM runs WHERE stream=?1");
    Statement insert = m_database.prepare("INSERT INTO runs(stream, since, until) VALUES(?1,?2,?3)");
    upsert.bind(1, stream.exchange).bind(2, stream.pair).bind(3, name).bind(4, toMs(known.newest_settled_funding));
    const auto row = upsert.step();
    if (!row)
        return row.error();
    const qint64 id = upsert.integer(0);
    upsert.reset();
    if (const Status cleared = clear.bind(1, id).run(); !cleared)
        return cleared;
    for (const TimeSpan &run : runs) {
        if (const Status inserted = insert.bind(1, id).bind(2, toMs(run.from)).bind(3, toMs(run.to)).run(); !inserted)
            return inserted;
    }
    return ok();
}

} // namespace tk::store
