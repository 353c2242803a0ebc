// Where the engine's services meet: what concerns all exchanges, the store and whoever watches. What the feed and the
// history of one exchange say to each other stays in its lane (see exchange_lane.h); what a lane says here names its
// exchange. Signals are passed on in the thread that raised them (connect senders with Qt::DirectConnection), so that
// no thread lies between.
#pragma once

#include "exchange/instrument.h"
#include "feed/feed_snapshot.h"
#include "history/backfill.h"
#include "history/history_note.h"
#include "history/history_snapshot.h"
#include "market/gap.h"
#include "market/quiet_probe.h"
#include "market/records.h"
#include "store/influx/audit.h"
#include "store/influx/sender.h"
#include "store/store_service.h"

#include <QObject>

#include <memory>
#include <vector>

namespace tk::app {

class Switchboard : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

Q_SIGNALS:
    // from the lanes
    void instrumentsReady(const QString &exchange, const std::vector<tk::exchange::Instrument> &wanted,
                          const std::vector<QString> &delisted);
    void backfillPartProgressed(const tk::history::BackfillProgress &part);
    void backfillPartPlanned(const QString &exchange, const tk::history::BackfillPlan &part);
    void backfillPartDone(const tk::history::BackfillProgress &part);
    void auditDone(const QString &exchange);
    void requestAnswered(const QString &exchange); // over REST, whatever it said
    void historyNoted(const tk::history::HistoryNote &note);
    void historySnapshot(std::shared_ptr<const tk::history::HistorySnapshot> snapshot);
    void candlesMoved(const std::vector<tk::feed::LiveCandles> &candles);
    void feedSnapshot(std::shared_ptr<const tk::feed::FeedSnapshot> snapshot);
    // from all lanes together
    void backfillProgressed(const tk::history::BackfillProgress &progress);
    void backfillPlanned(const tk::history::BackfillPlan &plan);
    void backfillDone(const tk::history::BackfillProgress &result);
    // from store
    void stored(const std::vector<quint64> &tickets);
    void storeSetAside(const QString &why); // it began anew
    void storeMended(const QString &what);  // nothing was lost
    void latencyMeasured(const std::vector<tk::milliseconds> &eventToStored);
    void writeFailed(const QString &code);
    void storeSnapshot(std::shared_ptr<const tk::store::StoreSnapshot> snapshot);
    void gapsOpened(const std::vector<tk::Gap> &gaps); // what was safe, and is not any more; of any exchange
    // from the sender and the audit of a database
    void databaseReturned(); // after an outage
    void storeCaughtUp();
    void storeRefused(const std::vector<tk::StreamSpan> &spans, const QString &reason, bool byDatabase);
    void storeTakesAgain(const QString &measurement, bool again);
    void storeRetention(tk::milliseconds retention); // as the database has it; 0: for ever
    void databaseDoubtful(const QString &why);       // it may be another one than it was
    void storeRoomChanged(bool scarce);
    void senderSnapshot(std::shared_ptr<const tk::store::influx::SenderSnapshot> snapshot);
    // It does not have what it had acknowledged; so many points of it are on their way again from the spool.
    void databaseLost(qint64 points, qint64 resent);
    void auditSnapshot(std::shared_ptr<const tk::store::influx::AuditSnapshot> snapshot);
    // from outside: the command line, the window, a signal
    void auditWanted();
    void countWanted();    // of the database's points
    void countAllWanted(); // of all of them
    void backfillWanted(const tk::history::BackfillRequest &request);
    void backfillCancelled(quint64 id);
    void backfillPaused(quint64 id, bool paused);
    void backfillPlanWanted(const tk::history::BackfillRequest &request);
    void resubscribeWanted(const QString &exchange, const QString &pair); // empty: of all; every sick stream
    void instrumentsSuspect(const QString &why);                          // all lists are to be looked at again
    void seriesWatched(const std::vector<tk::SeriesKey> &series);         // somebody looks at their forming candles
};

} // namespace tk::app
