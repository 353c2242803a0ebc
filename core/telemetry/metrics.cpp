#include "telemetry/metrics.h"

#include "telemetry/process_stats.h"

#include <QMutex>
#include <QMutexLocker>

#include <prometheus/family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <sstream>

namespace tk::telemetry {

namespace {

using prometheus::Labels;

constexpr size_t mostSeries = 100; // of one family whose labels come from outside

// Around the objective of a second from the exchange's event to the store.
const Histogram::BucketBoundaries latencyBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

constexpr std::array<std::string_view, 4> recordKinds{"candle", "funding_rate", "mark_price", "tick"};

} // namespace

struct Metrics::Families
{
    template <typename T>
    using Family = prometheus::Family<T>;

    Family<Counter> &counter(const char *name, const char *help)
    {
        return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    }
    Family<Gauge> &gauge(const char *name, const char *help)
    {
        return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
    }

    // The series of these labels; once there are too many, the one whose open label is "other".
    template <typename T>
    T &bounded(Family<T> &family, Labels labels, const char *openLabel)
    {
        const QMutexLocker lock(&mutex);
        std::set<Labels> &known = seen[&family];
        if (!known.contains(labels)) {
            if (known.size() >= mostSeries)
                labels[openLabel] = "other";
            else
                known.insert(labels);
        }
        return family.Add(labels);
    }

    // Of what has no label while there is one exchange.
    Labels ofExchange(const QString &exchange)
    {
        const QMutexLocker lock(&mutex);
        return exchanges.size() > 1 ? Labels{{"exchange", exchange.toStdString()}} : Labels{};
    }
    static void carry(Gauge &to, double value) { to.Set(value); }
    static void carry(Counter &to, double value) { to.Increment(value - to.Value()); }
    template <typename T>
    void relabel(Family<T> &family, const Labels &from, const Labels &to)
    {
        T &old = family.Add(from);
        carry(family.Add(to), old.Value());
        family.Remove(&old);
    }
    void relabelAll(const Labels &from, const Labels &to)
    {
        for (Family<Gauge> *family : {&gapsOpen, &clockOffset})
            relabel(*family, from, to);
        for (Family<Counter> *family : {&gapsOpened, &gapsRepaired, &gapsUnfillable})
            relabel(*family, from, to);
    }
    template <typename T>
    static void removeOf(Family<T> &family, const std::string &exchange)
    {
        // The family alone knows its series: those of this exchange are found by their labels.
        for (const prometheus::MetricFamily &shown : family.Collect()) {
            for (const prometheus::ClientMetric &metric : shown.metric) {
                Labels labels;
                for (const auto &label : metric.label)
                    labels.emplace(label.name, label.value);
                if (const auto found = labels.find("exchange"); found != labels.end() && found->second == exchange)
                    family.Remove(&family.Add(labels));
            }
        }
    }

    prometheus::Registry registry;
    QMutex mutex; // guards `seen`, `exchanges` and the moment of text()
    std::map<const void *, std::set<Labels>> seen;
    QStringList exchanges;

