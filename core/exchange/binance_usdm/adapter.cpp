#include "exchange/binance_usdm/adapter.h"

#include "exchange/binance_usdm/frames.h"
#include "exchange/binance_usdm/instruments.h"
#include "exchange/binance_usdm/limits.h"
#include "exchange/binance_usdm/rest.h"

#include <array>
#include <map>

namespace tk::exchange::binance {

namespace {

// The streams of a pair: symbol and suffix are the name on the wire.
struct PairStream
{
    StreamKind kind;
    const char *suffix;
    const char *route;
    StreamContract contract;
};

constexpr std::array<PairStream, 7> pairStreams{
    {{StreamKind::Candles, "@kline_", "market", {}}, // the interval follows, and decides the contract
     {StreamKind::MarkPrice, "@markPrice@1s", "market", markPriceContract},
     {StreamKind::Ticker, "@ticker", "market", tickerContract},
     {StreamKind::Trades, "@aggTrade", "market", tradesContract},
     {StreamKind::Liquidations, "@forceOrder", "market", rareContract},
     {StreamKind::Depth, "@depth", "public", bookContract},
     {StreamKind::BookTicker, "@bookTicker", "public", bookContract}}};

// Only ASCII letters fall; Chinese names stay as they are (reference §1.1).
QByteArray streamSymbol(const QString &symbol)
{
    QByteArray name = symbol.toUtf8();
    for (char &c : name) {
        if (c >= 'A' && c <= 'Z')
            c = char(c + ('a' - 'A'));
    }
    return name;
}

QByteArray request(const char *method, quint64 id, const std::vector<QByteArray> &names)
{
    QByteArray text = QByteArray(R"({"method":")") + method + R"(","params":[)";
    for (size_t i = 0; i < names.size(); ++i)
        text += (i ? ",\"" : "\"") + names[i] + '"';
    return text + R"(],"id":)" + QByteArray::number(id) + '}';
}

class Adapter final : public ExchangeAdapter
{
public:
    QString name() const override { return QStringLiteral("binance-usdm"); }
    ConnectionLimits connectionLimits() const override { return binance::connectionLimits; }
    RestLimits restLimits() const override { return binance::restLimits(); }
    CandleFacts candleFacts() const override { return {.trade_counts = true}; }

    Result<StreamSpec> streamFor(const Instrument &instrument, StreamKind kind, Timeframe timeframe) const override
    {
        const bool candles = kind == StreamKind::Candles;
        for (const PairStream &stream : pairStreams) {
            if (stream.kind != kind)
                continue;
            const std::string_view interval = candles ? timeframeName(timeframe) : std::string_view();
            return StreamSpec{.key = {name(), instrument.unified, kind, timeframe},
                              .wire_name = streamSymbol(instrument.symbol) + stream.suffix +
                                           QByteArray(interval.data(), qsizetype(interval.size())),
                              .route = stream.route,
                              .contract = candles ? candleContract(timeframe) : stream.contract};
        }
        return Error{Error::Kind::Config, QStringLiteral("binance-usdm has no such stream for a pair")};
    }

    std::vector<StreamSpec> serviceStreams() const override
    {
        return {{.key = {name(), {}, StreamKind::ContractInfo, Timeframe::M1},
                 .wire_name = "!contractInfo",
                 .route = "market",
                 .contract = rareContract}};
    }

    QUrl connectionUrl(const QUrl &base, const QByteArray &route) const override
    {
        QUrl url = base;
        url.setPath(base.path() + u'/' + QString::fromLatin1(route) + QStringLiteral("/ws"));
        return url;
    }
    QByteArray subscribeFrame(quint64 id, const std::vector<QByteArray> &names) const override
    {
        return request("SUBSCRIBE", id, names);
    }
    QByteArray unsubscribeFrame(quint64 id, const std::vector<QByteArray> &names) const override
    {
        return request("UNSUBSCRIBE", id, names);
    }
    Status parse(std::string_view frame, ParsedFrame &into) override { return m_parser.parse(frame, into); }

    RestRequest instrumentsRequest(const QByteArray &) const override // the whole list is one page
    {
        return {.path = "/fapi/v1/exchangeInfo", .query = {}, .costs = {{.limit = weightLimit}}};
    }
    Result<std::vector<Instrument>> parseInstruments(QByteArrayView body) const override
    {
        return parseExchangeInfo(body);
    }
    RestRequest timeRequest() const override
    {
        return {.path = "/fapi/v1/time", .query = {}, .costs = {{.limit = weightLimit}}};
    }
    Result<UtcTime> parseTime(QByteArrayView body) const override { return parseServerTime(body); }

    RestRequest candlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        const qint64 wanted = std::max<qint64>(1, candlesBetween(timeframe, span.from, span.to));
        const int limit = int(std::min<qint64>(wanted, mostCandles));
        return binance::candlesRequest("klines", instrument, timeframe, span, limit, candleWeight(limit));
    }
    Result<std::vector<Candle>> parseCandles(QByteArrayView body, std::vector<UtcTime> *closes) const override
    {
        return binance::parseCandles(body, closes);
    }

    // Rows per weight by the documentation: 99/1, 499/2, 1000/5, 1500/10; at the measured edge 500/2 is the best.
    int bestCandlesPerRequest(qint64 missing) const override
    {
        const int best = candleWeight(500) < documentedCandleWeight(500) ? 500 : 499;
        return int(std::clamp<qint64>(missing, 1, best));
    }
    void learnCandleCost(int limit, int amount) override { m_measuredWeights[limit] = amount; }

    RestRequest markPricesRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return markCandlesRequest(instrument, Timeframe::M1, span);
    }
    RestRequest markCandlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        const qint64 wanted = std::max<qint64>(1, candlesBetween(timeframe, span.from, span.to));
        const int limit = int(std::min<qint64>(wanted, mostCandles));
        return binance::candlesRequest("markPriceKlines", instrument, timeframe, span, limit, candleWeight(limit));
    }
    Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument) const override
    {
        return binance::parseMarkPrices(body, instrument, name());
    }

    FundingRules fundingRules() const override { return {.rates_per_answer = mostFundingRates}; }
    RestRequest fundingRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return binance::fundingRequest(instrument, span);
    }
    Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument) const override
    {
        return binance::parseFunding(body, instrument, name());
    }

    std::vector<LimitUse> limitsUsed(const RestReply &reply) const override { return binance::limitsUsed(reply); }
    std::optional<Refusal> refusal(const RestReply &reply, UtcTime exchangeTime) const override
    {
        return binance::refusal(reply, exchangeTime);
    }

private:
    int candleWeight(int limit) const
    {
        const auto measured = m_measuredWeights.find(limit);
        return measured == m_measuredWeights.end() ? documentedCandleWeight(limit) : measured->second;
    }

    FrameParser m_parser;
    std::map<int, int> m_measuredWeights;
};

} // namespace

std::unique_ptr<ExchangeAdapter> makeAdapter()
{
    return std::make_unique<Adapter>();
}

CatalogEntry catalogEntry()
{
    return {.name = Adapter().name(),
            .display_name = QStringLiteral("Binance USD-M"),
            .rest_url = QUrl(QStringLiteral("https://fapi.binance.com")),
            .ws_url = QUrl(QStringLiteral("wss://fstream.binance.com")),
            .make = makeAdapter};
}

} // namespace tk::exchange::binance
