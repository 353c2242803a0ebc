// Every metric of Tapekeeper by name, and their Prometheus text. One object per engine, passed by reference;
// thread-safe. Ask for a counter once, at set-up, and keep the reference: it lives as long as the Metrics, and counting
// is one atomic.
#pragma once

#include "market/stream.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <QStringList>

#include <memory>
#include <string>

namespace tk::telemetry {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;

enum class RecordKind : quint8 { Candle, FundingRate, MarkPrice, Tick };

class Metrics
{
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics &) = delete;
    Metrics &operator=(const Metrics &) = delete;

    // Begins the series of an exchange at 0, so that the first increment of each is seen as one. The metrics of gaps
    // and of the clock have the label `exchange` only while there are several: who has one keeps the series that his
    // dashboards and rules know. What was counted goes on under the new labels.
    void addExchange(const QString &exchange, const QStringList &routes);
    void forgetExchange(const QString &exchange);

    // Labels that come from outside (kinds, codes, reasons) cannot grow without bound: beyond a hundred sets of one
    // metric, further ones are counted under "other".
    Counter &frames(const QString &exchange, const QString &route);
    Counter &frameBytes(const QString &exchange, const QString &route);
    Counter &framesUnhandled(const QString &exchange, const QString &kind);
    Counter &framesBroken(const QString &exchange);
    Counter &recordsStored(RecordKind kind);
    Counter &candlesCorrected();
    Counter &reconnects(const QString &exchange, const QString &reason, const QString &status); // "ok" or "failed"
    Gauge &streams(const QString &exchange, StreamState state);
    Gauge &spoolBytes();
    Gauge &spoolWaitingBytes();
    Counter &pointsDelivered();
    Counter &linesRefused();
    Counter &auditLost();
    Gauge &spoolOldestRecordAge(); // seconds
    Counter &storeErrors(const QString &code);
    Gauge &gapsOpen(const QString &exchange);
    Counter &gapsOpened(const QString &exchange);
    Counter &gapsRepaired(const QString &exchange);
    Counter &gapsUnfillable(const QString &exchange);
    Gauge &restWeightUsed(const QString &exchange);
    Counter &restRequests(const QString &exchange, int status); // 0: no answer came
    Histogram &eventToStored();                                 // seconds
    Gauge &clockOffset(const QString &exchange);                // seconds the exchange's clock is ahead of ours
    Gauge &queueWaiting(const QString &queue);
    Counter &queueRefused(const QString &queue);
    Counter &pushes(const QString &host, bool good); // of files to other hosts
    Counter &pushedRows(const QString &host);
    Gauge &lastPush(const QString &host);     // seconds since 1970, of the last one that was good
    Gauge &hostUp(const QString &host);       // 1 or 0
    Gauge &hostTroubles(const QString &host); // things that are bad there
    Gauge &hostBehind(const QString &host);   // seconds that the newest candles of its files have been due
    void forgetHost(const QString &host);     // nobody looks at it any more

    // Prometheus text format 0.0.4, of this moment; the figures of the process are read now.
    std::string text();

private:
    struct Families;
    std::unique_ptr<Families> m_families;
};

} // namespace tk::telemetry