    Family<Counter> &frames = counter("tapekeeper_frames_total", "Websocket messages received.");
    Family<Counter> &frameBytes =
        counter("tapekeeper_frame_bytes_total", "Payload bytes of websocket messages received.");
    Family<Counter> &framesUnhandled =
        counter("tapekeeper_frames_unhandled_total", "Messages of a kind this program does not know.");
    Family<Counter> &framesBroken = counter("tapekeeper_frames_broken_total", "Messages that could not be parsed.");
    Family<Counter> &recordsStored = counter("tapekeeper_records_stored_total", "Records the store has confirmed.");
    Family<Counter> &candlesCorrected = counter("tapekeeper_candles_corrected_total",
                                                "Stored candles replaced because the exchange's history differs.");
    Family<Counter> &reconnects = counter("tapekeeper_reconnects_total", "Attempts to reconnect by cause and outcome.");
    Family<Gauge> &streams = gauge("tapekeeper_streams", "Streams by state.");
    Family<Gauge> &spoolBytes = gauge("tapekeeper_spool_bytes", "Size of the spool on disk.");
    Family<Gauge> &spoolWaiting =
        gauge("tapekeeper_spool_waiting_bytes", "Bytes in the spool that the database has not confirmed.");
    Family<Counter> &delivered =
        counter("tapekeeper_points_delivered_total", "Points the database has confirmed, resent ones included.");
    Family<Counter> &refusedLines =
        counter("tapekeeper_lines_refused_total", "Lines the database refused for good; they are in the dead letters.");
    Family<Counter> &lostPoints = counter("tapekeeper_audit_lost_points_total",
                                          "Points the database had confirmed and an audit did not find there.");
    Family<Gauge> &spoolAge =
        gauge("tapekeeper_spool_oldest_record_age_seconds", "Age of the oldest record the store has not confirmed.");
    Family<Counter> &storeErrors = counter("tapekeeper_store_errors_total", "Failed writes to the store by code.");
    Family<Gauge> &gapsOpen = gauge("tapekeeper_gaps_open", "Gaps known and not yet settled.");
    Family<Counter> &gapsOpened = counter("tapekeeper_gaps_opened_total", "Gaps found.");
    Family<Counter> &gapsRepaired =
        counter("tapekeeper_gaps_repaired_total", "Gaps whose repair the store has confirmed.");
    Family<Counter> &gapsUnfillable = counter("tapekeeper_gaps_unfillable_total", "Gaps the exchange has no data for.");
    Family<Gauge> &restWeight =
        gauge("tapekeeper_rest_weight_used", "REST weight used in the present window, as the exchange counts it.");
    Family<Counter> &restRequests =
        counter("tapekeeper_rest_requests_total", "REST requests by status (0: no answer).");
    Family<Histogram> &eventToStored = prometheus::BuildHistogram()
                                           .Name("tapekeeper_event_to_stored_seconds")
                                           .Help("From the exchange's event time to the store's confirmation.")
                                           .Register(registry);
    Family<Gauge> &clockOffset =
        gauge("tapekeeper_clock_offset_seconds", "How far the exchange's clock is ahead of this machine's.");
    Family<Gauge> &queueWaiting = gauge("tapekeeper_queue_waiting", "Items that wait in a queue between threads.");
    Family<Counter> &queueRefused = counter("tapekeeper_queue_refused_total", "Items a full queue has refused.");
    Family<Counter> &pushes = counter("tapekeeper_pushes_total", "Pushes of files to other hosts by outcome.");
    Family<Counter> &pushedRows = counter("tapekeeper_pushed_rows_total", "Rows added to the files of other hosts.");
    Family<Gauge> &lastPush = gauge("tapekeeper_last_push_time_seconds",
                                    "When all files of a host were last brought up to date, since 1970; 0: not yet.");
    Family<Gauge> &hostUp = gauge("tapekeeper_host_up", "Whether a host answers.");
    Family<Gauge> &hostTroubles = gauge("tapekeeper_host_troubles", "Units, files and disks of a host that are bad.");
    Family<Gauge> &hostBehind =
        gauge("tapekeeper_host_behind_seconds", "How long the newest candles of a host's files have been due at most.");
    Family<Gauge> &buildInfo = gauge("tapekeeper_build_info", "Always 1; the version is in the labels.");

