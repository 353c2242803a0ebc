#include "exchange/binance_usdm/rest.h"

#include "exchange/binance_usdm/json_body.h"
#include "exchange/binance_usdm/limits.h"

#include <QRegularExpression>
#include <QUrl>

namespace tk::exchange::binance {

namespace dom = simdjson::dom;

namespace {

Error unreadable(const char *what)
{
    return Error{Error::Kind::Parse,
                 QStringLiteral("%1: the answer is not what the exchange documents").arg(QLatin1String(what)), true};
}

std::optional<DecimalText> decimal(const dom::element &element)
{
    std::string_view text;
    if (!element.get(text))
        return DecimalText::from(text);
    int64_t whole = 0; // the volume columns of mark price candles can be a plain 0
    if (element.is_int64() && !element.get(whole))
        return DecimalText::from(std::to_string(whole));
    return {};
}

std::optional<Candle> candleFromRow(const dom::element &row, UtcTime &close)
{
    dom::array columns;
    if (row.get(columns) || columns.size() < 9)
        return {};
    Candle candle;
    candle.source = CandleSource::History;
    size_t column = 0;
    bool good = true;
    const auto take = [&good](const dom::element &element, DecimalText &into) {
        const auto value = decimal(element);
        good &= value.has_value();
        into = value.value_or(DecimalText());
    };
    for (const dom::element element : columns) {
        int64_t number = 0;
        switch (column++) {
        case 0:
            good &= !element.get(number);
            candle.open_time = fromMs(number);
            break;
        case 1:
            take(element, candle.open);
            break;
        case 2:
            take(element, candle.high);
            break;
        case 3:
            take(element, candle.low);
            break;
        case 4:
            take(element, candle.close);
            break;
        case 5:
            take(element, candle.volume);
            break;
        case 6:
            good &= !element.get(number);
            close = fromMs(number);
            break;
        case 7:
            take(element, candle.quote_volume);
            break;
        case 8:
            good &= !element.get(number);
            candle.trades = number;
            break;
        default:
            break;
        }
    }
    return good ? std::optional(candle) : std::nullopt;
}

QByteArray header(const RestReply &reply, QByteArrayView name)
{
    for (const auto &[key, value] : reply.headers) {
        if (key == name)
            return value;
    }
    return {};
}

// By "IP banned until 1791383999000." in the message; zero without such words. Not beyond the longest ban there is: the
// number is foreign.
milliseconds bannedFor(const QString &message, UtcTime exchangeTime)
{
    static const QRegularExpression words(QStringLiteral("banned until ([0-9]{13})(?![0-9])"));
    const auto found = words.match(message);
    if (!found.hasMatch())
        return milliseconds(0);
    return std::min(fromMs(found.captured(1).toLongLong()) - exchangeTime, longestBan);
}

} // namespace

int documentedCandleWeight(int limit)
{
    return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10;
}

RestRequest candlesRequest(const char *path, const Instrument &instrument, Timeframe timeframe, TimeSpan span,
                           int limit, int weight)
{
    RestRequest request{
        .path = QByteArray("/fapi/v1/") + path, .query = {}, .costs = {{.limit = weightLimit, .amount = weight}}};
    // Percent-encoded here: QUrlQuery leaves characters alone that the exchange's firewall wants encoded.
    request.query.addQueryItem(QStringLiteral("symbol"),
                               QString::fromLatin1(QUrl::toPercentEncoding(instrument.symbol)));
    request.query.addQueryItem(QStringLiteral("interval"), timeframeText(timeframe));
    request.query.addQueryItem(QStringLiteral("startTime"), QString::number(toMs(span.from)));
    request.query.addQueryItem(QStringLiteral("endTime"), QString::number(toMs(span.to) - 1)); // inclusive on the wire
    request.query.addQueryItem(QStringLiteral("limit"), QString::number(limit));
    return request;
}

Result<std::vector<Candle>> parseCandles(QByteArrayView body, std::vector<UtcTime> *closes)
{
    dom::parser parser;
    dom::array rows;
    if (parseBody(parser, body).get(rows))
        return unreadable("klines");
    std::vector<Candle> candles;
    candles.reserve(rows.size());
    for (const dom::element row : rows) {
        UtcTime close{};
        const auto candle = candleFromRow(row, close);
        if (!candle)
            return unreadable("klines");
        if (closes)
            closes->push_back(close);
        candles.push_back(*candle);
    }
    return candles;
}

Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument,
                                               const QString &exchange)
{
    const auto candles = parseCandles(body);
    if (!candles)
        return candles.error();
    std::vector<MarkPoint> points;
    points.reserve(candles->size());
    for (const Candle &candle : *candles)
        points.push_back({.exchange = exchange,
                          .pair = instrument.unified,
                          .time = candle.open_time,
                          .price = candle.open,
                          .index_price = {}});
    return points;
}

