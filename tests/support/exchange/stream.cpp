#include "support/exchange/stream.h"

#include <QList>

namespace tk::sim {

namespace {

std::unique_ptr<Stream> makePublic(const QByteArray &name, const Contract &contract, const QByteArray &kind,
                                   Market &market)
{
    if (kind == "bookTicker")
        return makeBookTickerStream(name, &contract, market);
    if (!kind.startsWith("depth"))
        return {};
    const QList<QByteArray> parts = kind.split('@');
    qint64 period = 250;
    if (parts.size() == 2 && parts[1] == "100ms")
        period = 100;
    else if (parts.size() == 2 && parts[1] == "500ms")
        period = 500;
    else if (parts.size() != 1)
        return {}; // also "250ms": only the bare form has that speed
    const QByteArray levels = parts[0].mid(5);
    if (!levels.isEmpty() && levels != "5" && levels != "10" && levels != "20")
        return {};
    return makeDepthStream(name, contract, levels.toInt(), period, market);
}

std::unique_ptr<Stream> makeMarket(const QByteArray &name, const Contract &contract, const QByteArray &kind,
                                   Market &market)
{
    if (kind == "aggTrade")
        return makeTradeStream(name, contract, market);
    if (kind == "markPrice")
        return makeMarkStream(name, &contract, 3000, market);
    if (kind == "markPrice@1s")
        return makeMarkStream(name, &contract, 1000, market);
    if (kind == "ticker" || kind == "miniTicker")
        return makeTickerStream(name, &contract, kind == "miniTicker", market);
    if (kind == "forceOrder")
        return makeLiquidationStream(name, &contract, market);
    if (kind.startsWith("kline_")) {
        const std::optional<Timeframe> timeframe =
            timeframeFromName(std::string_view(kind.constData() + 6, size_t(kind.size()) - 6));
        if (timeframe)
            return makeKlineStream(name, contract, *timeframe, false, market);
    }
    return {};
}

std::unique_ptr<Stream> makeContinuous(const QByteArray &name, Market &market)
{
    const qsizetype at = name.indexOf("@continuousKline_");
    const QByteArray left = name.left(at);
    const std::string_view interval(name.constData() + at + 17, size_t(name.size() - at - 17));
    const std::optional<Timeframe> timeframe = timeframeFromName(interval);
    if (!timeframe)
        return {};
    for (const auto &contract : market.universe.contracts()) {
        if (contract->family == 1 && contract->pair.toLower() + '_' + contract->contractType.toLower() == left)
            return makeKlineStream(name, *contract, *timeframe, true, market);
    }
    return {};
}

std::unique_ptr<Stream> makeForAll(const QByteArray &name, Route route, Market &market)
{
    if (route == Route::Public)
        return name == "!bookTicker" ? makeBookTickerStream(name, nullptr, market) : nullptr;
    if (name == "!markPrice@arr@1s" || name == "!markPrice@arr")
        return makeMarkStream(name, nullptr, name.endsWith("@1s") ? 1000 : 3000, market);
    if (name == "!ticker@arr" || name == "!miniTicker@arr")
        return makeTickerStream(name, nullptr, name.startsWith("!mini"), market);
    if (name == "!forceOrder@arr")
        return makeLiquidationStream(name, nullptr, market);
    if (name == "!contractInfo")
        return makeContractInfoStream(name, market);
    return {};
}

} // namespace

std::unique_ptr<Stream> makeStream(const QByteArray &name, Route route, Market &market)
{
    if (route == Route::Private)
        return {};
    if (name.startsWith('!'))
        return makeForAll(name, route, market);
    const qsizetype at = name.indexOf('@');
    if (at <= 0)
        return {};
    if (route == Route::Market && name.contains("@continuousKline_"))
        return makeContinuous(name, market);
    const QByteArray symbol = name.left(at);
    // The comparison is exact: an upper-case symbol is a stream that never delivers.
    const Contract *contract = market.universe.findLower(symbol);
    if (!contract || contract->lower != symbol || contract->family != 1)
        return {};
    const QByteArray kind = name.mid(at + 1);
    return route == Route::Public ? makePublic(name, *contract, kind, market)
                                  : makeMarket(name, *contract, kind, market);
}

} // namespace tk::sim
