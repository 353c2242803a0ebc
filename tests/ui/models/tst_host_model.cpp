// Hosts as the engine tells them: from the book to the tree, kept in order while everything changes.
#include "ui/models/host_model.h"
#include "ui/models/pair_model.h"

#include "market/stream.h"
#include "support/test_registry.h"

#include <QAbstractItemModelTester>
#include <QJsonArray>
#include <QSignalSpy>

using namespace tk;
using namespace tk::ui;
using namespace std::chrono_literals;
using Column = HostModel::Column;

namespace {

const UtcTime now = fromMs(1'763'632'966'000); // 2025-11-20 10:02:46

QJsonObject unit(const char *name, const char *text, const char *light, const char *active)
{
    return {{QStringLiteral("name"), QLatin1String(name)},
            {QStringLiteral("text"), QLatin1String(text)},
            {QStringLiteral("light"), QLatin1String(light)},
            {QStringLiteral("active"), QLatin1String(active)},
            {QStringLiteral("enabled"), QStringLiteral("enabled")},
            {QStringLiteral("result"), QStringLiteral("success")},
            {QStringLiteral("since"), toMs(now - 3h - 5min)},
            {QStringLiteral("next_run"), toMs(now + 80s)},
            {QStringLiteral("memory"), 61'000'000},
            {QStringLiteral("restarts"), 2},
            {QStringLiteral("configured"), true}};
}

QJsonObject files(const char *timeframe, milliseconds lag, bool stale)
{
    return {{QStringLiteral("timeframe"), QLatin1String(timeframe)},
            {QStringLiteral("content"), QStringLiteral("futures")},
            {QStringLiteral("files"), 164},
            {QStringLiteral("oldest"), toMs(now - lag - 3min)},
            {QStringLiteral("newest"), toMs(now - 3min)},
            {QStringLiteral("oldest_file"), QStringLiteral("BTC_USDT_USDT-3m-futures.feather")},
            {QStringLiteral("lag_ms"), toMs(UtcTime{} + lag)},
            {QStringLiteral("stale"), stale}};
}

QJsonObject host(int place, const char *state, const char *light, const QJsonArray &units,
                 const QJsonArray &groups = {})
{
    QJsonObject object{{QStringLiteral("place"), place},
                       {QStringLiteral("target"), QStringLiteral("freqai@feeder")},
                       {QStringLiteral("state"), QLatin1String(state)},
                       {QStringLiteral("light"), QLatin1String(light)},
                       {QStringLiteral("since"), toMs(now - 5min)},
                       {QStringLiteral("looked"), toMs(now - 2s)},
                       {QStringLiteral("clock_offset_ms"), -12},
                       {QStringLiteral("units"), units}};
    const QJsonObject folder{{QStringLiteral("folder"), QStringLiteral("/data")},
                             {QStringLiteral("files"), 492},
                             {QStringLiteral("disk_free"), 80'000'000'000.0},
                             {QStringLiteral("disk_total"), 100'000'000'000.0},
                             {QStringLiteral("groups"), groups}};
    if (!groups.isEmpty())
        object.insert(QStringLiteral("folders"), QJsonArray{folder});
    return object;
}

} // namespace

class HostModelTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_list = std::make_unique<monitor::HostList>();
        m_model = std::make_unique<HostModel>(*m_list, [] { return now; });
        m_tester = std::make_unique<QAbstractItemModelTester>(m_model.get(),
                                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
    }
    void cleanup()
    {
        m_tester.reset();
        m_model.reset();
    }

    void showsWhatIsTold()
    {
        const QJsonObject running = unit("freqtrade.service", "running", "ok", "active");
        const QJsonObject timer = unit("sync.timer", "waiting", "ok", "active");
        m_list->apply({{QStringLiteral("b"), host(1, "unknown", "", {})},
                       {QStringLiteral("a"), host(0, "up", "ok", {running, timer}, {files("3m", 100s, false)})}},
                      true);
        QCOMPARE(m_model->rowCount(), 2);
        const QModelIndex a = m_model->index(0, 0);
        QCOMPARE(a.data().toString(), QStringLiteral("a")); // in the order of the configuration
        QCOMPARE(state(a), StreamState::Live);
        QVERIFY(text(a, Column::Detail).contains(QStringLiteral("492 files")));
        QVERIFY(text(a, Column::Detail).contains(QStringLiteral("12 ms")));
        QCOMPARE(m_model->rowCount(a), 4); // two units, the folder, its files
        const QModelIndex service = m_model->indexOf(QStringLiteral("a"), QStringLiteral("freqtrade.service"));
        QCOMPARE(text(service, Column::State), QStringLiteral("running"));
        QCOMPARE(text(service, Column::Since), QStringLiteral("3h 05m"));
        QCOMPARE(text(service, Column::NextRun), QString());
        QCOMPARE(service.data(HostModel::UnitRole).toString(), QStringLiteral("freqtrade.service"));
        QCOMPARE(PairModel::Tone(service.siblingAtColumn(Column::Restarts).data(HostModel::ToneRole).toInt()),
                 PairModel::Tone::Warning);
        const QModelIndex next = m_model->indexOf(QStringLiteral("a"), QStringLiteral("sync.timer"));
        QCOMPARE(text(next, Column::NextRun), QStringLiteral("10:04, in 1:20"));
        const QModelIndex candles = m_model->index(3, 0, a);
        QCOMPARE(text(candles, Column::State), QStringLiteral("fresh"));
        const QModelIndex b = m_model->index(1, 0);
        QCOMPARE(state(b), StreamState::Requested);
        QCOMPARE(text(b, Column::State), QStringLiteral("not seen yet"));
    }

    // A running service with a stale file is red, and what was seen of a host that is away does not look fresh.
    void redIsRed()
    {
        QJsonObject sick =
            host(0, "up", "bad", {unit("freqtrade.service", "running", "ok", "active")}, {files("3m", 20min, true)});
        const QJsonObject trouble{{QStringLiteral("light"), QStringLiteral("bad")},
                                  {QStringLiteral("title"), QStringLiteral("Files stale")},
                                  {QStringLiteral("text"), QStringLiteral("3m futures: x is 20 min behind")}};
        sick.insert(QStringLiteral("troubles"), QJsonArray{trouble});
        m_list->apply({{QStringLiteral("a"), sick}}, true);
        const QModelIndex a = m_model->index(0, 0);
        QCOMPARE(state(a), StreamState::Stale);
        QCOMPARE(state(m_model->index(0, 0, a)), StreamState::Live);
        QCOMPARE(state(m_model->index(2, 0, a)), StreamState::Stale);
        QVERIFY(text(a, Column::Detail).contains(QStringLiteral("20 min behind")));
        sick.insert(QStringLiteral("state"), QStringLiteral("unreachable"));
        sick.insert(QStringLiteral("error"), QStringLiteral("no answer within 6 s"));
        m_list->apply({{QStringLiteral("a"), sick}}, false);
        QCOMPARE(state(a), StreamState::Stale);
        QCOMPARE(text(a, Column::State), QStringLiteral("unreachable"));
        QCOMPARE(text(a, Column::Detail), QStringLiteral("no answer within 6 s"));
        QCOMPARE(state(m_model->index(0, 0, a)), StreamState::Requested);
        QVERIFY(a.data(Qt::ToolTipRole).toString().contains(QStringLiteral("Last seen")));
    }

    void rowsComeAndGo()
    {
        const QJsonObject one = unit("one.service", "running", "ok", "active");
        const QJsonObject two = unit("two.service", "off", "ok", "inactive");
        m_list->apply(
            {{QStringLiteral("a"), host(0, "up", "ok", {one})}, {QStringLiteral("b"), host(1, "up", "ok", {two})}},
            true);
        const QPersistentModelIndex b = m_model->index(1, 0);
        QSignalSpy reset(m_model.get(), &QAbstractItemModel::modelReset);
        m_list->apply({{QStringLiteral("a"), host(0, "up", "ok", {one, two})}}, false);
        QCOMPARE(m_model->rowCount(m_model->index(0, 0)), 2);
        QCOMPARE(state(m_model->indexOf(QStringLiteral("b"), QStringLiteral("two.service"))), StreamState::Ended);
        m_list->apply({{QStringLiteral("a"), host(0, "up", "ok", {})}}, false);
        QCOMPARE(m_model->rowCount(m_model->index(0, 0)), 0);
        QCOMPARE(reset.size(), 0); // what is selected and expanded elsewhere stays so
        QVERIFY(b.isValid());
        m_list->apply({{QStringLiteral("a"), QJsonValue::Null}}, false);
        QCOMPARE(m_model->rowCount(), 1);
        QCOMPARE(m_model->index(0, 0).data().toString(), QStringLiteral("b"));
        m_list->apply({}, true);
        QCOMPARE(m_model->rowCount(), 0);
    }

private:
    static StreamState state(const QModelIndex &index) { return StreamState(index.data(HostModel::StateRole).toInt()); }
    static QString text(const QModelIndex &index, Column column)
    {
        return index.siblingAtColumn(column).data().toString();
    }

    std::unique_ptr<monitor::HostList> m_list;
    std::unique_ptr<HostModel> m_model;
    std::unique_ptr<QAbstractItemModelTester> m_tester;
};

TK_TEST(HostModelTest, host_model);
#include "tst_host_model.moc"
