#include "app/exchange_lane.h"

#include "base/logging.h"
#include "store/gap_ledger.h"

#include <utility>

namespace tk::app {

using feed::FeedService;
using history::HistoryService;

namespace {

constexpr int ticketBits = 40; // of each lane's range: a thousand batches a second for thirty years

// A service that could not be built: tells why as soon as it is started.
class Unbuildable final : public runtime::Service
{
public:
    explicit Unbuildable(Error error)
        : m_error(std::move(error))
    {}
    Status start() override { return m_error; }
    void stop() override { Q_EMIT stopped(); }

private:
    Error m_error;
};

template <typename T, typename Of>
std::vector<T> partOf(const std::vector<T> &all, const QString &exchange, Of &&of)
{
    std::vector<T> part;
    for (const T &one : all) {
        if (of(one) == exchange)
            part.push_back(one);
    }
    return part;
}

} // namespace

ExchangeLane::ExchangeLane(Engine engine, const exchange::CatalogEntry &entry, int number)
    : m_engine(std::move(engine))
    , m_entry(entry)
    , m_number(number)
{
    m_engine.metrics.addExchange(name(), {QStringLiteral("all")});
    sortBoard();
}

// In the thread that told the board, so that none lies between.
void ExchangeLane::sortBoard()
{
    Switchboard *board = &m_engine.board;
    const auto isOurs = [name = name()](const QString &exchange) { return exchange.isEmpty() || exchange == name; };
    connect(
        board, &Switchboard::gapsOpened, this,
        [this](const std::vector<Gap> &all) {
            const auto ours = partOf(all, name(), [](const Gap &gap) { return gap.stream.exchange; });
            if (!ours.empty())
                Q_EMIT gapsOpened(ours);
        },
        Qt::DirectConnection);
    connect(
        board, &Switchboard::storeRefused, this,
        [this](const std::vector<StreamSpan> &all, const QString &reason, bool byDatabase) {
            const auto ours = partOf(all, name(), [](const StreamSpan &span) { return span.stream.exchange; });
            if (!ours.empty())
                Q_EMIT storeRefused(ours, reason, byDatabase);
        },
        Qt::DirectConnection);
    connect(
        board, &Switchboard::seriesWatched, this,
        [this](const std::vector<SeriesKey> &all) {
            Q_EMIT seriesWatched(partOf(all, name(), [](const SeriesKey &series) { return series.exchange; }));
        },
        Qt::DirectConnection);
    connect(board, &Switchboard::storeSetAside, this, &ExchangeLane::storeSetAside, Qt::DirectConnection);
    connect(board, &Switchboard::instrumentsSuspect, this, &ExchangeLane::instrumentsSuspect, Qt::DirectConnection);
    connect(board, &Switchboard::backfillWanted, this, [this, isOurs](const history::BackfillRequest &request) {
        if (isOurs(request.exchange))
            Q_EMIT backfillWanted(request);
    });
    connect(board, &Switchboard::backfillPlanWanted, this, [this, isOurs](const history::BackfillRequest &request) {
        if (isOurs(request.exchange))
            Q_EMIT backfillPlanWanted(request);
    });
    connect(board, &Switchboard::resubscribeWanted, this, [this, isOurs](const QString &exchange, const QString &pair) {
        if (isOurs(exchange))
            Q_EMIT resubscribeWanted(pair);
    });
}

// What collects hands its records over here, each batch with its weight in records.
RecordSink ExchangeLane::sink() const
{
    return [queue = m_engine.queue, number = m_number](RecordBatch &&batch) {
        const size_t records = batch.recordCount();
        return queue->push(std::move(batch), records, number);
    };
}

// Those of the calling thread.
void ExchangeLane::nameLogLines() const
{
    setLogExchange([name = name(), several = m_engine.several] { return several->load() ? name : QString(); });
}

runtime::ServiceThread::Factory ExchangeLane::feed(feed::FeedSettings settings)
{
    return [this, settings = std::move(settings)]() -> std::unique_ptr<runtime::Service> {
        nameLogLines();
        auto service = std::make_unique<FeedService>(settings, m_entry.make(), m_engine.clock, sink(),
                                                     m_engine.beatOf(feedName()));
        joinFeed(*service);
        return service;
    };
}

// Called in the feed's thread.
void ExchangeLane::joinFeed(FeedService &feed)
{
    connect(&feed, &FeedService::gapsOpened, this, &ExchangeLane::gapsOpened, Qt::DirectConnection);
    connect(&feed, &FeedService::gapsEnded, this, &ExchangeLane::gapsEnded, Qt::DirectConnection);
    connect(&feed, &FeedService::candlesOverdue, this, &ExchangeLane::candlesOverdue, Qt::DirectConnection);
    connect(&feed, &FeedService::candlesClosed, this, &ExchangeLane::candlesClosed, Qt::DirectConnection);
    connect(&feed, &FeedService::probesWanted, this, &ExchangeLane::probesWanted, Qt::DirectConnection);
    connect(&feed, &FeedService::fundingSettled, this, &ExchangeLane::fundingSettled, Qt::DirectConnection);
    connect(&feed, &FeedService::instrumentsSuspect, this, &ExchangeLane::instrumentsSuspect, Qt::DirectConnection);
    connect(this, &ExchangeLane::instrumentsReady, &feed, &FeedService::setInstruments);
    connect(this, &ExchangeLane::probeAnswered, &feed, &FeedService::probeAnswered);
    connect(this, &ExchangeLane::resubscribeWanted, &feed, &FeedService::resubscribe);
    connect(this, &ExchangeLane::seriesWatched, &feed, &FeedService::watchSeries);
    connect(this, &ExchangeLane::feedChanged, &feed, &FeedService::setSettings);
    Switchboard *board = &m_engine.board;
    connect(&feed, &FeedService::snapshotReady, board, &Switchboard::feedSnapshot, Qt::DirectConnection);
    connect(&feed, &FeedService::candlesMoved, board, &Switchboard::candlesMoved, Qt::DirectConnection);
    connect(
        &feed, &FeedService::reconnectAttempted, this,
        [this](const QString &reason, bool success) {
            m_engine.metrics.reconnects(name(), reason, success ? QStringLiteral("ok") : QStringLiteral("failed"))
                .Increment();
        },
        Qt::DirectConnection);
}

runtime::ServiceThread::Factory ExchangeLane::history(history::HistorySettings settings)
{
    return [this, settings = std::move(settings)]() -> std::unique_ptr<runtime::Service> {
        nameLogLines();
        auto index = m_engine.store->openIndex();
        if (!index)
            return std::make_unique<Unbuildable>(index.error());
        auto ledger = store::openGapLedger(m_engine.ledger, name());
        if (!ledger)
            return std::make_unique<Unbuildable>(ledger.error());
        HistoryService::Parts parts{
            .adapter = m_entry.make(),
            .index = std::move(index).value(),
            .ledger = std::move(ledger).value(),
            .backlog = [queue = m_engine.queue, number = m_number] { return queue->weightOf(number); },
            .first_ticket = quint64(m_number) << ticketBits};
        auto service = std::make_unique<HistoryService>(settings, std::move(parts), m_engine.clock, sink(),
                                                        m_engine.beatOf(historyName()));
        joinHistory(*service);
        tellBoard(*service);
        return service;
    };
}

// Called in history's thread.
void ExchangeLane::joinHistory(HistoryService &history)
{
    connect(&history, &HistoryService::instrumentsReady, this, &ExchangeLane::instrumentsReady, Qt::DirectConnection);
    connect(&history, &HistoryService::probeAnswered, this, &ExchangeLane::probeAnswered, Qt::DirectConnection);
    connect(this, &ExchangeLane::gapsOpened, &history, &HistoryService::gapsOpened);
    connect(this, &ExchangeLane::gapsEnded, &history, &HistoryService::gapsEnded);
    connect(this, &ExchangeLane::candlesOverdue, &history, &HistoryService::candlesOverdue);
    connect(this, &ExchangeLane::candlesClosed, &history, &HistoryService::candlesClosed);
    connect(this, &ExchangeLane::probesWanted, &history, &HistoryService::probe);
    connect(this, &ExchangeLane::fundingSettled, &history, &HistoryService::fundingSettled);
    connect(this, &ExchangeLane::instrumentsSuspect, &history, &HistoryService::refreshInstruments);
    connect(this, &ExchangeLane::storeRefused, &history, &HistoryService::storeRefused);
    connect(this, &ExchangeLane::storeSetAside, &history, &HistoryService::storeSetAside);
    connect(this, &ExchangeLane::backfillWanted, &history, &HistoryService::startBackfill);
    connect(this, &ExchangeLane::backfillPlanWanted, &history, &HistoryService::planBackfill);
    connect(this, &ExchangeLane::historyChanged, &history, &HistoryService::setSettings);
    Switchboard *board = &m_engine.board;
    connect(board, &Switchboard::stored, &history, &HistoryService::stored);
    connect(board, &Switchboard::storeMended, &history, &HistoryService::audit);
    connect(board, &Switchboard::storeTakesAgain, &history, &HistoryService::storeTakesAgain);
    connect(board, &Switchboard::storeRetention, &history, &HistoryService::setRetention);
    connect(board, &Switchboard::storeCaughtUp, &history, &HistoryService::storeCaughtUp);
    connect(board, &Switchboard::storeRoomChanged, &history, &HistoryService::storeRoomChanged);
    connect(board, &Switchboard::auditWanted, &history, &HistoryService::audit);
    connect(board, &Switchboard::backfillCancelled, &history, &HistoryService::cancelBackfill);
    connect(board, &Switchboard::backfillPaused, &history, &HistoryService::pauseBackfill);
}

// With the exchange's name put to what has none. Raised in history's thread, as it tells.
void ExchangeLane::tellBoard(HistoryService &history)
{
    Switchboard *board = &m_engine.board;
    connect(&history, &HistoryService::noted, board, &Switchboard::historyNoted, Qt::DirectConnection);
    connect(&history, &HistoryService::snapshotReady, board, &Switchboard::historySnapshot, Qt::DirectConnection);
    connect(
        &history, &HistoryService::backfillPlanned, this,
        [this](const history::BackfillPlan &part) { Q_EMIT m_engine.board.backfillPartPlanned(name(), part); },
        Qt::DirectConnection);
    const auto told = [board, name = name()](void (Switchboard::*signal)(const history::BackfillProgress &)) {
        return [board, name, signal](history::BackfillProgress progress) {
            progress.exchange = name;
            Q_EMIT(board->*signal)(progress);
        };
    };
    connect(&history, &HistoryService::backfillProgressed, this, told(&Switchboard::backfillPartProgressed),
            Qt::DirectConnection);
    connect(&history, &HistoryService::backfillDone, this, told(&Switchboard::backfillPartDone), Qt::DirectConnection);
    connect(
        &history, &HistoryService::instrumentsReady, this,
        [this](const std::vector<exchange::Instrument> &wanted, const std::vector<QString> &delisted) {
            Q_EMIT m_engine.board.instrumentsReady(name(), wanted, delisted);
        },
        Qt::DirectConnection);
    connect(
        &history, &HistoryService::auditDone, this, [this] { Q_EMIT m_engine.board.auditDone(name()); },
        Qt::DirectConnection);
    connect(
        &history, &HistoryService::requestDone, this,
        [this](int status) {
            m_engine.metrics.restRequests(name(), status).Increment();
            if (status != 0)
                Q_EMIT m_engine.board.requestAnswered(name());
        },
        Qt::DirectConnection);
}

void ExchangeLane::setSettings(const feed::FeedSettings &feed, const history::HistorySettings &history)
{
    Q_EMIT feedChanged(feed); // before history, whose list of pairs makes the new streams
    Q_EMIT historyChanged(history);
}

} // namespace tk::app
