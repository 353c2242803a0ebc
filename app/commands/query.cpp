#include "app/commands/query.h"

#include "app/open_store.h"
#include "base/clock.h"
#include "market/pair.h"

namespace tk::app {

namespace {

constexpr TimeSpan always{fromMs(0), fromMs(std::numeric_limits<qint64>::max() / 2)};

// The last candle that was asked for: `--to` itself is not among them.
TimeSpan spanOf(const CommandLine &line)
{
    return {line.from.value_or(always.from), line.to.value_or(always.to)};
}

} // namespace

void QueryCommand::start()
{
    std::optional<QString> pair;
    if (!line().pair.isEmpty()) {
        const auto parsed = Pair::parse(line().pair);
        if (!parsed)
            return fail(parsed.error());
        pair = parsed->unified();
    }
    if (line().what == QLatin1String("ohlcv") && !timeframeFromName(line().timeframe.toStdString())) {
        QStringList known;
        for (const Timeframe timeframe : allTimeframes)
            known.append(timeframeText(timeframe));
        return fail(
            {Error::Kind::Config,
             QStringLiteral("\"%1\" is not a timeframe; known are %2").arg(line().timeframe, known.join(u' '))});
    }
    const auto reader =
        openReader(settings(), [clock = std::shared_ptr<const Clock>(makeClock(line()))] { return clock->utcNow(); });
    if (!reader)
        return fail({Error::Kind::Storage, reader.error().message});
    if (line().what == QLatin1String("ohlcv"))
        candles(*reader.value(), *pair);
    else if (line().what == QLatin1String("funding-rate"))
        funding(*reader.value(), pair);
    else
        marks(*reader.value(), pair);
}

void QueryCommand::nameExchanges(Table &table) const
{
    if (isOfSeveral())
        table.columns.insert(table.columns.begin(), {QStringLiteral("exchange")});
}

void QueryCommand::addRow(Table &table, const QString &exchange, std::vector<Cell> cells) const
{
    if (isOfSeveral())
        cells.insert(cells.begin(), Cell::of(exchange));
    table.rows.push_back(std::move(cells));
}

void QueryCommand::candles(store::StoreReader &reader, const QString &pair)
{
    const Timeframe timeframe = *timeframeFromName(line().timeframe.toStdString());
    Table table{{{QStringLiteral("open_time")},
                 {QStringLiteral("open"), true},
                 {QStringLiteral("high"), true},
                 {QStringLiteral("low"), true},
                 {QStringLiteral("close"), true},
                 {QStringLiteral("volume"), true},
                 {QStringLiteral("quote_volume"), true},
                 {QStringLiteral("trades"), true},
                 {QStringLiteral("source")}},
                {}};
    nameExchanges(table);
    bool stored = false;
    for (const config::ExchangeSettings &exchange : settings().exchanges) {
        const SeriesKey series{exchange.name, pair, timeframe};
        const auto first = reader.firstTime(series);
        if (!first)
            return fail(first.error());
        if (!first->has_value())
            continue;
        stored = true;
        const auto found = reader.candles(series, spanOf(line()), line().limit);
        if (!found)
            return fail(found.error());
        for (const Candle &candle : *found) {
            const std::string_view source = sourceName(candle.source);
            addRow(table, exchange.name,
                   {Cell::of(candle.open_time), Cell::of(candle.open), Cell::of(candle.high), Cell::of(candle.low),
                    Cell::of(candle.close), Cell::of(candle.volume), Cell::of(candle.quote_volume),
                    Cell::of(candle.trades), Cell::of(QString::fromLatin1(source.data(), qsizetype(source.size())))});
        }
    }
    if (!stored)
        return nothingStored(QStringLiteral("%1 %2").arg(pair, timeframeText(timeframe)));
    const store::ImpossibleRows bad = reader.takeImpossible();
    for (const QString &text : bad.told())
        complain(text);
    show(table, bad.count() == 0);
}

void QueryCommand::funding(store::StoreReader &reader, const std::optional<QString> &pair)
{
    const auto states = reader.fundingNow(pair);
    if (!states)
        return fail(states.error());
    Table table{{{QStringLiteral("pair")},
                 {QStringLiteral("rate"), true},
                 {QStringLiteral("funding_time")},
                 {QStringLiteral("predicted_rate"), true},
                 {QStringLiteral("predicted_at")},
                 {QStringLiteral("next_funding")}},
                {}};
    nameExchanges(table);
    for (const store::FundingState &state : *states) {
        const FundingPoint settled = state.settled.value_or(FundingPoint{});
        const FundingPoint predicted = state.predicted.value_or(FundingPoint{});
        const QString &exchange = state.settled ? settled.exchange : predicted.exchange;
        if (isWanted(exchange))
            addRow(table, exchange,
                   {Cell::of(state.settled ? settled.pair : predicted.pair), Cell::of(settled.rate),
                    Cell::of(settled.time), Cell::of(predicted.predicted_rate), Cell::of(predicted.time),
                    Cell::of(predicted.next_funding)});
    }
    if (table.rows.empty())
        return nothingStored(pair ? QStringLiteral("the funding rate of %1").arg(*pair)
                                  : QStringLiteral("any funding rate"));
    show(table);
}

void QueryCommand::marks(store::StoreReader &reader, const std::optional<QString> &pair)
{
    const auto points = reader.marksNow(pair);
    if (!points)
        return fail(points.error());
    Table table{{{QStringLiteral("pair")},
                 {QStringLiteral("price"), true},
                 {QStringLiteral("index_price"), true},
                 {QStringLiteral("time")}},
                {}};
    nameExchanges(table);
    for (const MarkPoint &point : *points) {
        if (isWanted(point.exchange))
            addRow(table, point.exchange,
                   {Cell::of(point.pair), Cell::of(point.price), Cell::of(point.index_price), Cell::of(point.time)});
    }
    if (table.rows.empty())
        return nothingStored(pair ? QStringLiteral("the mark price of %1").arg(*pair)
                                  : QStringLiteral("any mark price"));
    show(table);
}

void QueryCommand::show(const Table &table, bool whole)
{
    // A span without candles is an answer, not a failure; and an empty answer prints no header.
    if (table.rows.empty() && formatOr(line().format) != OutputFormat::Json)
        return finish(whole ? Done : DoesNotHold);
    finish(!print(table) ? Internal : whole ? Done : DoesNotHold);
}

void QueryCommand::nothingStored(const QString &what)
{
    complain(
        QStringLiteral("nothing is stored for %1 in %2; check the pair, or collect it (pairs in the configuration, "
                       "or tapekeeper backfill)")
            .arg(what, settings().engine.data_dir));
    finish(DoesNotHold);
}

} // namespace tk::app
