// Rows that cannot be: counted once each, also beyond those that are kept by name.
#include "store/impossible_rows.h"

#include "core/store/samples.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

class ImpossibleRowsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aRowThatIsReadTwiceCountsOnce()
    {
        store::ImpossibleRows rows;
        rows.add(bad(0));
        rows.add(bad(0));
        QCOMPARE(rows.count(), 1);
    }

    void thoseBeyondTheKeptOnesAreCountedInASumToo()
    {
        const auto many = [](int from) {
            store::ImpossibleRows rows;
            for (int i = 0; i < int(store::ImpossibleRows::mostKept) + 5; ++i)
                rows.add(bad(from + i));
            return rows;
        };
        store::ImpossibleRows sum = many(0);
        QCOMPARE(sum.count(), qint64(store::ImpossibleRows::mostKept) + 5);
        sum.add(many(10'000));
        QCOMPARE(sum.count(), 2 * (qint64(store::ImpossibleRows::mostKept) + 5));
        QCOMPARE(sum.rows().size(), store::ImpossibleRows::mostKept);
    }

private:
    static store::ImpossibleRow bad(int minute)
    {
        return {series(Timeframe::M1, QStringLiteral("BTC/USDT:USDT")), false, fromMs(0) + minute * 1min,
                QStringLiteral("the highest price is below the lowest")};
    }
};

TK_TEST(ImpossibleRowsTest, impossible_rows);

#include "tst_impossible_rows.moc"
