// Prices and times that are labelled are round, apart from each other, and where they belong.
#include "candle_samples.h"
#include "support/test_registry.h"
#include "ui/chart/price_scale.h"
#include "ui/chart/time_ticks.h"

#include <ctime>

using namespace tk;
using namespace tk::test;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

QStringList labels(const std::vector<TimeTick> &ticks)
{
    QStringList texts;
    for (const TimeTick &tick : ticks)
        texts.append(tick.strong ? u'*' + tick.label : tick.label);
    return texts;
}

} // namespace

class ScalesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void pricesGoThereAndBack()
    {
        const PriceScale scale{{100, 200}, 10, 310};
        QCOMPARE(scale.y(200), 10.0);
        QCOMPARE(scale.y(100), 310.0);
        QCOMPARE(scale.value(scale.y(123)), 123.0);
        QCOMPARE(scale.scaled(2).y(150), scale.y(150) * 2);
    }

    void ranges()
    {
        QVERIFY(!rangeOf({}));
        const std::vector<Bar> bars{{0, 5, 9, 4, 6, 0}, {1, 6, 8, 2, 3, 0}};
        QVERIFY(rangeOf(bars).value() == (PriceRange{2, 9}));
        QVERIFY(padded({100, 200}, 0.1) == (PriceRange{90, 210}));
        // A pair that has not moved still gets a scale, however small its price.
        for (const double price : {83'000.0, 0.00000123, 0.0}) {
            const PriceRange flat = padded({price, price}, 0.1);
            QVERIFY(flat.size() > 0 && flat.low < price && price < flat.high);
        }
    }

    void priceTicks_data()
    {
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::addColumn<int>("count");
        QTest::addColumn<QList<double>>("values");
        QTest::addColumn<int>("decimals");
        QTest::newRow("bitcoin") << 82'890.0 << 83'210.0 << 5 << QList<double>{82'900, 83'000, 83'100, 83'200} << 0;
        QTest::newRow("twos") << 82'890.0 << 83'050.0 << 10
                              << QList<double>{82'900, 82'920, 82'940, 82'960, 82'980, 83'000, 83'020, 83'040} << 0;
        QTest::newRow("small") << 0.004861 << 0.004879 << 4 << QList<double>{0.004865, 0.00487, 0.004875} << 6;
        QTest::newRow("around zero") << -1.5 << 1.5 << 3 << QList<double>{-1, 0, 1} << 0;
        QTest::newRow("empty") << 5.0 << 5.0 << 4 << QList<double>{} << 0;
    }
    void priceTicks()
    {
        QFETCH(const double, low);
        QFETCH(const double, high);
        QFETCH(const int, count);
        QFETCH(const QList<double>, values);
        QFETCH(const int, decimals);
        const PriceTicks ticks = ui::priceTicks({low, high}, count);
        QCOMPARE(ticks.values.size(), size_t(values.size()));
        for (size_t i = 0; i < ticks.values.size(); ++i)
            QVERIFY2(std::abs(ticks.values[i] - values[qsizetype(i)]) < (high - low) * 1e-9,
                     qPrintable(QString::number(ticks.values[i], 'g', 12)));
        QCOMPARE(ticks.decimals, decimals);
    }

    void priceTicksAreNoFinerThanThePrices()
    {
        const PriceTicks ticks = ui::priceTicks({100.0, 100.3}, 10, 1);
        QCOMPARE(ticks.decimals, 1);
        QCOMPARE(ticks.values.size(), 4U);
    }

    void manyPriceTicksKeepTheirBound()
    {
        for (double size = 1e-7; size < 1e7; size *= 1.37) {
            for (const int count : {1, 3, 7, 12}) {
                const PriceTicks ticks = ui::priceTicks({12.345, 12.345 + size}, count);
                QVERIFY(int(ticks.values.size()) <= count + 1);
                if (count > 2)
                    QVERIFY(!ticks.values.empty());
                for (size_t i = 1; i < ticks.values.size(); ++i) // their labels differ
                    QVERIFY(QString::number(ticks.values[i], 'f', ticks.decimals) !=
                            QString::number(ticks.values[i - 1], 'f', ticks.decimals));
            }
        }
    }

    void timeTicks_data()
    {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<int>("minutes"); // the least between two
        QTest::addColumn<QString>("expected");
        const auto row = [](const char *name, const char *from, const char *to, int least, const char *expected) {
            QTest::newRow(name) << QString::fromLatin1(from) << QString::fromLatin1(to) << least
                                << QString::fromLatin1(expected);
        };
        row("minutes", "2026-11-20T10:02Z", "2026-11-20T10:21Z", 4, "10:05 10:10 10:15 10:20");
        row("over midnight", "2026-11-20T22:10Z", "2026-11-21T01:10Z", 50, "23:00 *Nov 21 01:00");
        row("six hours", "2026-11-20T01:00Z", "2026-11-21T01:00Z", 300, "06:00 12:00 18:00 *Nov 21");
        row("days", "2026-11-28T12:00Z", "2026-12-02T12:00Z", 1000, "Nov 29 Nov 30 *Dec 1 Dec 2");
        row("weeks begin on Monday", "2026-11-01T00:00Z", "2026-11-30T00:00Z", 9000,
            "Nov 2 Nov 9 Nov 16 Nov 23 Nov 30");
        row("months", "2026-10-15T00:00Z", "2027-02-15T00:00Z", 30000, "Nov Dec *2027 Feb");
        row("years", "2017-08-17T00:00Z", "2026-11-20T00:00Z", 700000, "2018 2020 2022 2024 2026");
        row("nothing", "2026-11-20T00:00Z", "2026-11-20T00:00Z", 10, "");
    }
    void timeTicks()
    {
        QFETCH(const QString, from);
        QFETCH(const QString, to);
        QFETCH(const int, minutes);
        QFETCH(const QString, expected);
        const auto ticks = ui::timeTicks(parseUtcTime(from).value(), parseUtcTime(to).value(),
                                         std::chrono::minutes(minutes), ClockZone::Utc);
        QCOMPARE(labels(ticks).join(u' '), expected);
        for (size_t i = 1; i < ticks.size(); ++i)
            QVERIFY(ticks[i].time - ticks[i - 1].time >= std::chrono::minutes(minutes));
    }

    // The night in which a clock is set back has an hour twice, and no tick stands on another.
    void timeTicksOfThePlace()
    {
        const QByteArray before = qgetenv("TZ");
        qputenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
        tzset();
        const auto autumn =
            ui::timeTicks(utc("2026-10-24T21:00:00Z"), utc("2026-10-25T05:00:00Z"), 60min, ClockZone::Local);
        const auto usual =
            ui::timeTicks(utc("2026-11-20T21:30:00Z"), utc("2026-11-21T00:30:00Z"), 60min, ClockZone::Local);
        before.isNull() ? qunsetenv("TZ") : qputenv("TZ", before);
        tzset();
        QCOMPARE(labels(usual).join(u' '), QStringLiteral("23:00 *Nov 21 01:00"));
        for (size_t i = 1; i < autumn.size(); ++i)
            QVERIFY(autumn[i].time - autumn[i - 1].time == 1h);
        QVERIFY(autumn.size() >= 8);
    }
};

TK_TEST(ScalesTest, scales);
#include "tst_scales.moc"
