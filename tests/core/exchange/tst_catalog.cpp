// What every exchange of the catalogue has to say of itself, whoever adds one.
#include "exchange/catalog.h"
#include "support/test_registry.h"

#include <QTest>

#include <algorithm>

using namespace tk;
using namespace tk::exchange;
using namespace std::chrono_literals;

class CatalogTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void limitsAreWhole()
    {
        for (const CatalogEntry &entry : builtInCatalog().entries()) {
            const auto adapter = entry.make();
            QCOMPARE(adapter->name(), entry.name);
            const RestLimits limits = adapter->restLimits();
            QVERIFY(!limits.requests.empty());
            for (const RequestLimit &limit : limits.requests) {
                QVERIFY(!limit.name.isEmpty());
                QVERIFY(limit.amount > 0 && limit.window > 0ms);
                QCOMPARE(std::ranges::count(limits.requests, limit.name, &RequestLimit::name), 1);
            }
            QVERIFY(limits.small_candles >= 1 && limits.small_candles <= limits.max_candles);
            QVERIFY(adapter->bestCandlesPerRequest(1'000'000) <= limits.max_candles);
            QVERIFY(adapter->fundingRules().reach() > 0ms && adapter->fundingRules().listed_after >= 0ms);
            const ConnectionLimits connection = adapter->connectionLimits();
            QVERIFY(connection.planned_streams > 0 && connection.messages_per_second > 0);
            QVERIFY(connection.rotate_after < connection.life);
            if (const auto alive = adapter->keepAlive())
                QVERIFY(!alive->frame.isEmpty() && alive->every > 0ms && alive->every < connection.ping_silence);
        }
    }

    // A request that cost nothing would be sent as often as one likes.
    void everyRequestCostsSomethingOfAKnownLimit()
    {
        const TimeSpan span{fromMs(1'795'168'800'000), fromMs(1'795'172'400'000)};
        Instrument instrument;
        instrument.symbol = QStringLiteral("BTCUSDT");
        instrument.unified = QStringLiteral("BTC/USDT:USDT");
        for (const CatalogEntry &entry : builtInCatalog().entries()) {
            const auto adapter = entry.make();
            const std::vector<RequestLimit> known = adapter->restLimits().requests;
            for (const RestRequest &request :
                 {adapter->instrumentsRequest({}), adapter->instrumentsRequest("next"), adapter->timeRequest(),
                  adapter->candlesRequest(instrument, Timeframe::M1, span),
                  adapter->markPricesRequest(instrument, span),
                  adapter->markCandlesRequest(instrument, Timeframe::H1, span),
                  adapter->fundingRequest(instrument, span)}) {
                QVERIFY2(!request.costs.empty(), request.path.constData());
                for (const RequestCost &cost : request.costs) {
                    QVERIFY2(cost.amount > 0, request.path.constData());
                    QVERIFY2(std::ranges::find(known, cost.limit, &RequestLimit::name) != known.end(),
                             request.path.constData());
                }
            }
        }
    }
};

TK_TEST(CatalogTest, catalog);
#include "tst_catalog.moc"
