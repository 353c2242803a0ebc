#include "store/line_protocol.h"
#include "support/test_registry.h"

using namespace tk;

namespace {

DecimalText decimal(const char *text)
{
    return DecimalText::from(text).value();
}

const QString binance = QStringLiteral("binance-usdm");
const QString btc = QStringLiteral("BTC/USDT:USDT");
const UtcTime moment = fromMs(1'795'132'800'000);

} // namespace

class LineProtocolTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void candlesKeepTheExchangesText()
    {
        Candle candle{.open_time = moment,
                      .open = decimal("97000.10"),
                      .high = decimal("97000.90"),
                      .low = decimal("1e-7"),
                      .close = decimal("97000.00"),
                      .volume = decimal("0"),
                      .quote_volume = decimal("12.500"),
                      .trades = 42,
                      .source = CandleSource::History};
        CandleBatch batch{{binance, btc, Timeframe::M3}, {candle, candle}};
        batch.candles[1].open_time = moment + std::chrono::minutes(3);
        batch.candles[1].source = CandleSource::Live;
        QByteArray lines = "before\n";
        store::appendLines(batch, lines);
        const QByteArray point =
            "ohlcv_3m,exchange=binance-usdm,pair=BTC/USDT:USDT open=97000.10,high=97000.90,low=1e-7,"
            "close=97000.00,volume=0,quote_volume=12.500,trades=42,source=";
        QCOMPARE(lines, "before\n" + point + "\"history\" 1795132800000\n" + point + "\"live\" 1795132980000\n");
    }

    void longestValuesHaveRoom()
    {
        const DecimalText longest = decimal("1234567890123456789012345678901");
        const Candle candle{.open_time = moment,
                            .open = longest,
                            .high = longest,
                            .low = longest,
                            .close = longest,
                            .volume = longest,
                            .quote_volume = longest,
                            .trades = std::numeric_limits<qint64>::min(),
                            .source = CandleSource::History};
        QByteArray lines;
        store::appendLines({{binance, btc, Timeframe::Mo1}, {candle}}, lines);
        QVERIFY(lines.contains("quote_volume=1234567890123456789012345678901,trades=-9223372036854775808,"));
        QVERIFY(lines.endsWith(" 1795132800000\n"));
    }

    void emptyValuesAreLeftOut()
    {
        QByteArray lines;
        store::appendLine(
            FundingPoint{.exchange = binance, .pair = btc, .time = moment, .rate = {}, .predicted_rate = {}}, lines);
        store::appendLine(MarkPoint{.exchange = binance, .pair = btc, .time = moment, .price = {}, .index_price = {}},
                          lines);
        QCOMPARE(lines, QByteArray());
        store::appendLine(
            FundingPoint{
                .exchange = binance, .pair = btc, .time = moment, .rate = {}, .predicted_rate = decimal("-0.0001")},
            lines);
        store::appendLine(
            FundingPoint{
                .exchange = binance, .pair = btc, .time = moment, .rate = decimal("0.00010000"), .predicted_rate = {}},
            lines);
        store::appendLine(MarkPoint{.exchange = binance,
                                    .pair = btc,
                                    .time = moment,
                                    .price = decimal("5.0"),
                                    .index_price = decimal("5.1")},
                          lines);
        QCOMPARE(lines,
                 QByteArray(
                     "funding_rate,exchange=binance-usdm,pair=BTC/USDT:USDT predicted_rate=-0.0001 1795132800000\n"
                     "funding_rate,exchange=binance-usdm,pair=BTC/USDT:USDT rate=0.00010000 1795132800000\n"
                     "mark_price,exchange=binance-usdm,pair=BTC/USDT:USDT price=5.0,index_price=5.1 1795132800000\n"));
    }

    void aSpecialRateReplacesNoOther()
    {
        QByteArray lines;
        store::appendLine(FundingPoint{.exchange = binance,
                                       .pair = btc,
                                       .time = moment,
                                       .rate = decimal("0.02"),
                                       .predicted_rate = {},
                                       .special = true},
                          lines);
        QCOMPARE(
            lines,
            QByteArray("funding_rate,exchange=binance-usdm,pair=BTC/USDT:USDT,type=special rate=0.02 1795132800000\n"));
    }

    void tagsAreEscaped_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QByteArray>("tag");
        QTest::newRow("plain") << btc << btc.toUtf8();
        QTest::newRow("not ASCII") << QStringLiteral("币安人生/USDT:USDT") << QByteArray("币安人生/USDT:USDT");
        QTest::newRow("grammar") << QStringLiteral("a b,c=d") << QByteArray("a\\ b\\,c\\=d");
        QTest::newRow("line breaks") << QStringLiteral("a\nb\r\tc") << QByteArray("a_b__c");
        QTest::newRow("backslash inside") << QStringLiteral("a\\b") << QByteArray("a\\b");
        QTest::newRow("backslash at the end") << QStringLiteral("ab\\") << QByteArray("ab_");
        QTest::newRow("empty") << QString() << QByteArray("_");
    }
    void tagsAreEscaped()
    {
        QFETCH(QString, text);
        QFETCH(QByteArray, tag);
        QCOMPARE(store::tagValue(text), tag);
    }
};

TK_TEST(LineProtocolTest, line_protocol);
#include "tst_line_protocol.moc"
