#include "app/live_topics.h"

#include "app/store_health.h"
#include "telemetry/process_stats.h"

#include <QJsonArray>

namespace tk::app {

namespace {

QString latin(std::string_view text)
{
    return QString::fromLatin1(text.data(), qsizetype(text.size()));
}

// One topic as it is now: sets what is there, removes what is not any more.
class Topic
{
public:
    Topic(QString name, link::LiveState &state)
        : m_name(std::move(name))
        , m_state(state)
        , m_before(state.snapshot().value(m_name).toObject())
    {}
    ~Topic()
    {
        for (auto old = m_before.constBegin(); old != m_before.constEnd(); ++old)
            m_state.remove(m_name, old.key());
    }
    Topic(const Topic &) = delete;
    Topic &operator=(const Topic &) = delete;

    void set(const QString &key, const QJsonObject &value)
    {
        m_state.set(m_name, key, value);
        m_before.remove(key);
    }

private:
    QString m_name;
    link::LiveState &m_state;
    QJsonObject m_before;
};

} // namespace

QJsonValue timeValue(UtcTime time)
{
    return toMs(time) == 0 ? QJsonValue() : QJsonValue(isoText(time));
}

QString stateText(StreamState state)
{
    return latin(streamStateName(state));
}

QJsonObject streamObject(const feed::StreamRow &row)
{
    return {{QStringLiteral("exchange"), row.key.exchange},  {QStringLiteral("pair"), row.key.pair},
            {QStringLiteral("stream"), row.key.kindText()},  {QStringLiteral("state"), stateText(row.state)},
            {QStringLiteral("since"), timeValue(row.since)}, {QStringLiteral("last_data"), timeValue(row.last_event)},
            {QStringLiteral("frames"), qint64(row.frames)},  {QStringLiteral("cause"), row.cause}};
}

QJsonObject connectionObject(const QString &exchange, const feed::ConnectionRow &row)
{
    const bool sick = row.up && toMs(row.down_since) == 0;
    return {{QStringLiteral("exchange"), exchange},
            {QStringLiteral("route"), row.label.section(u'#', 0, 0)},
            {QStringLiteral("label"), row.label},
            {QStringLiteral("state"), latin(row.state())},
            {QStringLiteral("down_since"), row.up ? QJsonValue() : timeValue(row.down_since)},
            {QStringLiteral("since"), timeValue(sick ? row.sick_since : row.down_since)},
            {QStringLiteral("cause"), sick ? row.sick_cause : row.down_cause},
            {QStringLiteral("streams"), row.streams},
            {QStringLiteral("judged"), row.judged},
            {QStringLiteral("delivering"), row.delivering},
            {QStringLiteral("sick"), row.sick},
            {QStringLiteral("age_ms"), row.up ? QJsonValue(qint64(row.age.count())) : QJsonValue()},
            {QStringLiteral("next_rotation_ms"), row.up ? QJsonValue(qint64(row.next_rotation.count())) : QJsonValue()},
            {QStringLiteral("frames"), qint64(row.frames)},
            {QStringLiteral("reconnects"), qint64(row.reconnects)},
            {QStringLiteral("failures_in_row"), row.failures_in_row}};
}

QJsonObject feedCounts(const feed::FeedSnapshot &feed)
{
    QJsonObject states;
    for (size_t i = 0; i < streamStateNames.size(); ++i)
        states.insert(latin(streamStateNames[i]), feed.streams_by_state[i]);
    QJsonArray majors;
    for (const QString &pair : feed.stale_majors)
        majors.append(pair);
    return {{QStringLiteral("streams"), qint64(feed.streams.size())},
            {QStringLiteral("streams_by_state"), states},
            {QStringLiteral("majors"), feed.majors},
            {QStringLiteral("stale_majors"), majors},
            {QStringLiteral("waiting_majors"), qint64(feed.waiting_majors.size())},
            {QStringLiteral("waiting_since"), timeValue(feed.waiting_since)},
            {QStringLiteral("frames"), qint64(feed.frames)},
            {QStringLiteral("bytes"), qint64(feed.bytes)},
            {QStringLiteral("broken_frames"), qint64(feed.broken_frames)},
            {QStringLiteral("final_candles"), qint64(feed.final_candles)},
            {QStringLiteral("refused_records"), qint64(feed.refused_records)},
            {QStringLiteral("reconnects"), qint64(feed.reconnects)}};
}

QJsonObject historyObject(const history::HistorySnapshot &history)
{
    const QJsonObject fill{{QStringLiteral("active"), history.fill.active},
                           {QStringLiteral("done"), history.fill.done},
                           {QStringLiteral("wanted"), history.fill.wanted},
                           {QStringLiteral("fetched"), history.fill.fetched},
                           {QStringLiteral("requests_left"), history.fill.requests_left}};
    return {{QStringLiteral("instruments_known"), history.instruments_known},
            {QStringLiteral("pairs"), history.pairs},
            {QStringLiteral("trouble"), history.trouble},
            {QStringLiteral("trouble_since"), timeValue(history.trouble_since)},
            {QStringLiteral("ledger_trouble"), history.ledger_trouble},
            {QStringLiteral("weight_used"), history.limit_used},
            {QStringLiteral("weight_limit"), history.limit_allowed},
            {QStringLiteral("limit_name"), history.limit_name},
            {QStringLiteral("limit_window_s"), double(history.limit_window.count()) / 1000},
            {QStringLiteral("paused_ms"), qint64(history.paused_for.count())},
            {QStringLiteral("first_fill"), fill},
            {QStringLiteral("jobs_waiting"), qint64(history.jobs_waiting)},
            {QStringLiteral("in_flight"), history.in_flight},
            {QStringLiteral("clock_offset_ms"), qint64(history.clock_offset.count())},
            {QStringLiteral("gaps_open"), qint64(history.open_gaps.size())},
            {QStringLiteral("gaps_lost"), qint64(history.loss_gaps)},
            {QStringLiteral("gaps_refused"), qint64(history.refused_gaps)},
            {QStringLiteral("repairing"), history.repairing},
            {QStringLiteral("waits"), history.waits},
            {QStringLiteral("gaps_opened"), qint64(history.gaps_opened)},
            {QStringLiteral("gaps_closed"), qint64(history.gaps_closed)},
            {QStringLiteral("gaps_unfillable"), qint64(history.gaps_unfillable)}};
}

QJsonObject storeObject(const store::StoreSnapshot &store, const QStringList &losses)
{
    return {{QStringLiteral("stored_candles"), qint64(store.stored_candles)},
            {QStringLiteral("stored_funding"), qint64(store.stored_funding)},
            {QStringLiteral("stored_marks"), qint64(store.stored_marks)},
            {QStringLiteral("stored_ticks"), qint64(store.stored_ticks)},
            {QStringLiteral("corrected"), qint64(store.corrected)},
            {QStringLiteral("errors"), qint64(store.errors)},
            {QStringLiteral("trouble"), store.trouble},
            {QStringLiteral("trouble_since"), timeValue(store.trouble_since)},
            {QStringLiteral("losses"), QJsonArray::fromStringList(losses)},
            {QStringLiteral("waiting"), qint64(store.waiting)},
            {QStringLiteral("last_write_ms"), qint64(store.last_write.count())},
            {QStringLiteral("last_stored"), timeValue(store.last_stored)}};
}

QJsonObject databaseObject(const store::influx::SenderSnapshot &sender, const store::influx::AuditSnapshot *audit)
{
    QJsonObject lanes;
    for (const store::Lane lane : store::allLanes) {
        const store::SpoolFigures::OfLane &figures = sender.spool.lanes[size_t(lane)];
        lanes.insert(latin(store::laneName(lane)),
                     QJsonObject{{QStringLiteral("waiting_entries"), figures.waiting_entries},
                                 {QStringLiteral("waiting_bytes"), figures.waiting_bytes},
                                 {QStringLiteral("oldest"), timeValue(figures.oldest_waiting)}});
    }
    const QJsonObject spool{{QStringLiteral("bytes"), sender.spool.bytes_on_disk},
                            {QStringLiteral("max_size"), sender.spool.max_size},
                            {QStringLiteral("waiting_bytes"), sender.spool.waitingBytes()},
                            {QStringLiteral("oldest"), timeValue(sender.spool.oldestWaiting())},
                            {QStringLiteral("evicted_entries"), qint64(sender.spool.evicted_entries)},
                            {QStringLiteral("damaged_bytes"), qint64(sender.spool.damaged_bytes)},
                            {QStringLiteral("lanes"), lanes}};
    QJsonObject failures;
    for (const auto &[code, count] : sender.failures)
        failures.insert(code, qint64(count));
    QJsonArray refusals;
    for (const store::influx::Refusal &refusal : sender.refusals)
        refusals.append(QJsonObject{{QStringLiteral("measurement"), refusal.measurement},
                                    {QStringLiteral("reason"), refusal.reason},
                                    {QStringLiteral("advice"), refusal.advice},
                                    {QStringLiteral("since"), timeValue(refusal.since)},
                                    {QStringLiteral("lines"), qint64(refusal.lines)}});
    QJsonObject object{
        {QStringLiteral("state"), latin(store::influx::senderStateNames[size_t(sender.state)])},
        {QStringLiteral("api"), latin(sender.api)},
        {QStringLiteral("trouble"), sender.trouble},
        {QStringLiteral("advice"), sender.advice},
        {QStringLiteral("trouble_since"), sender.trouble.isEmpty() ? QJsonValue() : timeValue(sender.trouble_since)},
        {QStringLiteral("last_delivered"), timeValue(sender.last_delivered)},
        {QStringLiteral("points"), qint64(sender.points)},
        {QStringLiteral("points_per_second"), sender.points_per_second},
        {QStringLiteral("requests"), qint64(sender.requests)},
        {QStringLiteral("refused_lines"), qint64(sender.refused_lines)},
        {QStringLiteral("aged_lines"), qint64(sender.aged_lines)},
        {QStringLiteral("refusals"), refusals},
        {QStringLiteral("retention_ms"),
         sender.retention ? QJsonValue(qint64(sender.retention->count())) : QJsonValue()},
        {QStringLiteral("latency_ms"), qint64(sender.latency.count())},
        {QStringLiteral("failures"), failures},
        {QStringLiteral("spool"), spool}};
    if (audit)
        object.insert(QStringLiteral("audit"), QJsonObject{{QStringLiteral("last_pass"), timeValue(audit->last_pass)},
                                                           {QStringLiteral("passes"), qint64(audit->passes)},
                                                           {QStringLiteral("series_days"), qint64(audit->series_days)},
                                                           {QStringLiteral("lost"), qint64(audit->lost)},
                                                           {QStringLiteral("resent"), qint64(audit->resent)},
                                                           {QStringLiteral("learned"), qint64(audit->learned)},
                                                           {QStringLiteral("impossible"), qint64(audit->impossible)},
                                                           {QStringLiteral("doubt"), audit->doubt},
                                                           {QStringLiteral("trouble"), audit->trouble}});
    return object;
}

QJsonObject gapObject(const Gap &gap, const QString &waits)
{
    const bool waiting = gap.state == GapState::Repairing && toMs(gap.to) != 0 && !waits.isEmpty();
    return {{QStringLiteral("exchange"), gap.stream.exchange},
            {QStringLiteral("pair"), gap.stream.pair},
            {QStringLiteral("stream"), gap.stream.kindText()},
            {QStringLiteral("from"), timeValue(gap.from)},
            {QStringLiteral("to"), timeValue(gap.to)},
            {QStringLiteral("state"), toMs(gap.to) == 0 ? QStringLiteral("down")
                                      : waiting         ? QStringLiteral("waiting")
                                                        : latin(gapStateName(gap.state))},
            {QStringLiteral("cause"), gap.state == GapState::Refused && !gap.reason.isEmpty()
                                          ? gap.cause + QStringLiteral(": ") + gap.reason
                                      : waiting ? gap.cause + QStringLiteral("; waits: ") + waits
                                                : gap.cause},
            {QStringLiteral("opened"), timeValue(gap.opened)}};
}

void showTopics(const Snapshots &snapshots, const LastStored &stored, const QJsonObject &engine, link::LiveState &state)
{
    Topic pairs(QStringLiteral("pairs"), state);
    Topic feeds(QStringLiteral("feed"), state);
    Topic connections(QStringLiteral("connections"), state);
    Topic histories(QStringLiteral("history"), state);
    Topic gaps(QStringLiteral("gaps"), state);
    for (const auto &feed : snapshots.feeds) {
        const QHash<QString, QJsonObject> objects = pairObjects(*feed, stored);
        for (auto pair = objects.cbegin(); pair != objects.cend(); ++pair)
            pairs.set(pair.key(), pair.value());
        feeds.set(feed->exchange, feedCounts(*feed));
        for (const feed::ConnectionRow &row : feed->connections)
            connections.set(feed->exchange + u' ' + row.label, connectionObject(feed->exchange, row));
    }
    for (const auto &history : snapshots.histories) {
        histories.set(history->exchange, historyObject(*history));
        for (const Gap &gap : history->open_gaps)
            gaps.set(QString::number(gap.id), gapObject(gap, history->waits));
    }
    if (snapshots.store)
        state.set(QStringLiteral("store"), QStringLiteral("store"),
                  storeObject(*snapshots.store, storeLosses(snapshots)));
    if (snapshots.sender)
        state.set(QStringLiteral("database"), QStringLiteral("database"),
                  databaseObject(*snapshots.sender, snapshots.audit.get()));
    state.set(QStringLiteral("engine"), QStringLiteral("engine"), engine);
    const auto process = telemetry::ProcessStats::read();
    state.set(QStringLiteral("process"), QStringLiteral("process"),
              {{QStringLiteral("resident_bytes"), qint64(process.residentBytes)},
               {QStringLiteral("cpu_seconds"), process.cpuSeconds}});
}

void showCandles(const std::vector<feed::LiveCandles> &candles, link::LiveState &state)
{
    for (const feed::LiveCandles &series : candles) {
        QJsonObject object;
        if (series.closed)
            object.insert(QStringLiteral("closed"), candleArray(*series.closed));
        if (series.forming)
            object.insert(QStringLiteral("forming"), candleArray(*series.forming));
        state.set(QStringLiteral("candles"), seriesText(series.series), object);
    }
}

void forgetCandles(const QStringList &watched, link::LiveState &state)
{
    const QJsonObject known = state.snapshot().value(QStringLiteral("candles")).toObject();
    for (auto series = known.constBegin(); series != known.constEnd(); ++series) {
        if (!watched.contains(series.key()))
            state.remove(QStringLiteral("candles"), series.key());
    }
}

} // namespace tk::app
