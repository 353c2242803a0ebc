// One exchange in the engine: its live side and its history, each in a thread of its own, and what the two say to each
// other. Nothing of one lane reaches another: what the engine's board tells to all passes through here, and only the
// part that names this exchange goes on. Lives in the main thread; what the board raises in other threads is sorted
// there.
#pragma once

#include "app/switchboard.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "exchange/catalog.h"
#include "feed/feed_service.h"
#include "history/history_service.h"
#include "runtime/service_host.h"
#include "store/store.h"
#include "telemetry/metrics.h"

#include <atomic>
#include <functional>
#include <memory>

namespace tk::app {

class ExchangeLane final : public QObject
{
    Q_OBJECT
public:
    struct Engine // what a lane uses of it; all of it outlives the lane's services
    {
        Switchboard &board;
        telemetry::Metrics &metrics;
        std::shared_ptr<const Clock> clock;
        std::shared_ptr<store::StoreFactory> store;
        std::shared_ptr<BoundedQueue<RecordBatch>> queue;
        QString ledger; // the file that all lanes write their gaps into
        std::function<std::function<void()>(const QString &loop)> beatOf;
        std::shared_ptr<const std::atomic<bool>> several; // exchanges are collected: log lines name theirs
    };

    // `number` is this lane's alone in this run: of its place in the queue, and of its tickets.
    ExchangeLane(Engine engine, const exchange::CatalogEntry &entry, int number);

    const QString &name() const { return m_entry.name; }
    QString feedName() const { return QStringLiteral("feed ") + name(); } // of the service, and its part of the health
    QString historyName() const { return QStringLiteral("history ") + name(); }

    // The services, as a host starts them: feed first, since history tells it its instruments as soon as it knows them.
    runtime::ServiceThread::Factory feed(feed::FeedSettings settings);
    runtime::ServiceThread::Factory history(history::HistorySettings settings);

    // Changes what can change while they run.
    void setSettings(const feed::FeedSettings &feed, const history::HistorySettings &history);

    void storeBegunAnew(const QString &why) { Q_EMIT storeSetAside(why); } // before the services were there

Q_SIGNALS:
    // between feed and history
    void instrumentsReady(const std::vector<tk::exchange::Instrument> &wanted, const std::vector<QString> &delisted);
    void probesWanted(const std::vector<tk::QuietProbe> &probes);
    void probeAnswered(const tk::ProbeAnswer &answer);
    void gapsOpened(const std::vector<tk::Gap> &gaps);
    void gapsEnded(const std::vector<tk::StreamKey> &streams, tk::UtcTime at);
    void candlesOverdue(const std::vector<tk::SeriesSpan> &spans);
    void candlesClosed(const std::vector<tk::SeriesSpan> &spans);
    void fundingSettled(const std::vector<QString> &pairs);
    void instrumentsSuspect(const QString &why);
    // of what the board says, this exchange's part
    void storeRefused(const std::vector<tk::StreamSpan> &spans, const QString &reason, bool byDatabase);
    void storeSetAside(const QString &why);
    void backfillWanted(const tk::history::BackfillRequest &request);
    void backfillPlanWanted(const tk::history::BackfillRequest &request);
    void resubscribeWanted(const QString &pair);
    void seriesWatched(const std::vector<tk::SeriesKey> &series);
    // from the configuration
    void feedChanged(const tk::feed::FeedSettings &settings);
    void historyChanged(const tk::history::HistorySettings &settings);

private:
    void sortBoard();
    void joinFeed(feed::FeedService &feed);
    void joinHistory(history::HistoryService &history);
    void tellBoard(history::HistoryService &history);
    RecordSink sink() const;
    void nameLogLines() const;

    Engine m_engine;
    exchange::CatalogEntry m_entry;
    int m_number;
};

} // namespace tk::app