    Counter &cpu = counter("process_cpu_seconds_total", "User and system time.").Add({});
    Gauge &resident = gauge("process_resident_memory_bytes", "Resident memory.").Add({});
    Gauge &virtualSize = gauge("process_virtual_memory_bytes", "Virtual memory.").Add({});
    Gauge &openFiles = gauge("process_open_fds", "Open file descriptors.").Add({});
    Gauge &maxFiles = gauge("process_max_fds", "Most file descriptors this process may open.").Add({});
    Gauge &threads = gauge("process_threads", "Threads.").Add({});
    Gauge &start = gauge("process_start_time_seconds", "When the process started, since 1970.").Add({});
};

Metrics::Metrics()
    : m_families(std::make_unique<Families>())
{
    Families &all = *m_families;
    for (const std::string_view kind : recordKinds)
        all.recordsStored.Add({{"kind", std::string(kind)}});
    for (Families::Family<Counter> *family : {&all.candlesCorrected, &all.gapsOpened, &all.gapsRepaired,
                                              &all.gapsUnfillable, &all.delivered, &all.refusedLines, &all.lostPoints})
        family->Add({});
    for (Families::Family<Gauge> *family :
         {&all.spoolBytes, &all.spoolWaiting, &all.spoolAge, &all.gapsOpen, &all.clockOffset})
        family->Add({});
    all.eventToStored.Add({}, latencyBounds);
    all.buildInfo.Add({{"version", TAPEKEEPER_VERSION}, {"qt", qVersion()}}).Set(1);
}

Metrics::~Metrics() = default;

void Metrics::addExchange(const QString &exchange, const QStringList &routes)
{
    QStringList known;
    {
        const QMutexLocker lock(&m_families->mutex);
        if (!m_families->exchanges.contains(exchange))
            m_families->exchanges.append(exchange);
        known = m_families->exchanges;
    }
    if (known.size() == 2)
        m_families->relabelAll({}, {{"exchange", known.front().toStdString()}});
    gapsOpen(exchange);
    gapsOpened(exchange);
    gapsRepaired(exchange);
    gapsUnfillable(exchange);
    clockOffset(exchange);
    for (const QString &route : routes) {
        frames(exchange, route);
        frameBytes(exchange, route);
    }
    framesBroken(exchange);
    for (size_t state = 0; state < streamStateNames.size(); ++state)
        streams(exchange, StreamState(state));
    restWeightUsed(exchange);
    restRequests(exchange, 200);
    for (const char *status : {"ok", "failed"}) // a rate over what does not exist yet would miss the first one
        reconnects(exchange, QStringLiteral("closed"), QLatin1String(status));
}

void Metrics::forgetExchange(const QString &exchange)
{
    Families &all = *m_families;
    QStringList left;
    {
        const QMutexLocker lock(&all.mutex);
        if (!all.exchanges.removeOne(exchange))
            return;
        left = all.exchanges;
        for (auto &[family, known] : all.seen)
            std::erase_if(known, [name = exchange.toStdString()](const Labels &labels) {
                const auto found = labels.find("exchange");
                return found != labels.end() && found->second == name;
            });
    }
    for (Families::Family<Counter> *family :
         {&all.frames, &all.frameBytes, &all.framesUnhandled, &all.framesBroken, &all.reconnects, &all.restRequests,
          &all.gapsOpened, &all.gapsRepaired, &all.gapsUnfillable})
        Families::removeOf(*family, exchange.toStdString());
    for (Families::Family<Gauge> *family : {&all.streams, &all.restWeight, &all.gapsOpen, &all.clockOffset})
        Families::removeOf(*family, exchange.toStdString());
    if (left.size() == 1)
        all.relabelAll({{"exchange", left.front().toStdString()}}, {});
}

Counter &Metrics::frames(const QString &exchange, const QString &route)
{
    return m_families->frames.Add({{"exchange", exchange.toStdString()}, {"route", route.toStdString()}});
}

Counter &Metrics::pushes(const QString &host, bool good)
{
    return m_families->bounded(m_families->pushes, {{"host", host.toStdString()}, {"status", good ? "ok" : "failed"}},
                               "host");
}

Counter &Metrics::pushedRows(const QString &host)
{
    return m_families->bounded(m_families->pushedRows, {{"host", host.toStdString()}}, "host");
}

Gauge &Metrics::lastPush(const QString &host)
{
    return m_families->bounded(m_families->lastPush, {{"host", host.toStdString()}}, "host");
}

Counter &Metrics::frameBytes(const QString &exchange, const QString &route)
{
    return m_families->frameBytes.Add({{"exchange", exchange.toStdString()}, {"route", route.toStdString()}});
}

Counter &Metrics::framesUnhandled(const QString &exchange, const QString &kind)
{
    return m_families->bounded(m_families->framesUnhandled,
                               {{"exchange", exchange.toStdString()}, {"kind", kind.toStdString()}}, "kind");
}

Counter &Metrics::framesBroken(const QString &exchange)
{
    return m_families->framesBroken.Add({{"exchange", exchange.toStdString()}});
}

Counter &Metrics::recordsStored(RecordKind kind)
{
    return m_families->recordsStored.Add({{"kind", std::string(recordKinds[size_t(kind)])}});
}

Counter &Metrics::candlesCorrected()
{
    return m_families->candlesCorrected.Add({});
}

Counter &Metrics::reconnects(const QString &exchange, const QString &reason, const QString &status)
{
    return m_families->bounded(
        m_families->reconnects,
        {{"exchange", exchange.toStdString()}, {"reason", reason.toStdString()}, {"status", status.toStdString()}},
        "reason");
}

Gauge &Metrics::streams(const QString &exchange, StreamState state)
{
    return m_families->streams.Add(
        {{"exchange", exchange.toStdString()}, {"state", std::string(streamStateName(state))}});
}

Gauge &Metrics::spoolBytes()
{
    return m_families->spoolBytes.Add({});
}

Gauge &Metrics::spoolWaitingBytes()
{
    return m_families->spoolWaiting.Add({});
}

Counter &Metrics::pointsDelivered()
{
    return m_families->delivered.Add({});
}

Counter &Metrics::linesRefused()
{
    return m_families->refusedLines.Add({});
}

Counter &Metrics::auditLost()
{
    return m_families->lostPoints.Add({});
}

Gauge &Metrics::spoolOldestRecordAge()
{
    return m_families->spoolAge.Add({});
}

Counter &Metrics::storeErrors(const QString &code)
{
    return m_families->bounded(m_families->storeErrors, {{"code", code.toStdString()}}, "code");
}

Gauge &Metrics::gapsOpen(const QString &exchange)
{
    return m_families->gapsOpen.Add(m_families->ofExchange(exchange));
}

Counter &Metrics::gapsOpened(const QString &exchange)
{
    return m_families->gapsOpened.Add(m_families->ofExchange(exchange));
}

Counter &Metrics::gapsRepaired(const QString &exchange)
{
    return m_families->gapsRepaired.Add(m_families->ofExchange(exchange));
}

Counter &Metrics::gapsUnfillable(const QString &exchange)
{
    return m_families->gapsUnfillable.Add(m_families->ofExchange(exchange));
}

Gauge &Metrics::restWeightUsed(const QString &exchange)
{
    return m_families->restWeight.Add({{"exchange", exchange.toStdString()}});
}

Counter &Metrics::restRequests(const QString &exchange, int status)
{
    return m_families->bounded(m_families->restRequests,
                               {{"exchange", exchange.toStdString()}, {"status", std::to_string(status)}}, "status");
}

Histogram &Metrics::eventToStored()
{
    return m_families->eventToStored.Add({}, latencyBounds);
}

Gauge &Metrics::clockOffset(const QString &exchange)
{
    return m_families->clockOffset.Add(m_families->ofExchange(exchange));
}

Gauge &Metrics::queueWaiting(const QString &queue)
{
    return m_families->queueWaiting.Add({{"queue", queue.toStdString()}});
}

Gauge &Metrics::hostUp(const QString &host)
{
    return m_families->hostUp.Add({{"host", host.toStdString()}});
}

Gauge &Metrics::hostTroubles(const QString &host)
{
    return m_families->hostTroubles.Add({{"host", host.toStdString()}});
}

Gauge &Metrics::hostBehind(const QString &host)
{
    return m_families->hostBehind.Add({{"host", host.toStdString()}});
}

void Metrics::forgetHost(const QString &host)
{
    const Labels labels{{"host", host.toStdString()}};
    for (Families::Family<Gauge> *family : {&m_families->hostUp, &m_families->hostTroubles, &m_families->hostBehind})
        family->Remove(&family->Add(labels));
}

Counter &Metrics::queueRefused(const QString &queue)
{
    return m_families->queueRefused.Add({{"queue", queue.toStdString()}});
}

std::string Metrics::text()
{
    Families &all = *m_families;
    {
        const QMutexLocker lock(&all.mutex);
        const ProcessStats stats = ProcessStats::read();
        all.cpu.Increment(std::max(0.0, stats.cpuSeconds - all.cpu.Value()));
        all.resident.Set(stats.residentBytes);
        all.virtualSize.Set(stats.virtualBytes);
        all.openFiles.Set(stats.openFiles);
        all.maxFiles.Set(stats.maxFiles);
        all.threads.Set(stats.threads);
        all.start.Set(stats.startSeconds);
    }
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, all.registry.Collect());
    return std::move(out).str();
}

} // namespace tk::telemetry
