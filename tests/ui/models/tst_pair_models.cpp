// The table of pairs: what it shows, how it is sorted, and which words filter it.
#include "ui/models/pair_filter.h"

#include "support/test_registry.h"

#include <QAbstractItemModelTester>
#include <QJsonArray>
#include <QSignalSpy>

using namespace tk;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

const UtcTime now = fromMs(1'763'632'966'000); // 2025-11-20 10:02:46

QJsonObject pair(const QString &name, const char *state, milliseconds age, const char *price = "83084.90")
{
    return {
        {QStringLiteral("exchange"), QStringLiteral("x")},
        {QStringLiteral("pair"), name},
        {QStringLiteral("state"), QLatin1String(state)},
        {QStringLiteral("since"), toMs(now - age)},
        {QStringLiteral("last_data"), age.count() < 0 ? 0 : toMs(now - age)},
        {QStringLiteral("price"), QLatin1String(price)},
        {QStringLiteral("funding"), QStringLiteral("0.0001")},
        {QStringLiteral("next_funding"), toMs(now + 3h + 5min)},
        {QStringLiteral("finals"), QJsonObject{{QStringLiteral("3m"), toMs(candleOpen(Timeframe::M3, now) - 3min)}}}};
}

QString key(const QString &name)
{
    return QStringLiteral("x ") + name;
}

} // namespace

class PairModelsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_book = std::make_unique<monitor::PairBook>();
        m_book->setMajors({QStringLiteral("BTC"), QStringLiteral("ETH")});
        m_model = std::make_unique<PairModel>(*m_book, [] { return now; });
        m_shown = std::make_unique<PairFilterModel>(*m_model, [] { return now; });
        m_testers.clear();
        m_testers.push_back(std::make_unique<QAbstractItemModelTester>(m_model.get()));
        m_testers.push_back(std::make_unique<QAbstractItemModelTester>(m_shown.get()));
        m_book->reset({{key(btc), pair(btc, "stale", 702s)},
                       {key(eth), pair(eth, "live", 200ms)},
                       {key(xrp), pair(xrp, "late", 9s)},
                       {key(wlfi), pair(wlfi, "silent", -1ms, "")},
                       {key(zg), pair(zg, "quiet", 250s)}});
    }
    void cleanup()
    {
        m_testers.clear();
        m_shown.reset();
        m_model.reset();
        m_book.reset();
    }

    void showsValues()
    {
        QCOMPARE(text(btc, PairModel::Field::Age), QStringLiteral("11:42"));
        QCOMPARE(text(btc, PairModel::Field::State), QStringLiteral("stale 11:42"));
        QCOMPARE(text(btc, PairModel::Field::Price), QStringLiteral("83") + thinSpace + QStringLiteral("084.90"));
        QCOMPARE(text(eth, PairModel::Field::Age), QStringLiteral("0.2s"));
        QCOMPARE(text(eth, PairModel::Field::State), QStringLiteral("live"));
        QCOMPARE(text(eth, PairModel::Field::Funding), QStringLiteral("0.0100%"));
        QCOMPARE(text(eth, PairModel::Field::NextFunding), QStringLiteral("3h 05m"));
        QCOMPARE(text(wlfi, PairModel::Field::Price), neverText());
        QCOMPARE(text(wlfi, PairModel::Field::Age), neverText());
        const auto final = m_model->columnOf(PairModel::Field::Final, Timeframe::M3);
        QVERIFY(final);
        QCOMPARE(cell(btc, *final).data().toString(), QStringLiteral("09:57"));
        QCOMPARE(
            PairModel::Tone(cell(btc, *m_model->columnOf(PairModel::Field::Age)).data(PairModel::ToneRole).toInt()),
            PairModel::Tone::Trouble);
        // Numbers stand right, and what a screen reader says names the column.
        QVERIFY(cell(btc, 2).data(Qt::TextAlignmentRole).toInt() & Qt::AlignRight);
        QCOMPARE(cell(btc, 0).data(Qt::AccessibleTextRole).toString(), QStringLiteral("Pair: ") + btc);
    }

    void worstFirst()
    {
        m_shown->sort(*m_model->columnOf(PairModel::Field::State), Qt::DescendingOrder);
        QCOMPARE(order(), QStringList({btc, wlfi, xrp, zg, eth}));
        m_shown->sort(0, Qt::AscendingOrder);
        QCOMPARE(order(), QStringList({zg, btc, eth, wlfi, xrp}));
    }

    void filters_data()
    {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<QStringList>("left");
        QTest::addColumn<bool>("problem");
        const auto row = [](const char *typed, const QStringList &left, bool problem = false) {
            QTest::newRow(typed) << QString::fromLatin1(typed) << left << problem;
        };
        row("", {btc, eth, xrp, wlfi, zg});
        row("bt", {btc});
        row("BTC", {btc});
        row("state:stale", {btc});
        row("state:stale,silent", {btc, wlfi});
        row("age>60s", {btc, wlfi, zg});
        row("age<5s", {eth});
        row("-state:live age>5s", {btc, xrp, wlfi, zg});
        row("gaps>0", {eth});
        row("majors", {btc, eth});
        row("majors -btc", {eth});
        row("state:", {btc, eth, xrp, wlfi, zg});          // still being typed
        row("state:odd", {btc, eth, xrp, wlfi, zg}, true); // wrong, and said
        row("age>soon", {btc, eth, xrp, wlfi, zg}, true);
        row("gaps>many", {btc, eth, xrp, wlfi, zg}, true);
        row("nosuchpair", {});
    }
    void filters()
    {
        QFETCH(QString, typed);
        QFETCH(QStringList, left);
        QFETCH(bool, problem);
        m_book->setGaps({{key(eth), 2}});
        const PairFilter filter = PairFilter::parse(typed);
        QCOMPARE(!filter.problem().isEmpty(), problem);
        m_shown->setFilter(filter);
        QStringList shown = order();
        shown.sort();
        left.sort();
        QCOMPARE(shown, left);
    }

    // One signal for a bundle of changes, and the age column alone while nothing is told.
    void changesComeInBundles()
    {
        QSignalSpy changed(m_model.get(), &QAbstractItemModel::dataChanged);
        m_book->apply({{key(btc), pair(btc, "live", 1s)}, {key(eth), pair(eth, "live", 1s)}});
        QCOMPARE(changed.size(), 1);
        changed.clear();
        QTRY_VERIFY_WITH_TIMEOUT(changed.size() >= 3, 5'000);
        for (const QList<QVariant> &signal : changed) {
            const int column = signal[0].toModelIndex().column();
            QCOMPARE(column, signal[1].toModelIndex().column());
        }
        m_model->setAgesRun(false);
        m_book->apply({{key(xrp), QJsonValue()}});
        QCOMPARE(m_model->rowCount(), 4);
        m_book->apply({{key(xrp), pair(xrp, "live", 1s)}});
        QCOMPARE(m_model->rowCount(), 5);
    }

private:
    static inline const QString btc = QStringLiteral("BTC/USDT:USDT");
    static inline const QString eth = QStringLiteral("ETH/USDT:USDT");
    static inline const QString xrp = QStringLiteral("XRP/USDT:USDT");
    static inline const QString wlfi = QStringLiteral("WLFI/USDT:USDT");
    static inline const QString zg = QStringLiteral("0G/USDT:USDT");

    QModelIndex cell(const QString &name, int column) const
    {
        return m_model->index(m_book->rowOf(key(name)).value(), column);
    }
    QString text(const QString &name, PairModel::Field field) const
    {
        return cell(name, m_model->columnOf(field).value()).data().toString();
    }
    QStringList order() const
    {
        QStringList names;
        for (int row = 0; row < m_shown->rowCount(); ++row)
            names.append(m_shown->index(row, 0).data().toString());
        return names;
    }

    std::unique_ptr<monitor::PairBook> m_book;
    std::unique_ptr<PairModel> m_model;
    std::unique_ptr<PairFilterModel> m_shown;
    std::vector<std::unique_ptr<QAbstractItemModelTester>> m_testers;
};

TK_TEST(PairModelsTest, pair_models);
#include "tst_pair_models.moc"
