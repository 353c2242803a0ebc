#include "samples.h"
#include "store/gap_ledger.h"
#include "support/test_registry.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

class GapLedgerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_file = m_dir->filePath(QStringLiteral("ledger.sqlite"));
        reopen();
    }
    void cleanup() { m_ledger.reset(); }

    void survivesReopening()
    {
        const qint64 id = open(0min, 3min);
        reopen();
        const auto gaps = m_ledger->unsettled();
        QCOMPARE(gaps->size(), size_t(1));
        const Gap &gap = gaps->front();
        QCOMPARE(gap.id, id);
        QVERIFY(gap.stream == stream());
        QCOMPARE(gap.from, sampleStart);
        QCOMPARE(gap.to, sampleStart + 3min);
        QCOMPARE(gap.cause, QStringLiteral("cause 0"));
        QVERIFY(gap.state == GapState::Open);
        QVERIFY(!gap.isSettled());
    }

    // Mark candles have a timeframe as candles have: by another one history would fetch others.
    void markCandlesKeepTheirTimeframe()
    {
        const auto marks = [](Timeframe timeframe) {
            return StreamKey{QStringLiteral("binance-usdm"), series().pair, StreamKind::MarkCandles, timeframe};
        };
        // Hours are what a text without a timeframe might be read as: eight hours of older versions are not.
        const qint64 hours = open(0min, 480min, marks(Timeframe::H1));
        const qint64 longer = open(0min, 480min, marks(Timeframe::H8));
        QVERIFY(hours != longer); // and neither grows into the other
        reopen();
        const auto gaps = m_ledger->unsettled();
        QCOMPARE(gaps->size(), size_t(2));
        QVERIFY(gaps->at(0).stream == marks(Timeframe::H1));
        QVERIFY(gaps->at(1).stream == marks(Timeframe::H8));
        QVERIFY(m_ledger->endAll({marks(Timeframe::H8)}, sampleStart + 480min));
    }

    // Two exchanges write into one file, each sees its own gaps, and none ends what is the other's.
    void showsTheGapsOfOneExchange()
    {
        StreamKey other = stream();
        other.exchange = QStringLiteral("other");
        open(0min, std::nullopt);
        open(0min, std::nullopt, other);
        const auto theirs = store::openGapLedger(m_file, other.exchange);
        QVERIFY(theirs);
        QCOMPARE((*theirs)->unsettled()->size(), size_t(1));
        QVERIFY((*theirs)->unsettled()->front().stream == other);
        QCOMPARE((*theirs)->list({fromMs(0), sampleStart + 1h}, 10)->size(), size_t(1));
        QVERIFY((*theirs)->endAll({other}, sampleStart + 5min));
        QCOMPARE(toMs((*theirs)->unsettled()->front().to), toMs(sampleStart + 5min));
        const auto all = m_ledger->unsettled();
        QCOMPARE(all->size(), size_t(2));
        QVERIFY(std::ranges::any_of(*all, [](const Gap &gap) { return gap.stream == stream() && toMs(gap.to) == 0; }));
    }

    void touchingGapsBecomeOne()
    {
        const qint64 id = open(10min, 20min);
        QCOMPARE(open(20min, 30min), id);                                           // touches behind
        QCOMPARE(open(5min, 10min), id);                                            // touches before
        QCOMPARE(open(12min, 13min), id);                                           // lies within
        QVERIFY(open(40min, 50min) != id);                                          // stands alone
        QVERIFY(open(31min, 33min, stream(QStringLiteral("ADA/USDT:USDT"))) != id); // another stream
        auto gaps = m_ledger->unsettled().value();
        QCOMPARE(gaps.size(), size_t(3));
        QCOMPARE(gaps[0].from, sampleStart + 5min);
        QCOMPARE(gaps[0].to, sampleStart + 30min);
        QCOMPARE(gaps[0].cause, QStringLiteral("cause 10")); // the first one stays
        // A span over both makes one of them; the other says where it went.
        QCOMPARE(open(30min, 40min), id);
        gaps = m_ledger->unsettled().value();
        QCOMPARE(gaps.size(), size_t(2));
        QCOMPARE(gaps[0].to, sampleStart + 50min);
        const auto all = m_ledger->list(always, 100).value();
        QVERIFY(std::any_of(all.begin(), all.end(), [](const Gap &gap) {
            return gap.state == GapState::Closed && gap.reason.contains(QStringLiteral("merged"));
        }));
    }

    void aStreamThatIsStillDownHasNoEnd()
    {
        const qint64 id = open(10min, std::nullopt);
        QCOMPARE(open(15min, std::nullopt), id);
        QCOMPARE(open(20min, 25min), id);
        QCOMPARE(toMs(m_ledger->unsettled()->front().to), 0);
        QCOMPARE(m_ledger->end(stream(), sampleStart + 30min).value(), std::optional(id));
        QCOMPARE(m_ledger->unsettled()->front().to, sampleStart + 30min);
        QVERIFY(!m_ledger->end(stream(), sampleStart + 31min).value()); // no second time
    }

    void backBeforeAnythingWasDue()
    {
        const qint64 id = open(10min, std::nullopt);
        QCOMPARE(m_ledger->end(stream(), sampleStart + 9min).value(), std::optional(id));
        QVERIFY(m_ledger->unsettled()->empty());
    }

    void settledGapsStayInTheList()
    {
        const qint64 id = open(0min, 3min);
        QVERIFY(m_ledger->setState(id, GapState::Repairing, {}, sampleStart));
        QCOMPARE(m_ledger->unsettled()->size(), size_t(1));
        QVERIFY(m_ledger->setState(id, GapState::Closed, QStringLiteral("1 candle"), sampleStart + 5min));
        QVERIFY(m_ledger->unsettled()->empty());
        const auto all = m_ledger->list(always, 10).value();
        QCOMPARE(all.size(), size_t(1));
        QCOMPARE(all[0].settled, sampleStart + 5min);
        QCOMPARE(all[0].reason, QStringLiteral("1 candle"));
        QVERIFY(open(0min, 3min) != id); // a settled gap is history: the same span again is news
        QVERIFY(!m_ledger->setState(999, GapState::Closed, {}, sampleStart));
    }

    void growingUnderRepairOpensItAgain()
    {
        const qint64 id = open(0min, 3min);
        QVERIFY(m_ledger->setState(id, GapState::Repairing, {}, sampleStart));
        QCOMPARE(open(1min, 2min), id);
        QVERIFY(m_ledger->unsettled()->front().state == GapState::Repairing);
        QCOMPARE(open(3min, 6min), id);
        QVERIFY(m_ledger->unsettled()->front().state == GapState::Open);
    }

    void unfillableSpansAreRemembered()
    {
        for (const auto from : {0min, 60min, 70min}) {
            const qint64 id = open(from, from + 10min);
            QVERIFY(m_ledger->setState(id, GapState::Unfillable, QStringLiteral("not listed yet"), sampleStart));
        }
        const std::vector<TimeSpan> expected{{sampleStart, sampleStart + 10min},
                                             {sampleStart + 60min, sampleStart + 80min}};
        QCOMPARE(m_ledger->unfillable(stream()).value(), expected);
        QVERIFY(m_ledger->unfillable(stream(QStringLiteral("ADA/USDT:USDT")))->empty());
    }

    void listIsNewestFirstAndBounded()
    {
        for (int i = 0; i < 10; ++i)
            open(std::chrono::minutes(10 * i), std::chrono::minutes(10 * i + 1));
        const auto newest = m_ledger->list(always, 3).value();
        QCOMPARE(newest.size(), size_t(3));
        QCOMPARE(newest[0].from, sampleStart + 90min);
        QCOMPARE(m_ledger->list({sampleStart + 10min, sampleStart + 21min}, 100)->size(), size_t(2));
    }

    void impossibleSpansAreRefused()
    {
        Gap gap;
        gap.stream = stream();
        gap.from = sampleStart;
        gap.to = sampleStart;
        QVERIFY(!m_ledger->open(gap));
    }

    void notesSurvive()
    {
        QVERIFY(!m_ledger->note(QStringLiteral("clean stop")).value());
        QVERIFY(m_ledger->setNote(QStringLiteral("clean stop"), QStringLiteral("a")));
        QVERIFY(m_ledger->setNote(QStringLiteral("clean stop"), QStringLiteral("b ✓")));
        reopen();
        QCOMPARE(m_ledger->note(QStringLiteral("clean stop")).value(), std::optional(QStringLiteral("b ✓")));
    }

    void aDamagedLedgerIsSetAside()
    {
        open(0min, 3min);
        m_ledger.reset();
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::ReadWrite));
        file.write(QByteArray(4096, 'x'));
        file.close();
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("gap ledger .* set aside as")));
        reopen();
        QVERIFY(m_ledger->unsettled()->empty());
        QVERIFY(open(0min, 3min) > 0);
    }

private:
    static StreamKey stream(const QString &pair = QStringLiteral("BTC/USDT:USDT"))
    {
        return {QStringLiteral("binance-usdm"), pair, StreamKind::Candles, Timeframe::M3};
    }
    qint64 open(std::chrono::minutes from, std::optional<std::chrono::minutes> to, const StreamKey &key = stream())
    {
        Gap gap;
        gap.stream = key;
        gap.from = sampleStart + from;
        gap.to = to ? sampleStart + *to : UtcTime();
        gap.cause = QStringLiteral("cause %1").arg(from.count());
        gap.opened = sampleStart;
        return m_ledger->open(gap).value();
    }
    void reopen()
    {
        m_ledger.reset();
        auto opened = store::openGapLedger(m_file);
        QVERIFY2(opened, opened ? "" : qPrintable(opened.error().message));
        m_ledger = std::move(opened).value();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_file;
    std::unique_ptr<store::GapLedger> m_ledger;
};

TK_TEST(GapLedgerTest, gap_ledger);
#include "tst_gap_ledger.moc"
