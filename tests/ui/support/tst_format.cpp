// Values as people read them.
#include "support/test_registry.h"
#include "ui/support/format.h"

#include <cmath>
#include <ctime>
#include <limits>

using namespace tk;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

// Thin spaces are hard to see: tests write them as underscores.
QString shown(QString text)
{
    return text.replace(thinSpace, u'_').replace(minusSign, u'-');
}

UtcTime utc(const char *text)
{
    return parseUtcTime(QString::fromLatin1(text)).value();
}

} // namespace

class FormatTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void ages()
    {
        QCOMPARE(ui::ageText(std::nullopt), QStringLiteral("—"));
        QCOMPARE(ui::ageText(234ms), QStringLiteral("0.2s"));
        QCOMPARE(ui::ageText(42s), QStringLiteral("42s"));
        QCOMPARE(ui::ageText(11min + 42s), QStringLiteral("11:42"));
        QCOMPARE(ui::ageText(3h + 5min), QStringLiteral("3h 05m"));
        QCOMPARE(ui::ageText(24h - 1ms), QStringLiteral("23h 59m"));
        QCOMPARE(ui::ageText(24h), QStringLiteral("1 d 00 h"));
        QCOMPARE(ui::ageText(102h), QStringLiteral("4 d 06 h"));
        QCOMPARE(ui::ageText(-5s), QStringLiteral("0.0s")); // a clock that was set back
    }

    void durations()
    {
        QCOMPARE(durationText(41ms), QStringLiteral("41 ms"));
        QCOMPARE(durationText(400ms), QStringLiteral("0.4 s"));
        QCOMPARE(durationText(41s), QStringLiteral("41 s"));
        QCOMPARE(durationText(24min), QStringLiteral("24 min"));
        QCOMPARE(durationText(65min), QStringLiteral("1 h 05 min"));
        QCOMPARE(durationText(52h), QStringLiteral("2 d 04 h"));
    }

    void counts()
    {
        QCOMPARE(shown(countText(0)), QStringLiteral("0"));
        QCOMPARE(shown(countText(999)), QStringLiteral("999"));
        QCOMPARE(shown(countText(6412)), QStringLiteral("6_412"));
        QCOMPARE(shown(countText(1234567)), QStringLiteral("1_234_567"));
        QCOMPARE(shown(countText(-6412)), QStringLiteral("-6_412"));
        QCOMPARE(shown(countText(std::numeric_limits<qint64>::min())), QStringLiteral("-9_223_372_036_854_775_808"));
    }

    void pricesKeepTheExchangesDecimals()
    {
        QCOMPARE(shown(priceText(u"83084.90")), QStringLiteral("83_084.90"));
        QCOMPARE(shown(priceText(u"0.00487100")), QStringLiteral("0.00487100"));
        QCOMPARE(shown(priceText(u"1000")), QStringLiteral("1_000"));
        QCOMPARE(shown(priceText(u"-1234.5")), QStringLiteral("-1_234.5"));
        QCOMPARE(shown(priceText(u"1e-8")), QStringLiteral("1e-8")); // not ours to change
        QCOMPARE(priceText(u""), QString());
        QCOMPARE(shown(priceText(83084.9, 1)), QStringLiteral("83_084.9"));
        QCOMPARE(shown(priceText(1234567.0, 0)), QStringLiteral("1_234_567"));
        QCOMPARE(shown(priceText(-0.00001, 2)), QStringLiteral("0.00")); // no minus before nothing
        QCOMPARE(priceText(std::nan(""), 2), neverText());
        QCOMPARE(decimalsOf(u"83084.90"), 2);
        QCOMPARE(decimalsOf(u"83084"), 0);
    }

    void amounts()
    {
        QCOMPARE(shown(amountText(412.512)), QStringLiteral("412.51"));
        QCOMPARE(shown(amountText(3412.2)), QStringLiteral("3_412"));
        QCOMPARE(shown(amountText(999'999.9)), QStringLiteral("1.00 M"));
        QCOMPARE(shown(amountText(1'250'000)), QStringLiteral("1.25 M"));
        QCOMPARE(shown(amountText(3.4e9)), QStringLiteral("3.40 G"));
    }

    void sizes()
    {
        QCOMPARE(bytesText(0), QStringLiteral("0 B"));
        QCOMPARE(bytesText(812), QStringLiteral("812 B"));
        QCOMPARE(bytesText(999'960), QStringLiteral("1.0 MB")); // not "1000 kB"
        QCOMPARE(bytesText(8'100'000), QStringLiteral("8.1 MB"));
        QCOMPARE(bytesText(335'000'000), QStringLiteral("335 MB"));
        QCOMPARE(bytesText(1'240'000'000), QStringLiteral("1.2 GB"));
    }

    void percents()
    {
        QCOMPARE(fundingText(0.0001), QStringLiteral("0.0100%"));
        QCOMPARE(shown(fundingText(-0.00021)), QStringLiteral("-0.0210%"));
        QCOMPARE(percentText(0.884, 0), QStringLiteral("88%"));
        QCOMPARE(fundingText(std::nan("")), neverText());
    }

    void times()
    {
        const UtcTime time = utc("2026-11-20T10:02:46.789Z");
        QCOMPARE(clockText(time), QStringLiteral("10:02:46"));
        QCOMPARE(minuteText(time), QStringLiteral("10:02"));
        QCOMPARE(dateText(time), QStringLiteral("2026-11-20"));
        QCOMPARE(dateTimeText(time), QStringLiteral("2026-11-20 10:02:46"));
        QCOMPARE(zoneName(time, ClockZone::Utc), QStringLiteral("UTC"));
    }

    void localTimes()
    {
        const QByteArray before = qgetenv("TZ");
        qputenv("TZ", "XYZ-3");
        tzset();
        const UtcTime time = utc("2026-11-20T22:02:46Z");
        const QString local = dateTimeText(time, ClockZone::Local);
        before.isNull() ? qunsetenv("TZ") : qputenv("TZ", before);
        tzset();
        QCOMPARE(local, QStringLiteral("2026-11-21 01:02:46"));
    }

    void candleOpens()
    {
        const UtcTime now = utc("2026-11-20T10:02:46Z");
        const auto text = [now](const char *open, Timeframe timeframe) {
            return candleOpenText(utc(open), timeframe, now);
        };
        QCOMPARE(text("2026-11-20T10:00:00Z", Timeframe::M3), QStringLiteral("10:00"));
        QCOMPARE(text("2026-11-19T10:00:00Z", Timeframe::M3), QStringLiteral("Nov 19 10:00"));
        QCOMPARE(text("2025-11-19T10:00:00Z", Timeframe::M3), QStringLiteral("2025-11-19 10:00"));
        QCOMPARE(text("2026-11-19T00:00:00Z", Timeframe::D1), QStringLiteral("Nov 19"));
        QCOMPARE(text("2025-11-19T00:00:00Z", Timeframe::D1), QStringLiteral("2025-11-19"));
        QCOMPARE(text("2026-11-01T00:00:00Z", Timeframe::Mo1), QStringLiteral("2026-11"));
    }
};

TK_TEST(FormatTest, format);
#include "tst_format.moc"
