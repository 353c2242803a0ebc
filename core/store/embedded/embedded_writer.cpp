#include "store/embedded/embedded_writer.h"

#include "base/clock.h"
#include "base/logging.h"
#include "store/embedded/database_file.h"
#include "store/embedded/file_watch.h"
#include "store/embedded/schema.h"

#include <QFile>

#include <algorithm>

namespace tk::store {

namespace {

constexpr milliseconds retentionBudget{200}; // of one removeBefore(), so that live data never waits for long
constexpr qint64 retentionChunk = 2000;      // points per transaction of it

DatabaseSpec specOf(const EmbeddedShared &shared)
{
    return DatabaseSpec{"store",  storeApplicationId,         storeVersion,           storeSchema,
                        "NORMAL", shared.options.busyTimeout, shared.options.maxBytes};
}

std::optional<DecimalText> decimal(const Statement &row, int column)
{
    return DecimalText::from(row.text(column));
}

} // namespace

struct EmbeddedWriter::Session
{
    explicit Session(Database opened)
        : database(std::move(opened))
        , findSeries(database.prepare("SELECT id FROM series WHERE measurement=?1 AND exchange=?2 AND pair=?3"))
        , addSeries(database.prepare("INSERT INTO series(measurement, exchange, pair) VALUES(?1, ?2, ?3) RETURNING id"))
        , addCandle(database.prepare("INSERT INTO ohlcv VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT DO NOTHING"))
        , findCandle(database.prepare("SELECT open, high, low, close, volume, quote_volume, trades, source FROM ohlcv "
                                      "WHERE series=?1 AND t=?2"))
        , replaceCandle(database.prepare("INSERT OR REPLACE INTO ohlcv VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"))
        , addFunding(database.prepare(
              "INSERT INTO funding_rate VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT DO UPDATE SET "
              "rate=coalesce(excluded.rate, rate), predicted_rate=coalesce(excluded.predicted_rate, predicted_rate), "
              "next_funding=max(excluded.next_funding, next_funding)"))
        , addMark(database.prepare("INSERT INTO mark_price VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET "
                                   "price=excluded.price, index_price=coalesce(excluded.index_price, index_price)"))
        , addTick(database.prepare("INSERT OR REPLACE INTO ticks VALUES(?1,?2,?3,?4)"))
    {}

    Result<qint64> seriesId(const QString &measurement, const QString &exchange, const QString &pair);
    Status writeBatch(const RecordBatch &batch, WriteOutcome &outcome);
    Status writeCandle(qint64 series, const Candle &candle, WriteOutcome &outcome);
    Status writeFunding(const FundingPoint &point);
    Status writeMark(const MarkPoint &point);
    Status writeTick(const TickPoint &point);
    Result<qint64> removeChunk(std::string_view table, qint64 series, qint64 before);

    using SeriesName = std::pair<QString, std::pair<QString, QString>>;

