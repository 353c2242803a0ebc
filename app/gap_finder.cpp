#include "app/gap_finder.h"

#include "app/open_store.h"
#include "app/service_settings.h"
#include "base/regular_file.h"
#include "exchange/adapter.h"
#include "exchange/selection.h"
#include "history/gap_keeper.h"
#include "history/reach_note.h"
#include "history/request_planner.h"
#include "store/gap_ledger.h"

#include <QDir>
#include <QHash>
#include <QJsonObject>
#include <QSet>

#include <algorithm>

namespace tk::app {

namespace {

// A candle that closed within the last minute may still be on its way: a closed frame can be 24 s late, and candles
// without trades are read over REST.
constexpr milliseconds onItsWay{60'000};
constexpr milliseconds justClosed{5'000}; // its closed mark may come yet, also where the stream was down before

TimeSpan common(TimeSpan a, TimeSpan b)
{
    return {std::max(a.from, b.from), std::min(a.to, b.to)};
}

class Finder
{
public:
    Finder(const GapSearch &search, store::StoreReader &reader, const std::vector<Gap> &ledger,
           QHash<SeriesKey, UtcTime> reach)
        : m_search(search)
        , m_reader(reader)
        , m_reach(std::move(reach))
    {
        for (const Gap &gap : ledger)
            m_ledger[gap.stream].push_back(gap);
    }

    Status run(const std::vector<store::SeriesSummary> &stored)
    {
        for (const config::ExchangeSettings &exchange : m_search.settings.exchanges) {
            if (const Status status = searchExchange(exchange, stored); !status)
                return status;
        }
        nameUnshown();
        return otherStreams();
    }

    std::vector<GapRow> take()
    {
        const auto order = [](const GapRow &row) {
            return std::tuple(row.stream.pair, row.stream.exchange, row.stream.kind, row.stream.timeframe,
                              row.span.from);
        };
        std::ranges::sort(m_rows, {}, order);
        return std::move(m_rows);
    }

private:
    Status searchExchange(const config::ExchangeSettings &exchange, const std::vector<store::SeriesSummary> &stored);
    void nameUnknown(const config::ExchangeSettings &exchange);
    void nameNotCollected(const config::ExchangeSettings &exchange, const exchange::Selection &selection);
    Status searchSeries(const SeriesKey &series, TimeSpan span, std::optional<UtcTime> first);
    void explain(const StreamKey &stream, TimeSpan hole, bool neverFetched);
    Status otherStreams();
    void nameUnshown();
    GapRow::State stateOf(const Gap &gap) const;
    QString causeOf(const Gap &gap) const;
    std::optional<UtcTime> held(const SeriesKey &series, std::optional<UtcTime> first) const;
    UtcTime knownEnd(const SeriesKey &series) const;
    UtcTime oldestKept() const
    {
        const config::StoreSettings &store = m_search.settings.store;
        const milliseconds configured = usesInflux(m_search.settings) ? store.influx.retention : store.retention;
        const milliseconds retention = m_search.retention.value_or(configured);
        return retention.count() > 0 ? m_search.now - retention : UtcTime{};
    }

    const GapSearch &m_search;
    store::StoreReader &m_reader;
    QHash<SeriesKey, UtcTime> m_reach; // how far back each was held, as the ledger keeps it
    QHash<StreamKey, std::vector<Gap>> m_ledger;
    QSet<SeriesKey> m_searched;
    QSet<qint64> m_shown; // gaps of the ledger that have a row
    std::vector<GapRow> m_rows;
};

Status Finder::searchExchange(const config::ExchangeSettings &exchange, const std::vector<store::SeriesSummary> &stored)
{
    // What the exchange lists, from the engine's newest answer: tells which series must exist, and since when.
    std::vector<exchange::Instrument> listed;
    const QDir folder(m_search.settings.engine.data_dir);
    if (const auto cache = readSmallFile(folder.filePath(QStringLiteral("instruments-%1.json").arg(exchange.name)),
                                         history::mostInstrumentBytes)) {
        const auto adapter = m_search.catalog->makeAdapter(exchange.name);
        auto parsed = adapter ? exchange::parseInstrumentList(*adapter.value(), cache->bytes) : adapter.error();
        if (parsed)
            listed = std::move(parsed).value();
    }
    QHash<QString, UtcTime> collected; // pair, and when it was listed
    const exchange::Selection selection = exchange::select(listed, wantedBy(exchange), {});
    for (const exchange::Instrument &instrument : selection.wanted)
        collected.insert(instrument.unified, instrument.onboard);
    const auto isOurs = [&](const auto &key) { return key.exchange == exchange.name; };
    if (!listed.empty())
        nameNotCollected(exchange, selection);
    else if (std::ranges::none_of(stored, isOurs, &store::SeriesSummary::series) &&
             std::none_of(m_reach.keyBegin(), m_reach.keyEnd(), isOurs) &&
             std::none_of(m_ledger.keyBegin(), m_ledger.keyEnd(), isOurs))
        nameUnknown(exchange);
    const bool candles = exchange.wants(u"candles");
    const auto isCollected = [&](const SeriesKey &series) {
        return candles && collected.contains(series.pair) &&
               std::ranges::find(exchange.timeframes, series.timeframe) != exchange.timeframes.end();
    };
    const auto rangeOf = [&](const SeriesKey &series, UtcTime first, UtcTime end) -> TimeSpan {
        UtcTime from = std::min(first, held(series, {}).value_or(first));
        if (isCollected(series)) {
            from = std::min(from, candlesBefore(series.timeframe, end, exchange.history));
            from = std::max(from, candleOpen(series.timeframe, collected.value(series.pair)));
        }
        if (oldestKept() > from)
            from = nextCandleOpen(series.timeframe, candleOpen(series.timeframe, oldestKept()));
        return {from, end};
    };

    QSet<SeriesKey> present;
    for (const store::SeriesSummary &summary : stored) {
        const SeriesKey &series = summary.series;
        if (series.exchange != exchange.name)
            continue;
        present.insert(series);
        UtcTime end = nextCandleOpen(series.timeframe, summary.last);
        end = std::max(end, knownEnd(series));
        if (m_search.live && isCollected(series))
            end = std::max(end, candleOpen(series.timeframe, m_search.now - onItsWay));
        if (const Status status =
                searchSeries(series, rangeOf(series, summary.first, end), held(series, summary.first));
            !status)
            return status;
    }
    for (auto pair = collected.cbegin(); pair != collected.cend() && candles; ++pair) {
        for (const Timeframe timeframe : exchange.timeframes) {
            const SeriesKey series{exchange.name, pair.key(), timeframe};
            const UtcTime end = candleOpen(timeframe, m_search.now - onItsWay);
            if (present.contains(series))
                continue;
            if (const Status status = searchSeries(series, rangeOf(series, end, end), held(series, {})); !status)
                return status;
        }
    }
    // Nobody knows the list, but the ledger knows what was held.
    for (auto known = m_reach.cbegin(); known != m_reach.cend() && candles && listed.empty(); ++known) {
        const SeriesKey &series = known.key();
        const UtcTime end = candleOpen(series.timeframe, m_search.now - onItsWay);
        if (series.exchange != exchange.name || present.contains(series))
            continue;
        if (const Status status = searchSeries(series, rangeOf(series, end, end), held(series, {})); !status)
            return status;
    }
    return ok();
}

// What the configuration names and nobody collects: no series of it would ever show a hole.
void Finder::nameNotCollected(const config::ExchangeSettings &exchange, const exchange::Selection &selection)
{
    for (const exchange::NotCollected &pair : notCollected(selection))
        m_rows.push_back({.stream = {exchange.name, pair.pair, StreamKind::Candles,
                                     exchange.timeframes.empty() ? Timeframe::M1 : exchange.timeframes.front()},
                          .missing = {},
                          .state = GapRow::State::NotCollected,
                          .cause = pair.cause});
}

// Neither the exchange's list is there nor a candle, and none ever was, nor any gap: that nothing is missing cannot be
// said of it.
void Finder::nameUnknown(const config::ExchangeSettings &exchange)
{
    for (const QString &pair : exchange.pairs.value_or(QStringList{everyPair}))
        m_rows.push_back({.stream = {exchange.name, pair, StreamKind::Candles,
                                     exchange.timeframes.empty() ? Timeframe::M1 : exchange.timeframes.front()},
                          .missing = {},
                          .state = GapRow::State::NotCollected,
                          .cause = QStringLiteral("nothing is collected so far: the exchange's list of instruments has "
                                                  "not come")});
}

Status Finder::searchSeries(const SeriesKey &series, TimeSpan span, std::optional<UtcTime> first)
{
    const StreamKey stream{series.exchange, series.pair, StreamKind::Candles, series.timeframe};
    m_searched.insert(series);
    if (span.from < span.to) {
        const auto holes = m_reader.holes(series, span);
        if (!holes)
            return holes.error();
        for (const TimeSpan &hole : *holes)
            explain(stream, hole, !first || hole.to <= *first);
    }
    return ok();
}

// How far the ledger knows of gaps in the series: beyond its newest candle, where somebody was killed in the midst of
// them.
UtcTime Finder::knownEnd(const SeriesKey &series) const
{
    UtcTime end{};
    for (const Gap &gap : m_ledger.value({series.exchange, series.pair, StreamKind::Candles, series.timeframe})) {
        if (!gap.isSettled())
            end = std::max(end, toMs(gap.to) == 0 ? m_search.now - onItsWay : gap.to);
    }
    return candleOpen(series.timeframe, std::min(end, UtcTime(m_search.now - onItsWay)));
}

// The oldest candle that the store has or ever had: what is missing behind it was lost, wherever it begins now.
std::optional<UtcTime> Finder::held(const SeriesKey &series, std::optional<UtcTime> first) const
{
    const auto reach = m_reach.constFind(series);
    if (reach == m_reach.constEnd())
        return first;
    return std::min(first.value_or(*reach), *reach);
}

QString Finder::causeOf(const Gap &gap) const
{
    QString cause = gap.cause;
    if (!gap.reason.isEmpty())
        cause += QStringLiteral(": ") + gap.reason;
    if (stateOf(gap) == GapRow::State::Waiting)
        cause += QStringLiteral("; waits: ") + m_search.waits.value(gap.stream.exchange);
    return cause;
}

GapRow::State Finder::stateOf(const Gap &gap) const
{
    const bool waits = m_search.waits.contains(gap.stream.exchange);
    return toMs(gap.to) == 0 && m_search.live  ? GapRow::State::Down
           : gap.state == GapState::Unfillable ? GapRow::State::Unfillable
           : gap.state == GapState::Refused    ? GapRow::State::Refused
           : gap.state != GapState::Repairing  ? GapRow::State::Open
           : waits                             ? GapRow::State::Waiting
                                               : GapRow::State::Repairing;
}

// What the ledger does not call settled is a gap, also where no candle was due in it or all of them are there by now:
// an engine counts it until it has looked.
void Finder::nameUnshown()
{
    for (auto entry = m_ledger.cbegin(); entry != m_ledger.cend(); ++entry) {
        for (const Gap &gap : *entry) {
            const bool past = toMs(gap.to) != 0 && gap.to < oldestKept();
            if (entry.key().kind != StreamKind::Candles || gap.isSettled() || past || m_shown.contains(gap.id))
                continue;
            m_rows.push_back({entry.key(), {gap.from, gap.to}, 0, stateOf(gap), causeOf(gap), false, true, gap.id});
            // Of a series that nobody has searched, the store has nothing, and the exchange's list is not there. Of the
            // others, what has closed within the last minute was not looked for: in a gap it is on no way to us.
            const SeriesKey series{entry.key().exchange, entry.key().pair, entry.key().timeframe};
            TimeSpan risk =
                history::GapKeeper::atRisk(entry.key(), {gap.from, toMs(gap.to) == 0 ? m_search.now : gap.to});
            risk.to = std::min(risk.to, candleOpen(series.timeframe, m_search.now - justClosed));
            if (m_searched.contains(series))
                risk.from = std::max(risk.from, candleOpen(series.timeframe, m_search.now - onItsWay));
            if (risk.from >= risk.to)
                continue;
            if (const auto holes = m_reader.holes(series, risk))
                m_rows.back().missing = history::candleCount(series.timeframe, *holes);
        }
    }
}

// Cuts a hole into the spans that the ledger knows of, and the rest.
void Finder::explain(const StreamKey &stream, TimeSpan hole, bool neverFetched)
{
    std::vector<TimeSpan> unexplained{hole};
    const auto claim = [&](const Gap &gap, GapRow::State state, TimeSpan span) {
        for (const TimeSpan &piece : std::vector(unexplained)) {
            const TimeSpan part = common(piece, span);
            if (part.from >= part.to)
                continue;
            m_shown.insert(gap.id);
            m_rows.push_back({stream, part, candlesBetween(stream.timeframe, part.from, part.to), state, causeOf(gap),
                              neverFetched, true, gap.id});
        }
        unexplained = history::without(unexplained, std::vector{span});
    };
    const std::vector<Gap> known = m_ledger.value(stream);
    for (const Gap &gap : known) {
        if (gap.state == GapState::Unfillable && toMs(gap.to) != 0)
            claim(gap, GapRow::State::Unfillable, {gap.from, gap.to});
    }
    for (const Gap &gap : known) {
        if (gap.isSettled())
            continue;
        const bool ended = toMs(gap.to) != 0;
        const TimeSpan span = history::GapKeeper::atRisk(stream, {gap.from, ended ? gap.to : hole.to});
        if (span.from < span.to)
            claim(gap, stateOf(gap), span);
    }
    for (const TimeSpan &rest : unexplained)
        m_rows.push_back({stream, rest, candlesBetween(stream.timeframe, rest.from, rest.to), GapRow::State::Open,
                          neverFetched ? QStringLiteral("not fetched yet")
                                       : QStringLiteral("found in the store; the ledger does not know of it"),
                          neverFetched});
}

// What is no candle is known from the ledger alone.
Status Finder::otherStreams()
{
    for (auto entry = m_ledger.cbegin(); entry != m_ledger.cend(); ++entry) {
        const StreamKey &stream = entry.key();
        if (stream.kind == StreamKind::Candles)
            continue;
        for (const Gap &gap : *entry) {
            const bool ended = toMs(gap.to) != 0;
            if (ended && gap.to < oldestKept())
                continue;
            // A minute that runs is asked for when it is over; nothing is missing in the future.
            GapRow row{.stream = stream,
                       .span = {gap.from, std::min(gap.to, m_search.now)},
                       .missing = {},
                       .state = stateOf(gap),
                       .cause = causeOf(gap),
                       .named = true,
                       .gap = gap.id};
            if (stream.kind == StreamKind::MarkPrice && ended) {
                const TimeSpan risk = history::GapKeeper::atRisk(stream, {gap.from, gap.to});
                row.missing = 0;
                if (risk.from < risk.to) {
                    const auto holes = m_reader.markHoles(stream.exchange, stream.pair, risk);
                    if (!holes)
                        return holes.error();
                    row.missing = history::candleCount(Timeframe::M1, *holes);
                }
                if (*row.missing == 0 && gap.isSettled())
                    continue; // somebody had them after all
            }
            m_rows.push_back(std::move(row));
        }
    }
    return ok();
}

} // namespace

Result<std::vector<GapRow>> findGaps(const GapSearch &search)
{
    const QString &folder = search.settings.engine.data_dir;
    const auto reader = openReader(search.settings, [now = search.now] { return now; });
    if (!reader)
        return reader.error();
    const QString ledgerFile = QDir(folder).filePath(QStringLiteral("ledger.sqlite"));
    const auto ledger = store::readUnclosedGaps(ledgerFile);
    if (!ledger)
        return ledger.error();
    const auto series = reader.value()->candleSeries();
    if (!series)
        return series.error();
    std::vector<Gap> known = *ledger;
    for (const Gap &gap : search.unwritten) {
        const auto written = std::ranges::find(known, gap.id, &Gap::id);
        if (gap.id > 0 && written != known.end() && toMs(written->to) == 0)
            written->to = gap.to;
        if (gap.id > 0)
            continue;
        known.push_back(gap);
        known.back().id = -qint64(known.size()); // none of the ledger's
    }
    QHash<SeriesKey, UtcTime> reach;
    for (const config::ExchangeSettings &exchange : search.settings.exchanges) {
        const auto note = store::readLedgerNote(ledgerFile, history::reachKey(exchange.name));
        if (!note)
            return note.error();
        reach.insert(history::reachOf(exchange.name, note->value_or(QString())));
    }
    Finder finder(search, *reader.value(), known, std::move(reach));
    if (const Status status = finder.run(*series); !status)
        return status.error();
    return finder.take();
}

QJsonObject toJson(const GapRow &row)
{
    const auto time = [](UtcTime at) { return toMs(at) == 0 ? QJsonValue() : QJsonValue(isoText(at)); };
    const std::string_view state = gapRowStateNames[size_t(row.state)];
    return {{QStringLiteral("exchange"), row.stream.exchange},
            {QStringLiteral("pair"), row.stream.pair},
            {QStringLiteral("stream"), row.stream.kindText()},
            {QStringLiteral("from"), time(row.span.from)},
            {QStringLiteral("to"), time(row.span.to)},
            {QStringLiteral("never_fetched"), row.never_fetched && !row.named},
            {QStringLiteral("missing"), row.missing ? QJsonValue(*row.missing) : QJsonValue()},
            {QStringLiteral("state"), QString::fromLatin1(state.data(), qsizetype(state.size()))},
            {QStringLiteral("cause"), row.cause},
            {QStringLiteral("gap"), row.gap == 0 ? QJsonValue() : QJsonValue(row.gap)}};
}

QJsonArray toJson(const std::vector<GapRow> &rows)
{
    QJsonArray array;
    for (const GapRow &row : rows)
        array.append(toJson(row));
    return array;
}

} // namespace tk::app
