// What the store has been given and has not confirmed.
#include "history/hand_over.h"

#include "keeper_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;

class HandOverTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsConfirmedIsKnownOnce()
    {
        std::vector<RecordBatch> given;
        HandOver book([&](RecordBatch &&batch) {
            given.push_back(std::move(batch));
            return true;
        });
        QVERIFY(book.hand(batch(3), stream, 7, {KeeperRig::start, KeeperRig::start}));
        QVERIFY(book.hand(batch(2), stream, 0, {}));
        QVERIFY(given[0].ticket != 0 && given[0].ticket != given[1].ticket);
        QVERIFY(!book.stored(99)); // somebody else's
        const auto first = book.stored(given[0].ticket);
        QCOMPARE(first->records, 3);
        QCOMPARE(first->backfill, quint64(7));
        QCOMPARE(first->oldest, KeeperRig::start);
        QVERIFY(first->stream == stream);
        QVERIFY(!book.stored(given[0].ticket));
        QVERIFY(!book.isEmpty());
        QVERIFY(book.stored(given[1].ticket));
        QVERIFY(book.isEmpty());
        QCOMPARE(book.batchesStored(), quint64(2));
    }

    // Nobody waits for what the store did not take.
    void whatTheStoreDoesNotTakeIsNotPending()
    {
        HandOver book([](RecordBatch &&) { return false; });
        QVERIFY(!book.hand(batch(3), stream, 0, {}));
        QVERIFY(book.isEmpty());
    }

private:
    static RecordBatch batch(int candles)
    {
        RecordBatch made;
        made.candles.push_back(
            {{venue, btc, Timeframe::M3}, KeeperRig::candles(Timeframe::M3, KeeperRig::start, candles)});
        return made;
    }

    const StreamKey stream{venue, btc, StreamKind::Candles, Timeframe::M3};
};

TK_TEST(HandOverTest, hand_over);

#include "tst_hand_over.moc"