    Database database; // before its statements
    FileWatch watch{};
    Statement findSeries, addSeries;
    Statement addCandle, findCandle, replaceCandle;
    Statement addFunding, addMark, addTick;
    QHash<SeriesName, qint64> seriesIds;
};

EmbeddedWriter::EmbeddedWriter(std::shared_ptr<EmbeddedShared> shared)
    : m_shared(std::move(shared))
{}

EmbeddedWriter::~EmbeddedWriter()
{
    if (m_session)
        closeOwned(m_session->database);
}

Status EmbeddedWriter::open()
{
    m_session.reset();
    Result<Database> opened = openOwned(m_shared->file, specOf(*m_shared), [this](const QString &aside) {
        ++m_shared->timesSetAside;
        m_anew = QStringLiteral("its file was damaged and is kept as %1").arg(aside);
        if (m_shared->options.onSetAside)
            m_shared->options.onSetAside(aside);
    });
    if (!opened)
        return opened.error();
    const Result<qint64> views =
        opened->integer("SELECT count(*) FROM sqlite_schema WHERE name='candles' AND sql LIKE '%GLOB%'");
    if (!views)
        return views.error();
    if (*views == 0) {
        if (const Status made = opened.value().execute(candlesView); !made)
            return made;
    }
    m_session = std::make_unique<Session>(std::move(opened).value());
    m_session->watch = FileWatch(m_shared->file);
    ++m_shared->timesOpened;
    m_shared->damageSeen = false;
    tellAnew();
    return ok();
}

void EmbeddedWriter::tellAnew()
{
    const QString why = std::exchange(m_anew, {});
    if (!why.isEmpty() && m_shared->options.onBegunAnew)
        m_shared->options.onBegunAnew(why);
}

Status EmbeddedWriter::setDamagedAside(const QString &why)
{
    m_session.reset();
    const Result<QString> aside = setAside(m_shared->file, "store", why);
    if (!aside)
        return aside.error();
    ++m_shared->timesSetAside;
    m_anew = QStringLiteral("its file was damaged and is kept as %1").arg(*aside);
    if (m_shared->options.onSetAside)
        m_shared->options.onSetAside(*aside);
    return open();
}

// The name stands for another file, or for none: what is there now is opened, and what is missing there is fetched.
Status EmbeddedWriter::beginAnew(const QString &why)
{
    qCCritical(lcStore).noquote() << "The store" << why << "- opening what is there now; what is missing is fetched";
    // A log of the file that went must not be taken for that of the file that came.
    if (m_session->watch.logIsOurs()) {
        QFile::remove(m_shared->file + QStringLiteral("-wal"));
        QFile::remove(m_shared->file + QStringLiteral("-shm"));
    }
    m_anew = why;
    return open();
}

// The log has lost its name, and we hold it still: it goes into the file at once, before a reader of another process
// begins a second one. Every connection of ours has to go, since they share what they know of the log.
Status EmbeddedWriter::rescueLog(const QString &why)
{
    {
        const std::unique_lock alone(m_shared->access);
        m_shared->closeReaders();
        const Status folded = m_session->database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        const bool damaged = m_session->database.isCorrupt();
        if (!folded && !damaged)
            return folded;
        m_session.reset();
        if (!folded)
            m_shared->foundDamaged(folded.error().message, m_shared->timesOpened);
    }
    if (const QString damage = m_shared->takeDamage(); !damage.isEmpty())
        return setDamagedAside(damage);
    if (const Status opened = open(); !opened)
        return opened;
    const Result<QString> verdict = quickCheck(m_session->database);
    if (!verdict || *verdict != QLatin1String("ok"))
        return setDamagedAside(why);
    qCWarning(lcStore).noquote() << why << "- what it held is written into the file, nothing is lost";
    if (m_shared->options.onMended)
        m_shared->options.onMended(why + QStringLiteral("; what it held is written into the file, nothing is lost"));
    return ok();
}

// Before each piece of work, too: the file is still there, and nobody has found it damaged.
Status EmbeddedWriter::lookAfter()
{
    if (!m_session)
        return open();
    using Finding = FileWatch::Finding;
    const Finding finding = m_session->watch.look();
    const QString what = m_session->watch.text(finding);
    switch (finding) {
    case Finding::Whole:
        break;
    case Finding::Gone:
    case Finding::Replaced:
        return beginAnew(what);
    case Finding::LogGone:
        return rescueLog(what);
    case Finding::Cut:
        return setDamagedAside(what);
    }
    if (const QString damage = m_shared->takeDamage(); !damage.isEmpty())
        return setDamagedAside(damage);
    if (m_shared->damageSeen.exchange(false)) {
        const Result<QString> verdict = quickCheck(m_session->database);
        if (!verdict && !m_session->database.isCorrupt())
            return verdict.error();
        if (!verdict || *verdict != QLatin1String("ok"))
            return setDamagedAside(verdict ? *verdict : verdict.error().message);
    }
    return ok();
}

// Does the work; when the file turns out damaged, once more on a new one.
template <typename F>
auto EmbeddedWriter::guarded(F &&work) -> decltype(work())
{
    if (Status ready = lookAfter(); !ready)
        return ready.error();
    auto result = work();
    if (result || !m_session->database.isCorrupt())
        return result;
    if (Status begun = setDamagedAside(result.error().message); !begun)
        return begun.error();
    return work();
}

Result<WriteOutcome> EmbeddedWriter::write(const std::vector<RecordBatch> &batches)
{
    return guarded([&]() -> Result<WriteOutcome> {
        Session &session = *m_session;
        WriteOutcome outcome;
        const auto failed = [&](const Error &error) {
            session.seriesIds.clear(); // some may have been given in the transaction that is undone now
            return error;
        };
        Transaction transaction(session.database);
        if (Status begun = transaction.begin(); !begun)
            return failed(begun.error());
        for (const RecordBatch &batch : batches) {
            if (Status written = session.writeBatch(batch, outcome); !written)
                return failed(written.error());
        }
        if (Status committed = transaction.commit(); !committed)
            return failed(committed.error());
        return outcome;
    });
}

Status EmbeddedWriter::sync()
{
    return guarded([&]() -> Status { return m_session->database.syncWal(); });
}

Result<qint64> EmbeddedWriter::removeBefore(UtcTime before)
{
    return guarded([&]() -> Result<qint64> {
        Session &session = *m_session;
        const SystemClock clock;
        const MonotonicTime deadline = clock.now() + retentionBudget;
        std::vector<std::pair<qint64, std::string_view>> series;
        Statement all = session.database.prepare("SELECT id, measurement FROM series");
        while (true) {
            const Result<bool> row = all.step();
            if (!row)
                return row.error();
            if (!*row)
                break;
            const std::string_view name = all.text(1);
            series.emplace_back(all.integer(0), name.starts_with("ohlcv_") || name.starts_with("mark_ohlcv_") ? "ohlcv"
                                                : name == "funding_rate" ? "funding_rate"
                                                : name == "mark_price"   ? "mark_price"
                                                                         : "ticks");
        }
        qint64 removed = 0;
        for (const auto &[id, table] : series) {
            qint64 chunk = 0;
            do {
                const Result<qint64> gone = session.removeChunk(table, id, toMs(before));
                if (!gone)
                    return gone.error();
                chunk = *gone;
                removed += chunk;
                if (removed > 0 && clock.now() >= deadline)
                    return removed;
            } while (chunk > 0);
        }
        return removed;
    });
}

// --- one session -----------------------------------------------------------------------------------------------------

Result<qint64> EmbeddedWriter::Session::seriesId(const QString &measurement, const QString &exchange,
                                                 const QString &pair)
{
    const SeriesName name{measurement, {exchange, pair}};
    if (const auto known = seriesIds.constFind(name); known != seriesIds.cend())
        return *known;
    for (Statement *statement : {&findSeries, &addSeries}) {
        statement->bind(1, measurement).bind(2, exchange).bind(3, pair);
        const Result<bool> row = statement->step();
        if (!row)
            return row.error();
        if (*row) {
            const qint64 id = statement->integer(0);
            if (Status done = statement->run(); !done)
                return done.error();
            seriesIds.insert(name, id);
            return id;
        }
    }
    return Error{Error::Kind::Storage,
                 QStringLiteral("the store gave no id to series %1 of %2").arg(measurement, pair)};
}

Status EmbeddedWriter::Session::writeBatch(const RecordBatch &batch, WriteOutcome &outcome)
{
    for (const CandleBatch &candles : batch.candles) {
        if (candles.candles.empty())
            continue;
        const Result<qint64> series =
            seriesId(candleMeasurement(candles.series.timeframe), candles.series.exchange, candles.series.pair);
        if (!series)
            return series.error();
        for (const Candle &candle : candles.candles) {
            if (Status written = writeCandle(*series, candle, outcome); !written)
                return written;
        }
    }
    for (const CandleBatch &candles : batch.mark_candles) {
        const Result<qint64> series =
            seriesId(markCandleMeasurement(candles.series.timeframe), candles.series.exchange, candles.series.pair);
        if (!series)
            return series.error();
        for (const Candle &candle : candles.candles) {
            if (Status written = writeCandle(*series, candle, outcome); !written)
                return written;
        }
    }
    for (const FundingPoint &point : batch.funding) {
        if (Status written = writeFunding(point); !written)
            return written;
    }
    for (const MarkPoint &point : batch.marks) {
        if (Status written = writeMark(point); !written)
            return written;
    }
    for (const TickPoint &point : batch.ticks) {
        if (Status written = writeTick(point); !written)
            return written;
    }
    outcome.stored += qint64(batch.funding.size() + batch.marks.size() + batch.ticks.size());
    return ok();
}

Status EmbeddedWriter::Session::writeCandle(qint64 series, const Candle &candle, WriteOutcome &outcome)
{
    const auto put = [&](Statement &statement, CandleSource source) {
        return statement.bind(1, series)
            .bind(2, toMs(candle.open_time))
            .bind(3, candle.open.view())
            .bind(4, candle.high.view())
            .bind(5, candle.low.view())
            .bind(6, candle.close.view())
            .bind(7, candle.volume.view())
            .bindOptional(8, candle.quote_volume.view())
            .bind(9, candle.trades)
            .bind(10, qint64(source))
            .run();
    };
    if (Status added = put(addCandle, candle.source); !added)
        return added;
    if (database.changes() == 1) {
        ++outcome.stored;
        return ok();
    }
    findCandle.bind(1, series).bind(2, toMs(candle.open_time));
    const Result<bool> row = findCandle.step();
    if (!row)
        return row.error();
    Candle old;
    old.open_time = candle.open_time;
    old.open = decimal(findCandle, 0).value_or(DecimalText());
    old.high = decimal(findCandle, 1).value_or(DecimalText());
    old.low = decimal(findCandle, 2).value_or(DecimalText());
    old.close = decimal(findCandle, 3).value_or(DecimalText());
    old.volume = decimal(findCandle, 4).value_or(DecimalText());
    old.quote_volume = decimal(findCandle, 5).value_or(DecimalText());
    old.trades = findCandle.integer(6);
    old.source = CandleSource(std::clamp<qint64>(findCandle.integer(7), 0, 2));
    findCandle.reset();

    const bool fromHistory = old.source != CandleSource::Live;
    if (sameValues(old, candle)) {
        ++outcome.stored;
        // History that confirms a live candle makes it as good as its own.
        return fromHistory || candle.source == CandleSource::Live ? ok() : put(replaceCandle, candle.source);
    }
    if (fromHistory && candle.source == CandleSource::Live)
        return ok(); // what was read after the close knows better
    ++outcome.corrected;
    return put(replaceCandle, candle.source);
}

Status EmbeddedWriter::Session::writeFunding(const FundingPoint &point)
{
    const Result<qint64> series = seriesId(QStringLiteral("funding_rate"), point.exchange, point.pair);
    if (!series)
        return series.error();
    return addFunding.bind(1, *series)
        .bind(2, toMs(point.time))
        .bind(3, qint64(point.special))
        .bindOptional(4, point.rate.view())
        .bindOptional(5, point.predicted_rate.view())
        .bind(6, toMs(point.next_funding))
        .run();
}

Status EmbeddedWriter::Session::writeMark(const MarkPoint &point)
{
    const Result<qint64> series = seriesId(QStringLiteral("mark_price"), point.exchange, point.pair);
    if (!series)
        return series.error();
    return addMark.bind(1, *series)
        .bind(2, toMs(point.time))
        .bind(3, point.price.view())
        .bindOptional(4, point.index_price.view())
        .run();
}

Status EmbeddedWriter::Session::writeTick(const TickPoint &point)
{
    const Result<qint64> series = seriesId(point.kind, point.exchange, point.pair);
    if (!series)
        return series.error();
    return addTick.bind(1, *series).bind(2, toMs(point.time)).bind(3, point.id).bindBlob(4, point.payload).run();
}

// At most retentionChunk of the oldest points of one series, in a transaction of their own.
Result<qint64> EmbeddedWriter::Session::removeChunk(std::string_view table, qint64 series, qint64 before)
{
    const std::string name(table);
    Statement edge =
        database.prepare("SELECT t FROM " + name + " WHERE series=?1 AND t<?2 ORDER BY t LIMIT 1 OFFSET ?3");
    edge.bind(1, series).bind(2, before).bind(3, retentionChunk);
    const Result<bool> row = edge.step();
    if (!row)
        return row.error();
    const qint64 upTo = *row ? edge.integer(0) : before;
    edge.reset();
    // Points of one moment go together (ticks), so that every round gets on even where a whole chunk shares one.
    Statement remove = database.prepare("DELETE FROM " + name + " WHERE series=?1 AND t<=?2 AND t<?3");
    if (Status gone = remove.bind(1, series).bind(2, upTo).bind(3, before).run(); !gone)
        return gone.error();
    return database.changes();
}

} // namespace tk::store
