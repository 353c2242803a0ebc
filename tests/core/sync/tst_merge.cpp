// Rows from records, and rows into tables.
#include "core/store/samples.h"
#include "support/test_registry.h"
#include "sync/layout.h"
#include "sync/merge.h"

#include <cmath>
#include <map>
#include <random>

using namespace tk;
using namespace tk::sync;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

Rows made(std::initializer_list<qint64> times, double value = 1)
{
    Rows rows;
    for (const qint64 time : times)
        rows.add(time, {value, value, value, value, value});
    return rows;
}

feather::Table tableOf(const Rows &rows, feather::Unit unit = feather::Unit::Millisecond)
{
    feather::Table table{schemaOf(Content::Candles, {.unit = unit}), 0, std::vector<feather::Column>(6)};
    return merge(table, rows, {}).table;
}

std::vector<qint64> times(const feather::Table &table)
{
    return table.columns[0].integers;
}

MarkPoint mark(UtcTime time, double price)
{
    return {QStringLiteral("x"), QStringLiteral("BTC/USDT:USDT"), time, dec(std::to_string(price)), {}};
}

std::vector<MarkPoint> minutes(UtcTime from, int count, double first = 100)
{
    std::vector<MarkPoint> marks;
    for (int i = 0; i < count; ++i)
        marks.push_back(mark(from + i * 1min + 700ms, first + i)); // as punctual as the live stream is
    return marks;
}

} // namespace

class MergeTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void appendsAndInserts()
    {
        const Merged merged = merge(tableOf(made({30, 40, 70})), made({10, 40, 50, 70, 80, 90}, 2), {});
        QCOMPARE(times(merged.table), (std::vector<qint64>{10, 30, 40, 50, 70, 80, 90}));
        QCOMPARE(merged.table.columns[4].doubles, (std::vector<double>{2, 1, 2, 2, 2, 2, 2}));
        QCOMPARE(merged.table.rows, 7);
        QCOMPARE(merged.added, 4);
        QCOMPARE(merged.replaced, 2);
        QVERIFY(merged.changed());
        QVERIFY(!merge(merged.table, made({40, 90}, 2), {}).changed());
        QVERIFY(!merge(merged.table, {}, {}).changed());
    }

    void theFilesRowsStandWhereTheyAreBetter()
    {
        const Merged merged =
            merge(tableOf(made({10, 20, 30})), made({10, 20, 30, 40}, 2), {.ours_win = false, .open_from = 30});
        QCOMPARE(merged.table.columns[1].doubles, (std::vector<double>{1, 1, 2, 2}));
        QCOMPARE(merged.replaced, 1);
        QCOMPARE(merged.added, 1);
    }

    void theUnitOfTheFileStays()
    {
        for (const feather::Unit unit :
             {feather::Unit::Second, feather::Unit::Microsecond, feather::Unit::Nanosecond}) {
            const Merged merged = merge(tableOf(made({180'000}), unit), made({180'000, 360'000}), {});
            const qint64 second = feather::unitsPerSecond(unit);
            QCOMPARE(times(merged.table), (std::vector<qint64>{180 * second, 360 * second}));
            QCOMPARE(merged.added, 1);
            QVERIFY(merged.table.schema.fields[0].unit == unit);
        }
    }

    // Exchanges print 00:00:00.014; freqtrade joins by equal times.
    void fundingTimesMeetWithinTheHour()
    {
        const qint64 hour = 3'600'000;
        const Merged merged =
            merge(tableOf(made({hour + 14, 9 * hour})), made({hour, 9 * hour, 17 * hour}), {.grid = hour});
        QCOMPARE(times(merged.table), (std::vector<qint64>{hour, 9 * hour, 17 * hour}));
        QCOMPARE(merged.replaced, 1);
        QCOMPARE(merged.added, 1);
    }

    void disorderIsStraightened()
    {
        feather::Table table = tableOf(made({10, 20, 30}));
        table.columns[0].integers = {30, 10, 30};
        for (size_t i = 1; i < 6; ++i)
            table.columns[i].doubles = {5, 7, 6};
        const Merged merged = merge(table, made({40}), {});
        QCOMPARE(times(merged.table), (std::vector<qint64>{10, 30, 40}));
        QCOMPARE(merged.doubled, 1);
        // As freqtrade cleans: open first, high max, low min, close last, volume max.
        const double expected[]{5, 6, 5, 6, 6};
        for (size_t i = 1; i < 6; ++i)
            QCOMPARE(merged.table.columns[i].doubles[1], expected[i - 1]);
    }

    void missingValuesAreFilled()
    {
        feather::Table table = tableOf(made({10, 20}));
        table.columns[5].doubles = {std::nan(""), std::nan("")};
        const Merged merged = merge(table, made({20}, 1), {});
        QVERIFY(std::isnan(merged.table.columns[5].doubles[0]));
        QCOMPARE(merged.table.columns[5].doubles[1], 1.0);
        QCOMPARE(merged.replaced, 1);
    }

    // Against a map, which cannot be wrong.
    void manyMergesAgree()
    {
        std::mt19937 random(20'261'121);
        for (int round = 0; round < 200; ++round) {
            std::map<qint64, double> expected;
            feather::Table table = tableOf({});
            for (int step = 0; step < 6; ++step) {
                std::map<qint64, double> chosen;
                for (int i = int(random() % 20); i > 0; --i)
                    chosen[qint64(random() % 60)] = double(random() % 4);
                Rows rows;
                for (const auto &[time, value] : chosen) {
                    rows.add(time, {value, value, value, value, value});
                    expected[time] = value;
                }
                table = merge(std::move(table), rows, {}).table;
                QCOMPARE(table.rows, qint64(expected.size()));
                size_t row = 0;
                for (const auto &[time, value] : expected) {
                    QCOMPARE(table.columns[0].integers[row], time);
                    QCOMPARE(table.columns[3].doubles[row], value);
                    ++row;
                }
            }
        }
    }

    void otherUnitsOfVolumeAreNoticed()
    {
        Rows ours;
        Rows theirs;
        std::mt19937 random(1);
        for (qint64 i = 0; i < 100; ++i) {
            const double volume = 1 + double(random() % 1000);
            ours.add(i, {1, 1, 1, 1, volume});
            theirs.add(i, {1, 1, 1, 1, volume * 100});
        }
        QVERIFY(!volumeFactor(tableOf(ours), ours));
        theirs.values.back()[4] = 3; // was still running when it was written
        const auto factor = volumeFactor(tableOf(theirs), ours);
        QVERIFY(factor);
        QCOMPARE(*factor, 100.0);
        for (auto &row : theirs.values)
            row[4] *= 1 + double(random() % 100) / 100;
        QVERIFY(!volumeFactor(tableOf(theirs), ours)); // other values, no other unit
    }

    void candlesBecomeRows()
    {
        auto some = candles(Timeframe::M3, sampleStart, 3);
        some[1].low = dec("0.1");
        some[1].volume = dec("1e-7");
        const Rows rows = candleRows(some);
        QCOMPARE(rows.size(), size_t(3));
        QCOMPARE(rows.times[1] - rows.times[0], 180'000);
        QCOMPARE(rows.values[1][2], 0.1);
        QCOMPARE(rows.values[1][4], 1e-7);
        some.push_back(some.back());
        QCOMPARE(candleRows(some).size(), size_t(3));
    }

    void marksBecomeCandlesOfWholeHours()
    {
        const auto marks = minutes(sampleStart, 61);
        const Rows rows = markRows(marks, Timeframe::H1);
        QCOMPARE(rows.size(), size_t(1));
        QCOMPARE(rows.times[0], toMs(sampleStart));
        QVERIFY((rows.values[0] == std::array<double, 5>{100, 160, 100, 160, 0}));
    }

    void incompleteHoursAreNone()
    {
        const auto marks = minutes(sampleStart, 60); // nothing says how it closed
        QCOMPARE(markRows(marks, Timeframe::H1).size(), size_t(0));
        for (const int missing : {0, 30, 59, 60}) {
            auto holed = minutes(sampleStart, 200);
            holed.erase(holed.begin() + missing);
            const Rows rows = markRows(holed, Timeframe::H1);
            // The hour with the hole, and the one that the missing minute would have closed.
            QCOMPARE(rows.size(), size_t(missing == 60 ? 1 : 2));
            QVERIFY(rows.times[0] > toMs(sampleStart));
        }
        QCOMPARE(markRows(minutes(sampleStart + 5min, 120), Timeframe::H1).size(), size_t(1));
        QCOMPARE(markRows({}, Timeframe::H1).size(), size_t(0));
    }

    void moreThanOneMarkAMinute()
    {
        std::vector<MarkPoint> marks;
        for (int i = 0; i < 61 * 20; ++i)
            marks.push_back(mark(sampleStart + i * 3s, 100 + std::sin(i)));
        const Rows rows = markRows(marks, Timeframe::H1);
        QCOMPARE(rows.size(), size_t(1));
        QVERIFY(rows.values[0][1] > 100.99 && rows.values[0][2] < 99.01);
    }

    void fundingStandsAtTheFullHour()
    {
        const auto point = [](UtcTime time, std::string_view rate, bool special = false) {
            return FundingPoint{
                .exchange = {}, .pair = {}, .time = time, .rate = dec(rate), .predicted_rate = {}, .special = special};
        };
        const std::vector<FundingPoint> points{point(sampleStart + 14ms, "0.0001"),
                                               point(sampleStart + 8h, "0.5", true), point(sampleStart + 8h, "0.0002"),
                                               point(sampleStart + 12h, "-0.0003", true)};
        const Rows rows = fundingRows(points);
        QCOMPARE(rows.size(), size_t(3));
        QCOMPARE(rows.times[0], toMs(sampleStart));
        QVERIFY((rows.values[0] == std::array<double, 5>{0.0001, 0, 0, 0, 0}));
        QCOMPARE(rows.values[1][0], 0.0002);
        QCOMPARE(rows.values[2][0], -0.0003);
        QVERIFY(!onGrid(rows, Timeframe::H8));
        QVERIFY(onGrid(rows, Timeframe::H1));
    }
};

TK_TEST(MergeTest, merge);
#include "tst_merge.moc"
