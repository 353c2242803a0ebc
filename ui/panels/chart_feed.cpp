#include "ui/panels/chart_feed.h"

#include <QJsonArray>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr qint64 firstLoad = 1'500;
constexpr qint64 olderLoad = 3'000;
constexpr qint64 mostToGoal = 20'000;     // candles that are loaded to reach a far span
constexpr milliseconds markStep{180'000}; // mark prices are stored once a minute

std::vector<Candle> candlesOf(const QJsonValue &rows)
{
    std::vector<Candle> candles;
    for (const QJsonValue &row : rows.toArray()) {
        if (const auto candle = monitor::candleFromJson(row.toArray()))
            candles.push_back(*candle);
    }
    return candles;
}

std::vector<LinePoint> pointsOf(const QJsonValue &rows)
{
    std::vector<LinePoint> points;
    for (const QJsonValue &row : rows.toArray())
        points.push_back({fromMs(row[0].toInteger()), row[1].toString().toDouble()});
    return points;
}

} // namespace

ChartFeed::ChartFeed(monitor::EngineView &engine, CandleChart &chart)
    : QObject(&chart)
    , m_engine(engine)
    , m_chart(chart)
{
    connect(&chart, &CandleChart::olderWanted, this, &ChartFeed::loadOlder);
    connect(&engine.candles(), &monitor::LiveCandles::moved, this,
            [this](const QString &series, const std::optional<Candle> &closed, const std::optional<Candle> &forming) {
                if (series != monitor::seriesText(m_series))
                    return;
                if (closed) {
                    m_chart.putCandle(*closed);
                    showGaps();
                }
                if (forming && (!closed || forming->open_time > closed->open_time))
                    m_chart.updateForming(*forming);
                else
                    m_chart.clearForming();
            });
    connect(&engine.gaps(), &monitor::GapBook::changed, this, &ChartFeed::showGaps);
    connect(&engine.gaps(), &monitor::GapBook::closed, this, [this](const monitor::GapView &gap) {
        if (gap.pairKey() == m_series.exchange + u' ' + m_series.pair)
            refill(gap.from, toMs(gap.to) != 0 ? gap.to : m_engine.now());
    });
    connect(&engine.pairs(), &monitor::PairBook::changed, this, &ChartFeed::takeMark);
    connect(&engine.health(), &monitor::HealthBook::updated, this, &ChartFeed::catchUp);
    connect(&engine.connection(), &monitor::EngineConnection::stateChanged, this, [this] {
        const monitor::EngineConnection &connection = m_engine.connection();
        if (!connection.isConnected()) {
            if (toMs(connection.lastSeen()) != 0)
                m_chart.setStaleSince(connection.lastSeen());
            return;
        }
        m_chart.setStaleSince({});
        if (!m_series.pair.isEmpty())
            show(m_series); // what came while we were away
    });
    connect(&m_clock, &QTimer::timeout, this, [this] {
        if (!m_engine.connection().isConnected())
            return;
        m_chart.setNow(m_engine.now());
        showGaps(); // what is due grows with time
    });
    m_clock.start(1'000);
}

ChartFeed::~ChartFeed()
{
    if (m_looking)
        m_engine.candles().lookAway(m_series);
}

void ChartFeed::show(const SeriesKey &series)
{
    const bool same = series == m_series;
    if (m_looking)
        m_engine.candles().lookAway(m_series);
    m_series = series;
    m_looking = true;
    m_engine.candles().look(m_series);
    if (!same) {
        m_unfillable.clear();
        m_chart.setSubject(series.pair, series.timeframe);
    }
    m_complete = false;
    m_loadingOlder = false;
    ++m_generation;
    m_chart.setNow(m_engine.now());
    load();
    loadOverlays();
    showGaps();
}

void ChartFeed::ask(const QString &command, const QJsonObject &more, std::function<void(const QJsonObject &)> take,
                    bool required)
{
    QJsonObject args{{QStringLiteral("exchange"), m_series.exchange},
                     {QStringLiteral("pair"), m_series.pair},
                     {QStringLiteral("timeframe"), timeframeText(m_series.timeframe)}};
    for (auto arg = more.constBegin(); arg != more.constEnd(); ++arg)
        args.insert(arg.key(), arg.value());
    m_engine.connection().ask(
        command, args, this,
        [this, generation = m_generation, take = std::move(take), required](const Result<QJsonValue> &answer) {
            if (generation != m_generation)
                return; // of another subject
            m_chart.setLoading(false);
            m_loadingOlder = false;
            if (answer)
                take(answer->toObject());
            else if (required && m_chart.series().isEmpty())
                m_chart.setError(answer.error().message);
        });
}

void ChartFeed::load()
{
    m_chart.setLoading(true);
    ask(
        QStringLiteral("candles"), {{QStringLiteral("limit"), firstLoad}},
        [this](const QJsonObject &answer) {
            takeUnfillable(answer.value(QLatin1String("unfillable")));
            std::vector<Candle> candles = candlesOf(answer.value(QLatin1String("candles")));
            const UtcTime first = fromMs(answer.value(QLatin1String("first")).toInteger());
            m_complete = candles.empty() || candles.front().open_time <= first;
            m_chart.setError({});
            m_chart.setEmptyText(tr("No stored candles of %1 %2 yet. The first fill brings them, or a backfill.")
                                     .arg(m_series.pair, timeframeText(m_series.timeframe)));
            m_chart.setCandles(std::move(candles));
            m_chart.setHasOlder(!m_complete);
            showGaps();
            if (const auto goal = std::exchange(m_goal, std::nullopt))
                goTo(goal->from, goal->to);
        },
        true);
}

void ChartFeed::loadOlder(UtcTime before)
{
    if (m_complete || m_loadingOlder)
        return;
    m_loadingOlder = true;
    m_chart.setLoading(true);
    qint64 limit = olderLoad;
    if (m_goal)
        limit = std::clamp<qint64>(
            candlesBetween(m_series.timeframe, candleOpen(m_series.timeframe, m_goal->from), before) + 200, olderLoad,
            mostToGoal);
    ask(
        QStringLiteral("candles"), {{QStringLiteral("to"), toMs(before)}, {QStringLiteral("limit"), limit}},
        [this, before](const QJsonObject &answer) {
            std::vector<Candle> candles = candlesOf(answer.value(QLatin1String("candles")));
            const UtcTime first = fromMs(answer.value(QLatin1String("first")).toInteger());
            m_complete = candles.empty() || candles.front().open_time <= first;
            m_chart.setHasOlder(!m_complete);
            if (!candles.empty())
                m_chart.prependCandles(std::move(candles));
            showGaps();
            if (const auto goal = std::exchange(m_goal, std::nullopt))
                goTo(goal->from, goal->to);
        },
        false);
}

void ChartFeed::goTo(UtcTime from, UtcTime to)
{
    // Room on both sides, so that what led to it can be seen.
    const milliseconds length = std::max<milliseconds>(to - from, nominalLength(m_series.timeframe) * 20);
    const CandleSeries &series = m_chart.series();
    const bool loaded = m_complete || (!series.isEmpty() && series.oldest().open_time <= from);
    if (!loaded) {
        m_goal = tk::TimeSpan{from, to};
        if (!series.isEmpty())
            loadOlder(series.oldest().open_time);
        return;
    }
    m_chart.showSpan(from - length, to + length);
}

// What history brings is told by nobody candle by candle: the chart looks again when more is stored than it shows, and
// when the first fill has ended.
void ChartFeed::catchUp()
{
    if (m_series.pair.isEmpty() || !m_engine.connection().isConnected())
        return;
    bool filling = false;
    for (const monitor::HistoryView &history : m_engine.health().histories())
        filling = filling || history.filling;
    const bool ended = m_filling && !filling;
    m_filling = filling;
    const monitor::PairRow *row = m_engine.pairs().find(m_series.exchange, m_series.pair);
    const UtcTime stored = row ? row->lastFinal(m_series.timeframe) : UtcTime{};
    const CandleSeries &series = m_chart.series();
    const bool behind = toMs(stored) != 0 && (series.isEmpty() || series.newest().open_time <
                                                                      previousCandleOpen(m_series.timeframe, stored));
    const UtcTime now = m_engine.now();
    const bool tooSoon = now - m_caughtUpAt < std::chrono::seconds(5) && now >= m_caughtUpAt;
    if (!ended && (!behind || tooSoon))
        return;
    m_caughtUpAt = now;
    load();
    loadOverlays();
}

void ChartFeed::loadOverlays()
{
    const UtcTime now = m_engine.now();
    const UtcTime from = candlesBefore(m_series.timeframe, candleOpen(m_series.timeframe, now), firstLoad);
    // Mark prices are stored by the minute: a week of them is enough for the eye and light on the wire.
    const UtcTime marksFrom = std::max(from, now - std::chrono::hours(24 * 3));
    const auto span = [&](UtcTime begin) {
        return QJsonObject{{QStringLiteral("from"), toMs(begin)}, {QStringLiteral("to"), toMs(now)}};
    };
    if (toMs(now) == 0)
        return;
    ask(
        QStringLiteral("marks"), span(marksFrom),
        [this](const QJsonObject &answer) {
            m_chart.setMarkPrices(pointsOf(answer.value(QLatin1String("points"))), markStep);
        },
        false);
    ask(
        QStringLiteral("funding"), span(from),
        [this](const QJsonObject &answer) { m_chart.setFundingRates(pointsOf(answer.value(QLatin1String("points")))); },
        false);
}

void ChartFeed::refill(UtcTime from, UtcTime to)
{
    ask(
        QStringLiteral("candles"),
        {{QStringLiteral("from"), toMs(candleOpen(m_series.timeframe, from))},
         {QStringLiteral("to"), toMs(to)},
         {QStringLiteral("limit"), mostToGoal}},
        [this](const QJsonObject &answer) {
            takeUnfillable(answer.value(QLatin1String("unfillable")));
            if (std::vector<Candle> candles = candlesOf(answer.value(QLatin1String("candles"))); !candles.empty())
                m_chart.prependCandles(std::move(candles));
            showGaps();
        },
        false);
}

// A point at the time of the event that told it: a price that nobody tells any more draws no line.
void ChartFeed::takeMark()
{
    const monitor::PairRow *row = m_engine.pairs().find(m_series.exchange, m_series.pair);
    if (!row || row->mark.isEmpty())
        return;
    const auto stream = std::ranges::find(row->streams, QStringLiteral("mark_price"), &monitor::StreamView::kind);
    if (stream == row->streams.end() || stream->last_data - m_lastMark < std::chrono::seconds(2))
        return;
    m_lastMark = stream->last_data;
    m_chart.addMarkPrice({m_lastMark, row->mark.toDouble()});
}

void ChartFeed::takeUnfillable(const QJsonValue &rows)
{
    m_unfillable.clear();
    for (const QJsonValue &row : rows.toArray())
        m_unfillable.push_back({.from = fromMs(row[0].toInteger()),
                                .to = fromMs(row[1].toInteger()),
                                .cause = row[2].toString(),
                                .state = GapState::Unfillable});
    showGaps();
}

void ChartFeed::showGaps()
{
    std::vector<ChartGap> gaps = m_unfillable;
    const QString stream = timeframeText(m_series.timeframe) + QStringLiteral(" candles");
    for (const monitor::GapView &gap : m_engine.gaps().of(m_series.exchange, m_series.pair, stream)) {
        const GapState state = gap.state == QLatin1String("repairing") ? GapState::Repairing
                               : gap.state == QLatin1String("refused") ? GapState::Refused
                                                                       : GapState::Open;
        gaps.push_back({.from = gap.from, .to = gap.to, .cause = gap.cause, .state = state});
    }
    addHoles(gaps);
    m_chart.setGaps(std::move(gaps));
}

// Candles that are missing although no gap of the ledger speaks of them: about to be asked for, or not to be had just
// now.
void ChartFeed::addHoles(std::vector<ChartGap> &gaps) const
{
    const UtcTime now = m_engine.now();
    const Bars bars = m_chart.series().bars();
    const auto add = [&](UtcTime from, UtcTime to) {
        const bool known = std::ranges::any_of(
            gaps, [&](const ChartGap &gap) { return gap.from < to && (toMs(gap.to) == 0 || gap.to > from); });
        if (from < to && !known)
            gaps.push_back({.from = from, .to = to, .cause = tr("no candles stored yet"), .state = GapState::Open});
    };
    for (size_t i = 1; i < bars.size(); ++i)
        add(nextCandleOpen(m_series.timeframe, fromMs(bars[i - 1].open_ms)), fromMs(bars[i].open_ms));
    // A closed mark may be half a minute late, and is asked for then.
    if (!bars.empty() && toMs(now) != 0)
        add(nextCandleOpen(m_series.timeframe, fromMs(bars.back().open_ms)),
            candleOpen(m_series.timeframe, now - std::chrono::seconds(75)));
}

} // namespace tk::ui
