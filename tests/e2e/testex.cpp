#include "testex.h"

#include "exchange/binance_usdm/adapter.h"

namespace tk::test {

using namespace exchange;

namespace {

class Testex final : public ExchangeAdapter
{
public:
    QString name() const override { return testex; }
    ConnectionLimits connectionLimits() const override
    {
        ConnectionLimits limits = m_wire->connectionLimits();
        limits.planned_streams = 7;
        limits.names_per_message = 5;
        return limits;
    }
    RestLimits restLimits() const override
    {
        RestLimits limits = m_wire->restLimits();
        limits.weight_per_minute = 1200;
        limits.max_candles = 100;
        return limits;
    }
    CandleFacts candleFacts() const override { return {.trade_counts = false}; }

    Result<StreamSpec> streamFor(const Instrument &instrument, StreamKind kind, Timeframe timeframe) const override
    {
        auto spec = m_wire->streamFor(instrument, kind, timeframe);
        if (spec)
            spec->key.exchange = testex;
        return spec;
    }
    std::vector<StreamSpec> serviceStreams() const override
    {
        std::vector<StreamSpec> specs = m_wire->serviceStreams();
        for (StreamSpec &spec : specs)
            spec.key.exchange = testex;
        return specs;
    }
    QUrl connectionUrl(const QUrl &base, const QByteArray &route) const override
    {
        return m_wire->connectionUrl(base, route);
    }
    QByteArray subscribeFrame(quint64 id, const std::vector<QByteArray> &names) const override
    {
        return m_wire->subscribeFrame(id, names);
    }
    QByteArray unsubscribeFrame(quint64 id, const std::vector<QByteArray> &names) const override
    {
        return m_wire->unsubscribeFrame(id, names);
    }
    Status parse(std::string_view frame, ParsedFrame &into) override
    {
        Status parsed = m_wire->parse(frame, into);
        for (MarketEvent &event : into.events) {
            if (auto *update = std::get_if<CandleUpdate>(&event.payload)) {
                update->last_trade_id = -1;
                update->candle.trades = 0;
            }
        }
        return parsed;
    }

    RestRequest instrumentsRequest() const override { return m_wire->instrumentsRequest(); }
    Result<std::vector<Instrument>> parseInstruments(QByteArrayView body) const override
    {
        return m_wire->parseInstruments(body);
    }
    RestRequest timeRequest() const override { return m_wire->timeRequest(); }
    Result<UtcTime> parseTime(QByteArrayView body) const override { return m_wire->parseTime(body); }

    RestRequest candlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        return m_wire->candlesRequest(instrument, timeframe, span);
    }
    Result<std::vector<Candle>> parseCandles(QByteArrayView body, std::vector<UtcTime> *closes) const override
    {
        auto parsed = m_wire->parseCandles(body, closes);
        if (!parsed)
            return parsed;
        std::vector<Candle> candles = std::move(parsed).value();
        for (Candle &candle : candles)
            candle.trades = 0;
        return candles;
    }
    int bestCandlesPerRequest(qint64 missing) const override
    {
        return std::min(restLimits().max_candles, m_wire->bestCandlesPerRequest(missing));
    }
    void learnCandleWeight(int limit, int weight) override { m_wire->learnCandleWeight(limit, weight); }
    RestRequest markPricesRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return m_wire->markPricesRequest(instrument, span);
    }
    Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument) const override
    {
        return named(m_wire->parseMarkPrices(body, instrument));
    }
    RestRequest markCandlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        return m_wire->markCandlesRequest(instrument, timeframe, span);
    }
    RestRequest fundingRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return m_wire->fundingRequest(instrument, span);
    }
    Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument) const override
    {
        return named(m_wire->parseFunding(body, instrument));
    }
    std::optional<int> usedWeight(const RestReply &reply) const override { return m_wire->usedWeight(reply); }
    std::optional<Refusal> refusal(const RestReply &reply, UtcTime exchangeTime) const override
    {
        return m_wire->refusal(reply, exchangeTime);
    }

private:
    template <typename Point>
    static Result<std::vector<Point>> named(Result<std::vector<Point>> parsed)
    {
        if (!parsed)
            return parsed;
        std::vector<Point> points = std::move(parsed).value();
        for (Point &point : points)
            point.exchange = testex;
        return points;
    }

    std::unique_ptr<ExchangeAdapter> m_wire = binance::makeAdapter();
};

} // namespace

CatalogEntry testexEntry()
{
    return {.name = testex,
            .display_name = QStringLiteral("Testex"),
            .rest_url = QUrl(QStringLiteral("http://127.0.0.1:1")),
            .ws_url = QUrl(QStringLiteral("ws://127.0.0.1:1")),
            .make = []() -> std::unique_ptr<ExchangeAdapter> { return std::make_unique<Testex>(); }};
}

const Catalog &catalogWithTestex()
{
    static const Catalog catalog = [] {
        std::vector<CatalogEntry> entries = builtInCatalog().entries();
        entries.push_back(testexEntry());
        return Catalog(std::move(entries));
    }();
    return catalog;
}

} // namespace tk::test
