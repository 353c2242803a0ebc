// A spool, its sender and its audit against a database that a test breaks: what was written is compared with what the
// database holds in the end, point by point.
#pragma once

#include "base/clock.h"
#include "delivery_witness.h"
#include "runtime/service_host.h"
#include "store/influx/influx_store.h"
#include "support/influx/point_map.h"

#include <QSet>
#include <QTemporaryDir>

#include <functional>
#include <memory>

namespace tk::test {

struct DeliveryOptions
{
    config::InfluxSettings settings{};
    config::SpoolSettings spool{};
    double factor = 20; // of the clock: backoff and patience pass faster
    int pairs = 20;
    QString folder{}; // of the spool; its own when empty
    milliseconds audit_every = std::chrono::hours(1);
};

class DeliveryRig
{
public:
    explicit DeliveryRig(DeliveryOptions options);
    ~DeliveryRig();

    bool start();
    void stop(); // orderly

    // Writes `steps` times three minutes of every pair: a candle, mark prices, a funding rate now and then, trades.
    // Batches that the spool refuses are tried again until `patience` of real time is over.
    bool write(int steps, milliseconds patience = std::chrono::seconds(20));
    // Puts lines into the spool as they are; they are expected in the database when `good`.
    void append(store::Lane lane, const QByteArray &lines, bool good);

    bool waitUntil(const std::function<bool()> &condition, milliseconds patience = std::chrono::seconds(60));
    bool waitDelivered(); // nothing waits, every ticket came back
    bool waitTrouble();   // the sender says that nothing is delivered

    // Empty where status, readiness, the window's sentence and, when it lasted, an event told of a trouble since the
    // start, with all of these words, none contradicted another, and all are well again; waits for the latter.
    QString toldAndOver(const QStringList &words = {});
    // Empty where nothing was ever said to be wrong.
    QString neverComplained() const;
    DeliveryWitness &witness() { return m_witness; }

    const PointMap &expected() const { return m_expected; }
    PointMap &expected() { return m_expected; }
    std::shared_ptr<const store::influx::SenderSnapshot> sender() const { return m_sender; }
    std::shared_ptr<const store::influx::AuditSnapshot> audit() const { return m_audit; }
    store::influx::InfluxStore &store() { return *m_store; }
    const Clock &clock() const { return *m_clock; }
    UtcTime begin() const { return m_begin; }
    QString folder() const { return m_options.folder.isEmpty() ? m_folder.path() : m_options.folder; }
    size_t ticketsOut() const { return size_t(m_tickets.size()); }
    const std::vector<StreamSpan> &evicted() const { return m_evicted; }
    const std::vector<StreamSpan> &refused() const { return m_refused; }
    const std::vector<Gap> &gaps() const { return m_gaps; }
    void auditNow();

    static QString pair(int n) { return QStringLiteral("P%1/USDT:USDT").arg(n, 3, 10, QLatin1Char('0')); }

private:
    RecordBatch step(int n);
    void expect(const RecordBatch &batch);

    DeliveryOptions m_options;
    std::shared_ptr<const Clock> m_clock;
    QTemporaryDir m_folder;
    UtcTime m_begin;
    int m_steps = 0;
    quint64 m_ticket = 0;
    QSet<quint64> m_tickets; // not given back
    PointMap m_expected;
    std::vector<StreamSpan> m_evicted; // by the store's thread, which is the test's
    std::vector<StreamSpan> m_refused;
    std::vector<Gap> m_gaps;
    DeliveryWitness m_witness;
    std::shared_ptr<store::influx::InfluxStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::shared_ptr<const store::influx::SenderSnapshot> m_sender;
    std::shared_ptr<const store::influx::AuditSnapshot> m_audit;
    std::unique_ptr<QObject> m_context; // signals of the services come to it
    std::unique_ptr<runtime::ServiceHost> m_host;
    store::influx::Audit *m_auditService = nullptr;
};

} // namespace tk::test
