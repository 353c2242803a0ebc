// The window on an engine with two exchanges that have the same pairs: each row says whose it is, and what is asked for
// one does not reach the other.
#include "window_rig.h"

#include "support/test_registry.h"
#include "testex.h"
#include "ui/models/pair_model.h"

#include <QAction>
#include <QSortFilterProxyModel>
#include <QTableView>

namespace tk::test {

namespace {

const QString btc = QStringLiteral("BTC/USDT:USDT");

std::optional<int> columnOf(const QAbstractItemModel &model, const QString &title)
{
    for (int column = 0; column < model.columnCount(); ++column) {
        if (model.headerData(column, Qt::Horizontal).toString() == title)
            return column;
    }
    return {};
}

} // namespace

class ExchangesTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void eachRowSaysWhoseItIs()
    {
        WindowRig rig(WindowWay::Local, {.second = true});
        QVERIFY(rig.start());
        QVERIFY(rig.rig().waitLive());
        const auto *table = rig.window().findChild<QTableView *>(QStringLiteral("pairTable"));
        QVERIFY(rig.waitUntil([&] { return columnOf(*table->model(), QStringLiteral("Exchange")).has_value(); }));
        QVERIFY(rig.waitUntil([&] {
            return rig.view().pairs().find(QStringLiteral("binance-usdm"), btc) && rig.view().pairs().find(testex, btc);
        }));
        const int column = *columnOf(*table->model(), QStringLiteral("Exchange"));
        QCOMPARE(columnOf(*table->model(), QStringLiteral("State")).value_or(-1), 1); // where its symbol is drawn
        QStringList exchanges;
        for (int row = 0; row < table->model()->rowCount(); ++row) {
            if (table->model()->index(row, 0).data(ui::PairModel::PairRole).toString() == btc)
                exchanges.append(table->model()->index(row, column).data().toString());
        }
        exchanges.sort();
        QCOMPARE(exchanges, (QStringList{QStringLiteral("binance-usdm"), testex}));
        rig.window().resize(1400, 850);
        rig.shoot(rig.window(), QStringLiteral("two-exchanges"));

        // One of them is cut off: its rows alone are in trouble, and the sentence says whose.
        rig.rig().secondSim().stopListening();
        QVERIFY(rig.waitUntil([&] {
            const auto *row = rig.view().pairs().find(testex, btc);
            return row && row->isSick();
        }));
        QVERIFY(!rig.view().pairs().find(QStringLiteral("binance-usdm"), btc)->isSick());
        QVERIFY(rig.waitUntil([&] { return rig.view().health().engine()->verdict.text.startsWith(testex); }));
        rig.shoot(rig.window(), QStringLiteral("one-of-two-away"));
        rig.rig().secondSim().resumeListening();
        QVERIFY(rig.rig().waitHealthy());
        QCOMPARE(rig.rig().verdict(), QString());
    }

    // Who has one exchange has no column for it.
    void oneHasNoColumn()
    {
        WindowRig rig(WindowWay::Local);
        QVERIFY(rig.start());
        QVERIFY(rig.rig().waitLive());
        QVERIFY(rig.waitUntil([&] { return rig.view().pairs().find(QStringLiteral("binance-usdm"), btc); }));
        const auto *table = rig.window().findChild<QTableView *>(QStringLiteral("pairTable"));
        QVERIFY(!columnOf(*table->model(), QStringLiteral("Exchange")));
    }
};

} // namespace tk::test

using tk::test::ExchangesTest;
TK_TEST(ExchangesTest, exchanges);
#include "tst_exchanges.moc"
