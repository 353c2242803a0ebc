#include "exchange/binance_usdm/instruments.h"

#include "exchange/binance_usdm/json_body.h"
#include "exchange/binance_usdm/limits.h"

#include <algorithm>
#include <array>

namespace tk::exchange::binance {

namespace dom = simdjson::dom;

namespace {

QString text(const dom::element &row, const char *key)
{
    std::string_view value;
    if (row[key].get(value))
        return {};
    return QString::fromUtf8(value.data(), qsizetype(value.size()));
}

qint64 integer(const dom::element &row, const char *key)
{
    int64_t value = 0;
    return row[key].get(value) ? 0 : value;
}

QByteArray tickSize(const dom::element &row)
{
    dom::array filters;
    if (row["filters"].get(filters))
        return {};
    for (const dom::element filter : filters) {
        if (text(filter, "filterType") == QLatin1String("PRICE_FILTER"))
            return text(filter, "tickSize").toLatin1();
    }
    return {};
}

} // namespace

InstrumentStatus instrumentStatus(std::string_view status)
{
    static constexpr std::array<std::string_view, 7> ended{"PRE_DELIVERING", "DELIVERING", "DELIVERED", "PRE_SETTLE",
                                                           "SETTLING",       "CLOSE",      "SETTLED"};
    if (status == "TRADING")
        return InstrumentStatus::Trading;
    if (status == "PENDING_TRADING")
        return InstrumentStatus::Pending;
    if (status == "TRADING_HALT")
        return InstrumentStatus::Halted;
    return std::ranges::find(ended, status) != ended.end() ? InstrumentStatus::Ended : InstrumentStatus::Other;
}

Result<std::vector<Instrument>> parseExchangeInfo(QByteArrayView body)
{
    dom::parser parser;
    dom::array symbols;
    if (parseBody(parser, body)["symbols"].get(symbols))
        return Error{Error::Kind::Parse, QStringLiteral("exchangeInfo: the answer holds no \"symbols\" list"), true};
    std::vector<Instrument> instruments;
    for (const dom::element row : symbols) {
        Instrument instrument;
        instrument.symbol = text(row, "symbol");
        instrument.pair = {text(row, "baseAsset"), text(row, "quoteAsset"), text(row, "marginAsset")};
        if (instrument.symbol.isEmpty() || instrument.pair.base.isEmpty() || instrument.pair.quote.isEmpty())
            continue;
        instrument.unified = instrument.pair.unified();
        instrument.status = instrumentStatus(text(row, "status").toStdString());
        instrument.contract_type = text(row, "contractType");
        instrument.perpetual =
            instrument.contract_type == QLatin1String("PERPETUAL") && instrument.pair.quote == instrument.pair.settle;
        instrument.onboard = fromMs(integer(row, "onboardDate"));
        const qint64 delivery = integer(row, "deliveryDate");
        instrument.delivery = fromMs(delivery >= noDelivery ? 0 : delivery);
        instrument.tick_size = tickSize(row);
        instruments.push_back(std::move(instrument));
    }
    if (instruments.empty())
        return Error{Error::Kind::Parse, QStringLiteral("exchangeInfo: the answer names no contract"), true};
    return instruments;
}

} // namespace tk::exchange::binance
