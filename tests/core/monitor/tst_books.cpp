// The books that a window is fed from: filled by a snapshot, kept by changes, and what they tell.
#include "monitor/backfill_list.h"
#include "monitor/event_book.h"
#include "monitor/gap_book.h"
#include "monitor/health_book.h"
#include "monitor/live_candles.h"
#include "monitor/pair_book.h"
#include "monitor/pulse_book.h"

#include "alert/event_json.h"
#include "support/test_registry.h"

#include <QJsonArray>
#include <QSignalSpy>

using namespace tk;
using namespace tk::monitor;

namespace {

QJsonObject pairObject(const QString &name, const char *state, qint64 frames = 0)
{
    return {{QStringLiteral("exchange"), QStringLiteral("x")},
            {QStringLiteral("pair"), name},
            {QStringLiteral("state"), QLatin1String(state)},
            {QStringLiteral("since"), 1'000},
            {QStringLiteral("last_data"), 5'000},
            {QStringLiteral("frames"), frames},
            {QStringLiteral("price"), QStringLiteral("83084.90")},
            {QStringLiteral("finals"), QJsonObject{{QStringLiteral("15m"), 900'000}, {QStringLiteral("3m"), 180'000}}},
            {QStringLiteral("streams"), QJsonArray{QJsonArray{QStringLiteral("3m candles"), QLatin1String(state), 1'000,
                                                              5'000, 7, QStringLiteral("why")}}}};
}

const QString btc = QStringLiteral("x BTC/USDT:USDT");
const QString eth = QStringLiteral("x ETH/USDT:USDT");

} // namespace

class BooksTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void pairs()
    {
        PairBook book;
        QSignalSpy changed(&book, &PairBook::changed);
        QSignalSpy inserted(&book, &PairBook::inserted);
        QSignalSpy removed(&book, &PairBook::removed);
        book.setMajors({QStringLiteral("BTC")});
        book.reset({{btc, pairObject(QStringLiteral("BTC/USDT:USDT"), "live")}});
        QCOMPARE(book.rows().size(), size_t(1));
        const PairRow &row = book.rows().front();
        QCOMPARE(row.state, StreamState::Live);
        QCOMPARE(row.price, QStringLiteral("83084.90"));
        QVERIFY(row.is_major);
        QCOMPARE(row.lastFinal(Timeframe::M15), fromMs(900'000));
        QCOMPARE(row.lastFinal(Timeframe::H1), UtcTime{});
        QCOMPARE(row.streams.front().cause, QStringLiteral("why"));
        QCOMPARE(book.timeframes(), (std::vector<Timeframe>{Timeframe::M3, Timeframe::M15}));

        book.apply({{btc, pairObject(QStringLiteral("BTC/USDT:USDT"), "stale")},
                    {eth, pairObject(QStringLiteral("ETH/USDT:USDT"), "live")}});
        QCOMPARE(changed.size(), 1);
        QCOMPARE(inserted.size(), 1);
        QCOMPARE(book.counts().stale, 1);
        QCOMPARE(book.counts().live, 1);
        QVERIFY(book.find(QStringLiteral("x"), QStringLiteral("ETH/USDT:USDT")));
        book.setGaps({{eth, 3}});
        QCOMPARE(book.find(QStringLiteral("x"), QStringLiteral("ETH/USDT:USDT"))->open_gaps, 3);

        book.apply({{btc, QJsonValue()}});
        QCOMPARE(removed.size(), 1);
        QCOMPARE(book.rows().size(), size_t(1));
        QCOMPARE(book.rowOf(eth), std::optional(0)); // the rows behind it have moved up
        QVERIFY(!book.rowOf(btc));
    }

    void gaps()
    {
        GapBook book;
        const QJsonObject gap{{QStringLiteral("exchange"), QStringLiteral("x")},
                              {QStringLiteral("pair"), QStringLiteral("BTC/USDT:USDT")},
                              {QStringLiteral("stream"), QStringLiteral("3m candles")},
                              {QStringLiteral("from"), QStringLiteral("2026-11-20T09:51:00Z")},
                              {QStringLiteral("to"), QJsonValue()},
                              {QStringLiteral("state"), QStringLiteral("down")}};
        QSignalSpy closed(&book, &GapBook::closed);
        book.apply({{QStringLiteral("1"), gap}, {QStringLiteral("2"), gap}}, true);
        QCOMPARE(book.openByPair().value(btc), 2);
        QCOMPARE(toMs(book.gaps().first().to), qint64(0));
        QCOMPARE(book.of(QStringLiteral("x"), QStringLiteral("BTC/USDT:USDT"), QStringLiteral("3m candles")).size(),
                 size_t(2));
        book.apply({{QStringLiteral("1"), QJsonValue()}}, false);
        QCOMPARE(closed.size(), 1);
        book.apply({}, true); // a snapshot without it
        QCOMPARE(closed.size(), 2);
        QVERIFY(book.gaps().isEmpty());
    }

    void events()
    {
        EventBook book(10);
        const auto object = [](qint64 id, const char *title, qint64 until) {
            return alert::toJson({.id = id,
                                  .time = fromMs(id * 1'000),
                                  .until = fromMs(until),
                                  .kind = alert::EventKind::Incident,
                                  .title = QLatin1String(title)});
        };
        book.reset({object(2, "b", 2'000), object(1, "a", 0)});
        QCOMPARE(book.events().front().title, QStringLiteral("a"));
        QCOMPARE(book.lasting().size(), size_t(1));
        QSignalSpy happened(&book, &EventBook::happened);
        QSignalSpy replaced(&book, &EventBook::replaced);
        // What is known is no news; what is over is told; what is new comes last.
        book.apply({{QStringLiteral("1"), object(1, "a", 9'000)},
                    {QStringLiteral("2"), object(2, "b", 2'000)},
                    {QStringLiteral("3"), object(3, "c", 3'000)}});
        QCOMPARE(replaced.size(), 1);
        QCOMPARE(happened.size(), 1);
        QVERIFY(book.lasting().empty());
        for (qint64 id = 4; id < 40; ++id)
            book.apply({{QString::number(id), object(id, "x", id * 1'000)}});
        QVERIFY(book.events().size() <= 11);
        QCOMPARE(book.events().back().id, qint64(39));
        QVERIFY(book.find(39));
        QVERIFY(!book.find(3));
    }

    void health()
    {
        HealthBook book;
        QSignalSpy updated(&book, &HealthBook::updated);
        book.apply({{QStringLiteral("connections"),
                     QJsonObject{{QStringLiteral("x market#1"),
                                  QJsonObject{{QStringLiteral("label"), QStringLiteral("market#1")},
                                              {QStringLiteral("state"), QStringLiteral("up")},
                                              {QStringLiteral("streams"), 200},
                                              {QStringLiteral("age_ms"), 1'000}}}}},
                    {QStringLiteral("feed"),
                     QJsonObject{{QStringLiteral("x"),
                                  QJsonObject{{QStringLiteral("streams"), 5},
                                              {QStringLiteral("streams_by_state"),
                                               QJsonObject{{QStringLiteral("live"), 4}, {QStringLiteral("stale"), 1}}},
                                              {QStringLiteral("frames"), 100}}}}},
                    {QStringLiteral("history"),
                     QJsonObject{{QStringLiteral("x"), QJsonObject{{QStringLiteral("weight_used"), 12},
                                                                   {QStringLiteral("clock_offset_ms"), -7}}}}},
                    {QStringLiteral("engine"),
                     QJsonObject{{QStringLiteral("engine"),
                                  QJsonObject{{QStringLiteral("version"), QStringLiteral("0.1.0")}}}}}},
                   true);
        QCOMPARE(updated.size(), 1);
        QVERIFY(book.connections().front().isOpen());
        QVERIFY(book.connections().front().age);
        QVERIFY(!book.connections().front().next_rotation);
        QCOMPARE(book.feeds().front().count(StreamState::Stale), 1);
        QCOMPARE(book.histories().front().clock_offset, milliseconds(-7));
        QVERIFY(!book.database());
        QVERIFY(!book.store());
        book.apply({{QStringLiteral("pairs"), QJsonObject()}}, false);
        QCOMPARE(updated.size(), 1); // nothing of its own
        book.apply({{QStringLiteral("connections"), QJsonObject{{QStringLiteral("x market#1"), QJsonValue()}}}}, false);
        QVERIFY(book.connections().empty());
        QCOMPARE(book.feeds().size(), size_t(1)); // the rest stands
    }

    void candles()
    {
        const QJsonArray array{60'000,
                               QStringLiteral("1.50"),
                               QStringLiteral("2"),
                               QStringLiteral("1"),
                               QStringLiteral("1.75"),
                               QStringLiteral("12.5"),
                               QStringLiteral("20"),
                               33,
                               QStringLiteral("repair")};
        const auto candle = candleFromJson(array);
        QVERIFY(candle);
        QCOMPARE(QByteArray(candle->open.view().data(), 4), QByteArray("1.50"));
        QCOMPARE(candle->trades, qint64(33));
        QCOMPARE(candle->source, CandleSource::Repair);
        QVERIFY(!candleFromJson({60'000, QStringLiteral("1")}));
        QJsonArray wrong = array;
        wrong[2] = QStringLiteral("x");
        QVERIFY(!candleFromJson(wrong));
    }

    void backfills()
    {
        BackfillList list;
        list.apply({{QStringLiteral("4"),
                     QJsonObject{{QStringLiteral("state"), QStringLiteral("running")},
                                 {QStringLiteral("wanted"), 100},
                                 {QStringLiteral("fetched"), 40},
                                 {QStringLiteral("pairs"),
                                  QJsonObject{{QStringLiteral("BTC/USDT:USDT"), QJsonArray{100, 7, 40, 0, 2}}}}}}},
                   true);
        QVERIFY(list.find(4));
        QVERIFY(list.find(4)->isUnderWay());
        QCOMPARE(list.find(4)->pairs.first(), (BackfillNumbers{100, 7, 40, 0, 2}));
        list.apply({{QStringLiteral("4"), QJsonValue()}}, false);
        QVERIFY(!list.find(4));
    }

    void pulse()
    {
        PulseBook book;
        const auto sample = [](qint64 minute) {
            return QJsonObject{{QStringLiteral("at"), minute * 60'000}, {QStringLiteral("weight_used"), 5}};
        };
        book.reset({sample(1), sample(2)});
        book.apply({{QStringLiteral("latest"), sample(2)}}); // known
        QCOMPARE(book.samples().size(), size_t(2));
        book.apply({{QStringLiteral("latest"), sample(62)}});
        QCOMPARE(book.samples().size(), size_t(2)); // an hour at most
        QCOMPARE(book.samples().back().value(Sign::WeightUsed), std::optional(5.0));
        QVERIFY(!book.samples().back().value(Sign::SpoolBytes)); // not known is not zero
    }
};

TK_TEST(BooksTest, books);
#include "tst_books.moc"
