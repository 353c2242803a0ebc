// Names and forms of freqtrade's files.
#include "support/test_registry.h"
#include "sync/layout.h"

using namespace tk;
using namespace tk::sync;

class NamingTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void names_data()
    {
        QTest::addColumn<QString>("pair");
        QTest::addColumn<int>("content");
        QTest::addColumn<int>("timeframe");
        QTest::addColumn<QString>("name");
        const auto row = [](const char *pair, Content content, Timeframe timeframe, const char *name) {
            QTest::newRow(name) << QString::fromUtf8(pair) << int(content) << int(timeframe) << QString::fromUtf8(name);
        };
        row("BTC/USDT:USDT", Content::Candles, Timeframe::M3, "BTC_USDT_USDT-3m-futures.feather");
        row("1000PEPE/USDT:USDT", Content::Candles, Timeframe::H1, "1000PEPE_USDT_USDT-1h-futures.feather");
        row("BTC/USDT:USDT-261225", Content::Candles, Timeframe::D1, "BTC_USDT_USDT-261225-1d-futures.feather");
        row("BTC/USDT:USDT", Content::Candles, Timeframe::Mo1, "BTC_USDT_USDT-1Mo-futures.feather");
        row("BTC/USDT:USDT", Content::Candles, Timeframe::M1, "BTC_USDT_USDT-1m-futures.feather");
        row("BTC/USDT:USDT", Content::Mark, Timeframe::H1, "BTC_USDT_USDT-1h-mark.feather");
        row("BTC/USDT:USDT", Content::Funding, Timeframe::H8, "BTC_USDT_USDT-8h-funding_rate.feather");
        row("币安人生/USDT:USDT", Content::Candles, Timeframe::M3, "币安人生_USDT_USDT-3m-futures.feather");
    }

    void names()
    {
        QFETCH(QString, pair);
        QFETCH(int, content);
        QFETCH(int, timeframe);
        QFETCH(QString, name);
        const auto found = fileName({QStringLiteral("binance-usdm"), pair, Content(content), Timeframe(timeframe)});
        QVERIFY(found);
        QCOMPARE(*found, name);
    }

    void whatIsNoName()
    {
        QVERIFY(!fileName({QStringLiteral("x"), QStringLiteral("nonsense"), Content::Candles, Timeframe::M1}));
        QVERIFY(!fileName({QStringLiteral("x"), QStringLiteral("A*B/USDT:USDT"), Content::Candles, Timeframe::M1}));
    }

    // freqtrade looks at everything that ends in ".feather".
    void whatLiesBesideIsInvisible()
    {
        const QString name = QStringLiteral("BTC_USDT_USDT-3m-futures.feather");
        for (const QString &beside : {partName(name), brokenName(name, fromMs(1'795'168'800'000))})
            QVERIFY2(!beside.endsWith(QLatin1StringView(".feather")), qPrintable(beside));
        QCOMPARE(brokenName(name, fromMs(1'795'168'800'000)), name + QStringLiteral(".broken-20261120T100000Z"));
        QVERIFY(isPartName(partName(name)));
        QVERIFY(!isPartName(name));
    }

    void folders()
    {
        QCOMPARE(exchangeFolder(QStringLiteral("binance-usdm")), QStringLiteral("binance"));
        QCOMPARE(exchangeFolder(QStringLiteral("okx-swap")), QStringLiteral("okx"));
        QCOMPARE(exchangeFolder(QStringLiteral("other")), QStringLiteral("other"));
    }

    void versions()
    {
        QVERIFY((HostVersion::parse(u"2026.9") == HostVersion{2026, 9}));
        QVERIFY((HostVersion::parse(u"2025.11.1") == HostVersion{2025, 11}));
        QVERIFY((HostVersion::parse(u"2025.9-dev") == HostVersion{2025, 9}));
        for (const QStringView wrong : {u"", u"auto", u"2026", u"2026.13", u"26.9", u"2026.9x", u"2026."})
            QVERIFY2(!HostVersion::parse(wrong), qPrintable(wrong.toString()));
    }

    void layouts()
    {
        const QString binance = QStringLiteral("binance-usdm");
        const Layout old = layoutOf(HostVersion{2025, 11}, binance);
        QVERIFY(old.unit == feather::Unit::Nanosecond && old.mark == Timeframe::H8 && old.funding == Timeframe::H8);
        QVERIFY(layoutOf(HostVersion{2025, 11}, QStringLiteral("bybit-linear")).mark == Timeframe::H4);
        const Layout middle = layoutOf(HostVersion{2026, 3}, binance);
        QVERIFY(middle.unit == feather::Unit::Nanosecond && middle.mark == Timeframe::H1 && !middle.narrow_funding);
        const Layout recent = layoutOf(HostVersion{2026, 8}, binance);
        QVERIFY(recent == Layout());
        QVERIFY(layoutOf(HostVersion{2026, 9}, binance).narrow_funding);
        QCOMPARE(schemaOf(Content::Funding, layoutOf(HostVersion{2026, 9}, binance)).fields.size(), size_t(2));
        QCOMPARE(schemaOf(Content::Funding, recent).fields.size(), size_t(6));
    }

    void layoutsOfWhatIsThere()
    {
        const QString old = QStringLiteral("ETH_USDT_USDT-8h-mark.feather");
        const QString recent = QStringLiteral("ETH_USDT_USDT-1h-mark.feather");
        QVERIFY(layoutOf(QStringList{}, std::nullopt) == Layout());
        QVERIFY(layoutOf({old}, std::nullopt).mark == Timeframe::H8);
        QVERIFY(layoutOf({old}, std::nullopt).funding == Timeframe::H1);
        QVERIFY(layoutOf({old, recent}, std::nullopt).mark == Timeframe::H1);
        feather::Schema sample = schemaOf(Content::Candles, {.unit = feather::Unit::Nanosecond});
        QVERIFY(layoutOf(QStringList{}, sample).unit == feather::Unit::Nanosecond);
    }

    void columns()
    {
        const feather::Schema six = schemaOf(Content::Candles, {});
        const feather::Schema two = schemaOf(Content::Funding, {.narrow_funding = true});
        QCOMPARE(valueColumns(six, Content::Candles), std::optional<size_t>(5));
        QCOMPARE(valueColumns(six, Content::Funding), std::optional<size_t>(5));
        QCOMPARE(valueColumns(two, Content::Funding), std::optional<size_t>(1));
        QVERIFY(!valueColumns(two, Content::Candles));
        feather::Schema other = six;
        std::swap(other.fields[1], other.fields[2]); // readers up to 2026.6 go by the position
        QVERIFY(!valueColumns(other, Content::Candles));
        other = six;
        other.fields.push_back({"extra"});
        QVERIFY(!valueColumns(other, Content::Candles));
        other = six;
        other.fields[5].kind = feather::Kind::Integer;
        QVERIFY(!valueColumns(other, Content::Candles));
    }
};

TK_TEST(NamingTest, naming);
#include "tst_naming.moc"
