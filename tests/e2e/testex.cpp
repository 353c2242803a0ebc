#include "testex.h"

#include "exchange/binance_usdm/adapter.h"
#include "support/wrapped_adapter.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace tk::test {

using namespace exchange;
using namespace std::chrono_literals;

namespace {

constexpr int candlesPerAnswer = 100;
constexpr int ratesPerAnswer = 7;
const QByteArray keepAliveFrame = QByteArrayLiteral("ping");
const QByteArray keepAliveAnswer = QByteArrayLiteral("pong"); // no JSON

// All that differs from the exchange whose wire it borrows.
class Testex final : public WrappedAdapter
{
public:
    Testex()
        : WrappedAdapter(binance::makeAdapter())
    {}

    QString name() const override { return testex; }
    ConnectionLimits connectionLimits() const override
    {
        ConnectionLimits limits = real().connectionLimits();
        limits.planned_streams = 7;
        limits.names_per_message = 5;
        limits.ping_silence = 45s;
        return limits;
    }
    RestLimits restLimits() const override
    {
        return {.requests = {{.name = "requests", .amount = 12, .window = 5s},
                             {.name = "endpoint", .amount = 6, .window = 2s, .scope = RequestLimit::Scope::Path}},
                .max_candles = candlesPerAnswer,
                .small_candles = candlesPerAnswer};
    }
    CandleFacts candleFacts() const override { return {.trade_counts = false}; }
    FundingRules fundingRules() const override { return {.rates_per_answer = ratesPerAnswer}; }
    std::optional<KeepAlive> keepAlive() const override { return KeepAlive{.frame = keepAliveFrame, .every = 10s}; }

    Result<StreamSpec> streamFor(const Instrument &instrument, StreamKind kind, Timeframe timeframe) const override
    {
        auto spec = real().streamFor(instrument, kind, timeframe);
        if (spec)
            spec->key.exchange = testex;
        return spec;
    }
    std::vector<StreamSpec> serviceStreams() const override
    {
        std::vector<StreamSpec> specs = real().serviceStreams();
        for (StreamSpec &spec : specs)
            spec.key.exchange = testex;
        return specs;
    }
    Status parse(std::string_view frame, ParsedFrame &into) override
    {
        into.clear();
        if (frame == std::string_view(keepAliveAnswer.data(), size_t(keepAliveAnswer.size())))
            return ok();
        Status parsed = real().parse(frame, into);
        for (MarketEvent &event : into.events) {
            if (auto *update = std::get_if<CandleUpdate>(&event.payload)) {
                update->last_trade_id = -1;
                update->candle.trades = 0;
            }
        }
        return parsed;
    }

    RestRequest instrumentsRequest(const QByteArray &cursor) const override
    {
        RestRequest request = counted(real().instrumentsRequest({}));
        if (!cursor.isEmpty())
            request.query.addQueryItem(QStringLiteral("cursor"), QString::fromLatin1(cursor));
        return request;
    }
    QByteArray nextInstruments(QByteArrayView page) const override
    {
        const QJsonObject object = QJsonDocument::fromJson(page.toByteArray()).object();
        return object.value(QLatin1String("nextPageCursor")).toString().toLatin1();
    }
    RestRequest timeRequest() const override { return counted(real().timeRequest()); }
    RestRequest candlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        return counted(real().candlesRequest(instrument, timeframe, span));
    }
    Result<std::vector<Candle>> parseCandles(QByteArrayView body, std::vector<UtcTime> *closes) const override
    {
        auto parsed = real().parseCandles(body, closes);
        if (!parsed)
            return parsed;
        std::vector<Candle> candles = std::move(parsed).value();
        for (Candle &candle : candles)
            candle.trades = 0;
        return candles;
    }
    int bestCandlesPerRequest(qint64 missing) const override
    {
        return int(std::clamp<qint64>(missing, 1, candlesPerAnswer));
    }
    void learnCandleCost(int, int) override {}
    RestRequest markPricesRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return counted(real().markPricesRequest(instrument, span));
    }
    Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument) const override
    {
        return named(real().parseMarkPrices(body, instrument));
    }
    RestRequest markCandlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        return counted(real().markCandlesRequest(instrument, timeframe, span));
    }
    RestRequest fundingRequest(const Instrument &instrument, TimeSpan span) const override
    {
        RestRequest request = counted(real().fundingRequest(instrument, span));
        request.query.removeQueryItem(QStringLiteral("limit"));
        request.query.addQueryItem(QStringLiteral("limit"), QString::number(ratesPerAnswer));
        return request;
    }
    Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument) const override
    {
        return named(real().parseFunding(body, instrument));
    }
    std::vector<LimitUse> limitsUsed(const RestReply &) const override { return {}; } // it tells nothing of them

private:
    static RestRequest counted(RestRequest request)
    {
        request.costs = {{.limit = "requests"}, {.limit = "endpoint"}};
        return request;
    }

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

sim::SimManners testexManners()
{
    return {.keepAlive = keepAliveFrame,
            .keepAliveAnswer = keepAliveAnswer,
            .keepAliveWithin = 60s,
            .requestLimits = {{.requests = 12, .window = 5s}, {.requests = 6, .window = 2s, .perPath = true}},
            .instrumentsPerPage = 5};
}

} // namespace tk::test
