// Backfills that an engine did not finish: kept in its folder, and asked for again at its next start.
#include "app/backfill_board.h"
#include "app/backfill_file.h"
#include "base/clock.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::app;
using namespace std::chrono_literals;

class BackfillFileTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatItIsGiven()
    {
        QTemporaryDir folder;
        const BackfillFile file(folder.path());
        QVERIFY(file.load() && file.load()->empty());
        QVERIFY(file.save({request(1), request(2)}));
        const auto loaded = file.load();
        QVERIFY(loaded);
        QCOMPARE(loaded->size(), size_t(2));
        QCOMPARE(loaded->at(0).pairs, request(1).pairs);
        QCOMPARE(loaded->at(1).span, request(2).span);
        QCOMPARE(loaded->at(1).timeframes, request(2).timeframes);
        QVERIFY(file.save({}));
        QVERIFY(QDir(folder.path()).isEmpty());
    }

    void damageIsToldAndLeftAlone()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("backfills.json")));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("[{\"pairs\":") > 0);
        file.close();
        const auto loaded = BackfillFile(folder.path()).load();
        QVERIFY(!loaded);
        QVERIFY(loaded.error().message.contains(QLatin1String("damaged")));
        QVERIFY(file.exists());
    }

    // Killed in the midst of one: the next engine finds it; cancelled or done: it does not.
    void theUnfinishedOutlivesItsEngine()
    {
        QTemporaryDir folder;
        const auto clock = std::make_shared<SystemClock>();
        {
            Switchboard board;
            BackfillBoard first(board, clock, folder.path());
            QVERIFY(first.unfinished().empty());
            QVERIFY(!first.underWay());
            Q_EMIT board.backfillWanted(request(1));
            Q_EMIT board.backfillWanted(request(2));
            Q_EMIT board.backfillWanted(request(3));
            history::BackfillProgress progress;
            progress.id = 1;
            progress.wanted = 100;
            progress.fetched = 40;
            Q_EMIT board.backfillProgressed(progress);
            QCOMPARE(first.underWay()->wanted, qint64(100));
            QCOMPARE(first.underWay()->settled, qint64(40));
            progress.id = 2;
            Q_EMIT board.backfillDone(progress);
            progress.id = 3;
            progress.cancelled = true;
            Q_EMIT board.backfillDone(progress);
        }
        Switchboard board;
        BackfillBoard second(board, clock, folder.path());
        QCOMPARE(second.unfinished().size(), size_t(1));
        QCOMPARE(second.unfinished().front().pairs, request(1).pairs);
        // Asked for again under another number, and done: nothing is left of it.
        history::BackfillRequest again = request(1);
        again.id = 7;
        Q_EMIT board.backfillWanted(again);
        QVERIFY(second.unfinished().empty());
        QCOMPARE(BackfillFile(folder.path()).load()->size(), size_t(1));
        history::BackfillProgress done;
        done.id = 7;
        Q_EMIT board.backfillDone(done);
        QVERIFY(BackfillFile(folder.path()).load()->empty());
    }

private:
    static history::BackfillRequest request(quint64 id)
    {
        return {.id = id,
                .pairs = {QStringLiteral("BTC/USDT:USDT"), QStringLiteral("P%1/USDT:USDT").arg(id)},
                .timeframes = {Timeframe::M3, Timeframe::H1},
                .span = {fromMs(1'700'000'000'000), fromMs(1'700'000'000'000 + qint64(id) * 3'600'000)}};
    }
};

TK_TEST(BackfillFileTest, backfill_file);
#include "tst_backfill_file.moc"
