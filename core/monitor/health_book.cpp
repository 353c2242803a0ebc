#include "monitor/health_book.h"

#include "base/json_values.h"
#include "link/live_state.h"

#include <QJsonArray>

#include <algorithm>

namespace tk::monitor {

namespace {

constexpr double smoothing = 0.4; // of a new rate

std::optional<milliseconds> spanOf(const QJsonValue &value)
{
    return value.isDouble() ? std::optional(milliseconds(value.toInteger())) : std::nullopt;
}

void smooth(double &rate, qint64 before, qint64 now, double seconds)
{
    if (seconds > 0 && now >= before)
        rate += smoothing * (double(now - before) / seconds - rate);
}

HistoryView historyOf(const QString &exchange, const QJsonObject &object)
{
    const QJsonObject fill = object.value(QLatin1String("first_fill")).toObject();
    return {.exchange = exchange,
            .instruments_known = object.value(QLatin1String("instruments_known")).toBool(),
            .pairs = object.value(QLatin1String("pairs")).toInt(),
            .trouble = object.value(QLatin1String("trouble")).toString(),
            .trouble_since = isoTimeOf(object.value(QLatin1String("trouble_since"))),
            .limit_name = object.value(QLatin1String("limit_name")).toString(QStringLiteral("weight")),
            .limit_used = object.value(QLatin1String("weight_used")).toInt(),
            .limit_allowed = object.value(QLatin1String("weight_limit")).toInt(),
            .limit_window = milliseconds(qint64(object.value(QLatin1String("limit_window_s")).toDouble(60) * 1000)),
            .paused = milliseconds(object.value(QLatin1String("paused_ms")).toInteger()),
            .filling = fill.value(QLatin1String("active")).toBool(),
            .fill_wanted = fill.value(QLatin1String("wanted")).toInteger(),
            .fill_fetched = fill.value(QLatin1String("fetched")).toInteger(),
            .jobs_waiting = object.value(QLatin1String("jobs_waiting")).toInteger(),
            .clock_offset = milliseconds(object.value(QLatin1String("clock_offset_ms")).toInteger()),
            .repairing = object.value(QLatin1String("repairing")).toBool(),
            .gaps_open = object.value(QLatin1String("gaps_open")).toInteger(),
            .gaps_closed = object.value(QLatin1String("gaps_closed")).toInteger(),
            .gaps_unfillable = object.value(QLatin1String("gaps_unfillable")).toInteger()};
}

StoreView storeOf(const QJsonObject &object)
{
    return {.candles = object.value(QLatin1String("stored_candles")).toInteger(),
            .funding = object.value(QLatin1String("stored_funding")).toInteger(),
            .marks = object.value(QLatin1String("stored_marks")).toInteger(),
            .ticks = object.value(QLatin1String("stored_ticks")).toInteger(),
            .errors = object.value(QLatin1String("errors")).toInteger(),
            .trouble = object.value(QLatin1String("trouble")).toString(),
            .trouble_since = isoTimeOf(object.value(QLatin1String("trouble_since"))),
            .losses = stringsOf(object.value(QLatin1String("losses"))),
            .waiting = object.value(QLatin1String("waiting")).toInteger(),
            .last_write = milliseconds(object.value(QLatin1String("last_write_ms")).toInteger()),
            .last_stored = isoTimeOf(object.value(QLatin1String("last_stored")))};
}

DatabaseView databaseOf(const QJsonObject &object)
{
    const QJsonObject spool = object.value(QLatin1String("spool")).toObject();
    qint64 failures = 0;
    const QJsonObject byCode = object.value(QLatin1String("failures")).toObject();
    for (const QJsonValue &count : byCode)
        failures += count.toInteger();
    return {.state = object.value(QLatin1String("state")).toString(),
            .api = object.value(QLatin1String("api")).toString(),
            .trouble = object.value(QLatin1String("trouble")).toString(),
            .advice = object.value(QLatin1String("advice")).toString(),
            .trouble_since = isoTimeOf(object.value(QLatin1String("trouble_since"))),
            .last_delivered = isoTimeOf(object.value(QLatin1String("last_delivered"))),
            .points_per_second = object.value(QLatin1String("points_per_second")).toDouble(),
            .latency = milliseconds(object.value(QLatin1String("latency_ms")).toInteger()),
            .refused_lines = object.value(QLatin1String("refused_lines")).toInteger(),
            .failures = failures,
            .spool_bytes = spool.value(QLatin1String("bytes")).toInteger(),
            .spool_max = spool.value(QLatin1String("max_size")).toInteger(),
            .waiting_bytes = spool.value(QLatin1String("waiting_bytes")).toInteger(),
            .oldest_waiting = isoTimeOf(spool.value(QLatin1String("oldest")))};
}

VerdictView verdictOf(const QJsonObject &object)
{
    return {.level = object.value(QLatin1String("level")).toString(),
            .text = object.value(QLatin1String("text")).toString(),
            .parts = stringsOf(object.value(QLatin1String("parts"))),
            .since = isoTimeOf(object.value(QLatin1String("since")))};
}

EngineInfo engineOf(const QJsonObject &object)
{
    return {.version = object.value(QLatin1String("version")).toString(),
            .pid = object.value(QLatin1String("pid")).toInteger(),
            .started = isoTimeOf(object.value(QLatin1String("started"))),
            .data_dir = object.value(QLatin1String("data_dir")).toString(),
            .config_file = object.value(QLatin1String("config_file")).toString(),
            .exchanges = stringsOf(object.value(QLatin1String("exchanges"))),
            .majors = stringsOf(object.value(QLatin1String("majors"))),
            .verdict = verdictOf(object.value(QLatin1String("verdict")).toObject())};
}

} // namespace

void HealthBook::apply(const QJsonObject &topics, bool whole)
{
    static const QStringList known{QStringLiteral("connections"), QStringLiteral("feed"),     QStringLiteral("history"),
                                   QStringLiteral("store"),       QStringLiteral("database"), QStringLiteral("engine"),
                                   QStringLiteral("process")};
    if (whole)
        m_topics = {};
    bool any = whole;
    for (const QString &topic : known) {
        const QJsonValue told = topics.value(topic);
        if (!told.isObject())
            continue;
        any = true;
        QJsonObject part{{topic, m_topics.value(topic)}};
        link::apply({{topic, told}}, part);
        m_topics.insert(topic, part.value(topic));
        QElapsedTimer &since = m_told[topic];
        const double seconds = since.isValid() && !whole ? double(since.elapsed()) / 1000.0 : 0;
        since.start();
        if (topic == known[0])
            readConnections(seconds);
        else if (topic == known[1])
            readFeeds(seconds);
        else if (topic == known[6])
            readProcess(seconds);
    }
    if (!any)
        return;
    m_histories.clear();
    const QJsonObject histories = m_topics.value(known[2]).toObject();
    for (auto history = histories.constBegin(); history != histories.constEnd(); ++history)
        m_histories.push_back(historyOf(history.key(), history.value().toObject()));
    const auto one = [this](const QString &topic) { return m_topics.value(topic)[topic].toObject(); };
    const QJsonObject store = one(known[3]);
    m_store = store.isEmpty() ? std::nullopt : std::optional(storeOf(store));
    const QJsonObject database = one(known[4]);
    m_database = database.isEmpty() ? std::nullopt : std::optional(databaseOf(database));
    const QJsonObject engine = one(known[5]);
    m_engine = engine.isEmpty() ? std::nullopt : std::optional(engineOf(engine));
    Q_EMIT updated();
}

void HealthBook::readConnections(double seconds)
{
    const std::vector<ConnectionView> before = std::exchange(m_connections, {});
    const QJsonObject all = m_topics.value(QLatin1String("connections")).toObject();
    for (auto entry = all.constBegin(); entry != all.constEnd(); ++entry) {
        const QJsonObject object = entry.value().toObject();
        ConnectionView view{.key = entry.key(),
                            .exchange = object.value(QLatin1String("exchange")).toString(),
                            .route = object.value(QLatin1String("route")).toString(),
                            .label = object.value(QLatin1String("label")).toString(),
                            .state = object.value(QLatin1String("state")).toString(),
                            .cause = object.value(QLatin1String("cause")).toString(),
                            .since = isoTimeOf(object.value(QLatin1String("since"))),
                            .streams = object.value(QLatin1String("streams")).toInt(),
                            .judged = object.value(QLatin1String("judged")).toInt(),
                            .delivering = object.value(QLatin1String("delivering")).toInt(),
                            .sick = object.value(QLatin1String("sick")).toInt(),
                            .age = spanOf(object.value(QLatin1String("age_ms"))),
                            .next_rotation = spanOf(object.value(QLatin1String("next_rotation_ms"))),
                            .frames = object.value(QLatin1String("frames")).toInteger(),
                            .reconnects = object.value(QLatin1String("reconnects")).toInteger(),
                            .failures_in_row = object.value(QLatin1String("failures_in_row")).toInt()};
        const auto was = std::ranges::find(before, view.key, &ConnectionView::key);
        if (was != before.end()) {
            view.frames_per_second = was->frames_per_second;
            smooth(view.frames_per_second, was->frames, view.frames, seconds);
        }
        m_connections.push_back(std::move(view));
    }
}

void HealthBook::readFeeds(double seconds)
{
    const std::vector<FeedView> before = std::exchange(m_feeds, {});
    const QJsonObject all = m_topics.value(QLatin1String("feed")).toObject();
    for (auto entry = all.constBegin(); entry != all.constEnd(); ++entry) {
        const QJsonObject object = entry.value().toObject();
        FeedView view{.exchange = entry.key(),
                      .streams = object.value(QLatin1String("streams")).toInt(),
                      .majors = object.value(QLatin1String("majors")).toInt(),
                      .stale_majors = stringsOf(object.value(QLatin1String("stale_majors"))),
                      .frames = object.value(QLatin1String("frames")).toInteger(),
                      .broken_frames = object.value(QLatin1String("broken_frames")).toInteger(),
                      .final_candles = object.value(QLatin1String("final_candles")).toInteger(),
                      .refused_records = object.value(QLatin1String("refused_records")).toInteger(),
                      .reconnects = object.value(QLatin1String("reconnects")).toInteger()};
        const QJsonObject states = object.value(QLatin1String("streams_by_state")).toObject();
        for (size_t i = 0; i < streamStateNames.size(); ++i)
            view.by_state[i] =
                states.value(QLatin1String(streamStateNames[i].data(), qsizetype(streamStateNames[i].size()))).toInt();
        const auto was = std::ranges::find(before, view.exchange, &FeedView::exchange);
        if (was != before.end()) {
            view.frames_per_second = was->frames_per_second;
            smooth(view.frames_per_second, was->frames, view.frames, seconds);
        }
        m_feeds.push_back(std::move(view));
    }
}

void HealthBook::readProcess(double seconds)
{
    const QJsonObject object = m_topics.value(QLatin1String("process"))[QLatin1String("process")].toObject();
    const double cpu = object.value(QLatin1String("cpu_seconds")).toDouble();
    ProcessView view = m_process.value_or(ProcessView{});
    view.resident_bytes = object.value(QLatin1String("resident_bytes")).toInteger();
    if (seconds > 0 && m_cpuSeconds >= 0 && cpu >= m_cpuSeconds)
        view.cpu_percent += smoothing * (100.0 * (cpu - m_cpuSeconds) / seconds - view.cpu_percent);
    m_cpuSeconds = cpu;
    m_process = view;
}

HistoryView togetherOf(const std::vector<HistoryView> &histories)
{
    if (histories.size() == 1)
        return histories.front();
    HistoryView all{.instruments_known = true, .repairing = true};
    for (const HistoryView &one : histories) {
        all.instruments_known = all.instruments_known && one.instruments_known;
        all.pairs += one.pairs;
        if (!one.trouble.isEmpty() && (all.trouble.isEmpty() || one.trouble_since < all.trouble_since)) {
            all.trouble = one.exchange + QStringLiteral(": ") + one.trouble;
            all.trouble_since = one.trouble_since;
        }
        // Budgets of their own: the one that has least left.
        if (all.limit_allowed == 0 ||
            qint64(one.limit_used) * all.limit_allowed > qint64(all.limit_used) * one.limit_allowed) {
            all.limit_name = one.limit_name;
            all.limit_used = one.limit_used;
            all.limit_allowed = one.limit_allowed;
            all.limit_window = one.limit_window;
        }
        all.paused = std::max(all.paused, one.paused);
        all.filling = all.filling || one.filling;
        all.fill_wanted += one.filling ? one.fill_wanted : 0;
        all.fill_fetched += one.filling ? one.fill_fetched : 0;
        all.jobs_waiting += one.jobs_waiting;
        if (std::chrono::abs(one.clock_offset) > std::chrono::abs(all.clock_offset))
            all.clock_offset = one.clock_offset;
        all.repairing = all.repairing && (one.gaps_open == 0 || one.repairing);
        all.gaps_open += one.gaps_open;
        all.gaps_closed += one.gaps_closed;
        all.gaps_unfillable += one.gaps_unfillable;
    }
    return all;
}

} // namespace tk::monitor
