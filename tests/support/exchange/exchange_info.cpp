#include "support/exchange/json_text.h"
#include "support/exchange/rest_api.h"

namespace tk::sim {

namespace {

void appendSymbol(QByteArray &out, const Contract &c, qint64 now)
{
    const int price = c.priceDecimals;
    const int quantity = c.quantityDecimals;
    const qint64 base = qint64(c.basePrice);
    JsonText json(out);
    json.raw("{\"symbol\":").string(c.symbol).raw(",\"pair\":").string(c.pair);
    json.raw(",\"contractType\":").string(c.contractType).raw(",\"deliveryDate\":").number(c.deliveryMs);
    json.raw(",\"onboardDate\":").number(c.listedMs()).raw(",\"status\":").string(c.status(now));
    json.raw(",\"maintMarginPercent\":\"2.5000\",\"requiredMarginPercent\":\"5.0000\",\"baseAsset\":").string(c.base);
    json.raw(",\"quoteAsset\":").string(c.quote).raw(",\"marginAsset\":").string(c.quote);
    json.raw(",\"pricePrecision\":").number(price).raw(",\"quantityPrecision\":").number(quantity);
    json.raw(",\"baseAssetPrecision\":8,\"quotePrecision\":8,\"underlyingType\":").string(c.underlyingType);
    json.raw(",\"underlyingSubType\":").raw(c.underlyingSubType);
    json.raw(",\"triggerProtect\":\"0.0500\",\"liquidationFee\":\"0.012500\",\"marketTakeBound\":\"0.05\","
             "\"maxMoveOrderLimit\":10000,\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":");
    json.quoted(c.tick, price).raw(",\"minPrice\":").quoted(std::max<qint64>(c.tick, base / 100), price);
    json.raw(",\"maxPrice\":").quoted(base * 50, price).raw("},{\"filterType\":\"LOT_SIZE\",\"stepSize\":");
    json.quoted(1, quantity)
        .raw(",\"minQty\":")
        .quoted(1, quantity)
        .raw(",\"maxQty\":\"1000000\"},{\"filterType\":"
             "\"MARKET_LOT_SIZE\",\"stepSize\":");
    json.quoted(1, quantity).raw(",\"minQty\":").quoted(1, quantity);
    json.raw(
        ",\"maxQty\":\"100000\"},{\"filterType\":\"MAX_NUM_ORDERS\",\"limit\":200},{\"filterType\":"
        "\"MIN_NOTIONAL\",\"notional\":\"5\"},{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"1.0500\","
        "\"multiplierDown\":\"0.9500\",\"multiplierDecimal\":\"4\"},{\"filterType\":\"POSITION_RISK_CONTROL\","
        "\"positionControlSide\":\"NONE\"}],\"orderTypes\":[\"LIMIT\",\"MARKET\",\"STOP\",\"STOP_MARKET\","
        "\"TAKE_PROFIT\",\"TAKE_PROFIT_MARKET\",\"TRAILING_STOP_MARKET\"],\"timeInForce\":[\"GTC\",\"IOC\",\"FOK\","
        "\"GTX\",\"GTD\"],\"permissionSets\":[\"GRID\",\"COPY\",\"DCA\"]}");
}

} // namespace

QByteArray exchangeInfo(const Market &market, int from)
{
    const qint64 now = market.nowMs();
    QByteArray out = "{\"timezone\":\"UTC\",\"serverTime\":";
    // The stamp of a cache, hours old: no clock to set one's own by.
    appendNumber(out, now - now % 21'600'000 - 1'234'567);
    out +=
        ",\"futuresType\":\"U_MARGINED\",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\","
        "\"intervalNum\":1,\"limit\":";
    appendNumber(out, market.settings.weightPerMinute);
    out += "},{\"rateLimitType\":\"ORDERS\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":1200},"
           "{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,\"limit\":300}],"
           "\"exchangeFilters\":[],\"assets\":[{\"asset\":\"USDT\",\"marginAvailable\":true,\"autoAssetExchange\":"
           "\"-10000\"},{\"asset\":\"USDC\",\"marginAvailable\":true,\"autoAssetExchange\":\"-10000\"}],\"symbols\":[";
    const int perPage = market.settings.manners.instrumentsPerPage;
    int index = 0;
    bool more = false;
    for (const auto &contract : market.universe.contracts()) {
        if (contract->family != 1 || index++ < from)
            continue;
        more = perPage > 0 && index > from + perPage;
        if (more)
            break;
        if (index > from + 1)
            out += ',';
        appendSymbol(out, *contract, now);
    }
    out += ']';
    if (more)
        out += ",\"nextPageCursor\":\"" + QByteArray::number(from + perPage) + '"';
    return out += '}';
}

} // namespace tk::sim
