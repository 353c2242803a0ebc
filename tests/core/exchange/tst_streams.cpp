// What is asked of the exchange: names, routes, contracts; and which instruments are chosen.
#include "exchange/binance_usdm/adapter.h"
#include "exchange/selection.h"
#include "symbols.h"

#include "support/test_registry.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace tk;
using namespace tk::exchange;
using test::symbolsOf;
using namespace std::chrono_literals;

namespace {

Instrument instrument(const QString &symbol, const QString &base, const QString &quote = QStringLiteral("USDT"),
                      InstrumentStatus status = InstrumentStatus::Trading,
                      const QString &type = QStringLiteral("PERPETUAL"))
{
    Instrument made;
    made.symbol = symbol;
    made.pair = {base, quote, quote};
    made.unified = made.pair.unified();
    made.status = status;
    made.contract_type = type;
    made.perpetual = type == QLatin1String("PERPETUAL");
    return made;
}

} // namespace

class StreamsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void namesAndRoutes()
    {
        const auto adapter = binance::makeAdapter();
        const Instrument btc = instrument(QStringLiteral("BTCUSDT"), QStringLiteral("BTC"));
        const auto check = [&](StreamKind kind, Timeframe timeframe, const char *name, const char *route) {
            const auto spec = adapter->streamFor(btc, kind, timeframe);
            QVERIFY(spec);
            QCOMPARE(spec->wire_name, QByteArray(name));
            QCOMPARE(spec->route, QByteArray(route));
            QCOMPARE(spec->key.kind, kind);
            QCOMPARE(spec->key.pair, QStringLiteral("BTC/USDT:USDT"));
            QCOMPARE(spec->key.exchange, QStringLiteral("binance-usdm"));
            QVERIFY(spec->contract.late <= spec->contract.stale);
        };
        for (const Timeframe timeframe : allTimeframes) {
            const std::string_view name = timeframeName(timeframe);
            const QByteArray wire = "btcusdt@kline_" + QByteArray(name.data(), qsizetype(name.size()));
            check(StreamKind::Candles, timeframe, wire.constData(), "market");
            QVERIFY(adapter->streamFor(btc, StreamKind::Candles, timeframe)->contract.quiet_possible);
        }
        check(StreamKind::MarkPrice, Timeframe::M1, "btcusdt@markPrice@1s", "market");
        check(StreamKind::Ticker, Timeframe::M1, "btcusdt@ticker", "market");
        check(StreamKind::Trades, Timeframe::M1, "btcusdt@aggTrade", "market");
        check(StreamKind::Liquidations, Timeframe::M1, "btcusdt@forceOrder", "market");
        check(StreamKind::Depth, Timeframe::M1, "btcusdt@depth", "public");
        check(StreamKind::BookTicker, Timeframe::M1, "btcusdt@bookTicker", "public");
        QVERIFY(!adapter->streamFor(btc, StreamKind::ContractInfo, Timeframe::M1));
        QVERIFY(!adapter->streamFor(btc, StreamKind::MarkPrice, Timeframe::M1)->contract.quiet_possible);
        QCOMPARE(adapter->streamFor(btc, StreamKind::Liquidations, Timeframe::M1)->contract.stale.count(), qint64(0));
        const auto service = adapter->serviceStreams();
        QCOMPARE(service.size(), size_t(1));
        QCOMPARE(service[0].wire_name, QByteArray("!contractInfo"));
        QCOMPARE(service[0].route, QByteArray("market"));
    }

    // An upper-case symbol is acknowledged and never delivers (reference §2.3).
    void onlyAsciiFalls()
    {
        const auto adapter = binance::makeAdapter();
        const auto name = [&](const QString &symbol) {
            return adapter->streamFor(instrument(symbol, QStringLiteral("X")), StreamKind::Ticker, Timeframe::M1)
                ->wire_name;
        };
        QCOMPARE(name(QStringLiteral("币安人生USDT")), QByteArray("币安人生usdt@ticker"));
        QCOMPARE(name(QStringLiteral("1000PEPEUSDT")), QByteArray("1000pepeusdt@ticker"));
        QCOMPARE(name(QStringLiteral("BTCUSDT_261225")), QByteArray("btcusdt_261225@ticker"));
        QCOMPARE(name(QStringLiteral("ÄUSDT")), QByteArray("Äusdt@ticker"));
    }

    void requests()
    {
        const auto adapter = binance::makeAdapter();
        const std::vector<QByteArray> names{"btcusdt@kline_3m", "龙虾usdt@markPrice@1s"};
        for (const bool subscribe : {true, false}) {
            const QByteArray frame = subscribe ? adapter->subscribeFrame(9007199254740993, names)
                                               : adapter->unsubscribeFrame(9007199254740993, names);
            const QJsonObject object = QJsonDocument::fromJson(frame).object();
            QCOMPARE(object.value(QLatin1String("method")).toString(),
                     subscribe ? QStringLiteral("SUBSCRIBE") : QStringLiteral("UNSUBSCRIBE"));
            QCOMPARE(object.value(QLatin1String("id")).toInteger(), 9007199254740993);
            const QJsonArray params = object.value(QLatin1String("params")).toArray();
            QCOMPARE(params.size(), qsizetype(2));
            QCOMPARE(params[0].toString().toUtf8(), names[0]);
            QCOMPARE(params[1].toString().toUtf8(), names[1]);
        }
        QCOMPARE(adapter->connectionUrl(QUrl(QStringLiteral("wss://fstream.binance.com")), "market"),
                 QUrl(QStringLiteral("wss://fstream.binance.com/market/ws")));
        QCOMPARE(adapter->connectionUrl(QUrl(QStringLiteral("ws://127.0.0.1:9001/base")), "public"),
                 QUrl(QStringLiteral("ws://127.0.0.1:9001/base/public/ws")));
        // A full message stays below 4 KB even with the longest names there are.
        const auto limits = adapter->connectionLimits();
        const std::vector<QByteArray> many(size_t(limits.names_per_message), "我踏马来了1000000usdt@markPrice@1s");
        QVERIFY(adapter->subscribeFrame(1, many).size() < 4096);
        QVERIFY(limits.rotate_after < limits.life);
        QVERIFY(limits.planned_streams <= 200);
        QVERIFY(limits.messages_per_second < 10);
    }

    void selectsPerpetualsThatTrade()
    {
        const auto named = [](const char *text) { return QString::fromUtf8(text); };
        const std::vector<Instrument> list{
            instrument(named("ZECUSDT"), named("ZEC")),
            instrument(named("ETHUSDT"), named("ETH")),
            instrument(named("BTCUSDT"), named("BTC")),
            instrument(named("BTCUSDC"), named("BTC"), named("USDC")),
            instrument(named("BTCUSDT_261225"), named("BTC"), named("USDT"), InstrumentStatus::Trading,
                       named("CURRENT_QUARTER")),
            instrument(named("XAUUSDT"), named("XAU"), named("USDT"), InstrumentStatus::Trading,
                       named("TRADIFI_PERPETUAL")),
            instrument(named("OMGUSDT"), named("OMG"), named("USDT"), InstrumentStatus::Ended),
            instrument(named("SOONUSDT"), named("SOON"), named("USDT"), InstrumentStatus::Pending),
            instrument(named("HALTUSDT"), named("HALT"), named("USDT"), InstrumentStatus::Halted),
            instrument(named("龙虾USDT"), named("龙虾")),
        };
        const QStringList majors{named("BTC"), named("ETH")};

        const Selection all = select(list, {.all = true, .pairs = {}, .exclude = {named("ZEC/USDT:USDT")}}, majors);
        QCOMPARE(symbolsOf(all.wanted),
                 QStringList({named("BTCUSDT"), named("ETHUSDT"), named("龙虾USDT")})); // in USDT, as it is told
        QCOMPARE(
            symbolsOf(select(list, {.all = true, .all_of = named("USDC"), .pairs = {}, .exclude = {}}, majors).wanted),
            QStringList({named("BTCUSDC")}));
        QCOMPARE(select(list, {.all = true, .all_of = named("*"), .pairs = {}, .exclude = {}}, majors).wanted.size(),
                 size_t(5));
        QCOMPARE(all.delisted, std::vector<QString>{named("OMGUSDT")});
        QVERIFY(all.unknown.isEmpty());
        QVERIFY(all.not_trading.isEmpty());

        const Selection some =
            select(list,
                   {.all = false,
                    .pairs = {named("XAU/USDT:USDT"), named("BTC/USDT:USDT"), named("OMG/USDT:USDT"),
                              named("SOON/USDT:USDT"), named("NO/USDT:USDT"), named("ETH/USDT:USDT")},
                    .exclude = {named("ETH/USDT:USDT")}},
                   majors);
        QCOMPARE(symbolsOf(some.wanted),
                 QStringList({named("BTCUSDT"), named("XAUUSDT")})); // the dated contract is not "BTC/USDT:USDT"
        QCOMPARE(some.unknown, QStringList{named("NO/USDT:USDT")});
        QCOMPARE(QSet<QString>(some.not_trading.cbegin(), some.not_trading.cend()),
                 (QSet<QString>{named("OMG/USDT:USDT"), named("SOON/USDT:USDT")}));
        QCOMPARE(select({}, {}, majors).wanted.size(), size_t(0));
    }
};

TK_TEST(StreamsTest, streams);
#include "tst_streams.moc"