RestRequest fundingRequest(const Instrument &instrument, TimeSpan span)
{
    RestRequest request{.path = "/fapi/v1/fundingRate", .query = {}, .costs = {{.limit = fundingLimit, .amount = 1}}};
    request.query.addQueryItem(QStringLiteral("symbol"),
                               QString::fromLatin1(QUrl::toPercentEncoding(instrument.symbol)));
    request.query.addQueryItem(QStringLiteral("startTime"), QString::number(toMs(span.from)));
    request.query.addQueryItem(QStringLiteral("endTime"), QString::number(toMs(span.to) - 1));
    request.query.addQueryItem(QStringLiteral("limit"), QString::number(mostFundingRates));
    return request;
}

Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument,
                                               const QString &exchange)
{
    dom::parser parser;
    dom::array rows;
    if (parseBody(parser, body).get(rows))
        return unreadable("fundingRate");
    std::vector<FundingPoint> points;
    for (const dom::element row : rows) {
        int64_t time = 0;
        dom::element rate;
        if (row["fundingTime"].get(time) || row["fundingRate"].get(rate))
            return unreadable("fundingRate");
        const auto value = decimal(rate);
        if (!value)
            return unreadable("fundingRate");
        std::string_view type;
        const bool special = !row["rateType"].get(type) && type != "Regular";
        points.push_back({.exchange = exchange,
                          .pair = instrument.unified,
                          .time = std::chrono::round<std::chrono::minutes>(fromMs(time)),
                          .rate = *value,
                          .predicted_rate = {},
                          .special = special});
    }
    return points;
}

Result<UtcTime> parseServerTime(QByteArrayView body)
{
    dom::parser parser;
    int64_t time = 0;
    if (parseBody(parser, body)["serverTime"].get(time))
        return unreadable("time");
    return fromMs(time);
}

std::vector<LimitUse> limitsUsed(const RestReply &reply)
{
    bool isNumber = false;
    const int weight = header(reply, "x-mbx-used-weight-1m").toInt(&isNumber);
    return isNumber ? std::vector<LimitUse>{{.limit = weightLimit, .used = weight}} : std::vector<LimitUse>{};
}

std::optional<Refusal> refusal(const RestReply &reply, UtcTime exchangeTime)
{
    if (reply.status == 200)
        return {};
    Refusal refusal;
    dom::parser parser;
    dom::element root;
    if (!parseBody(parser, reply.body).get(root)) {
        int64_t code = 0;
        std::string_view message;
        if (!root["code"].get(code))
            refusal.code = int(code);
        if (!root["msg"].get(message))
            refusal.message = QString::fromUtf8(message.data(), qsizetype(message.size()));
    }
    const auto pause = std::chrono::seconds(std::max(0, header(reply, "retry-after").toInt()));
    switch (reply.status) {
    case 0:
        refusal.kind = Refusal::Kind::Transport;
        refusal.message = QString::fromUtf8(reply.body);
        break;
    case 418:
        refusal.kind = Refusal::Kind::Banned;
        refusal.pause = pause.count() > 0 ? pause : bannedFor(refusal.message, exchangeTime);
        refusal.pause = std::max(refusal.pause, shortestBan) + 10s;
        break;
    case 429:
        refusal.kind = Refusal::Kind::RateLimited;
        refusal.pause = std::max<milliseconds>(pause, 1s);
        break;
    case 202: // a firewall's challenge, with an empty body
    case 403:
        refusal.kind = Refusal::Kind::Blocked;
        refusal.pause = 5min;
        refusal.message = QStringLiteral("blocked by the exchange's firewall (HTTP %1, no JSON); sending less and "
                                         "waiting 5 min")
                              .arg(reply.status);
        break;
    case 451:
        refusal.kind = Refusal::Kind::RegionForbidden;
        refusal.pause = 10min;
        refusal.message = QStringLiteral("the exchange does not serve this region (HTTP 451); use a proxy or another "
                                         "host");
        break;
    default:
        refusal.kind = reply.status >= 500 ? Refusal::Kind::ServerTrouble : Refusal::Kind::BadRequest;
        break;
    }
    if (refusal.message.isEmpty())
        refusal.message = QStringLiteral("HTTP %1").arg(reply.status);
    return refusal;
}

} // namespace tk::exchange::binance
