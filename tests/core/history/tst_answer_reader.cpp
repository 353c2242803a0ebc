// What an answer says of the job that it answers. Bodies as Binance writes them; three-minute candles from 10:00 on.
#include "history/answer_reader.h"

#include "exchange/binance_usdm/adapter.h"
#include "keeper_rig.h"
#include "market/gap_cause.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

constexpr UtcTime start = KeeperRig::start;

UtcTime at(int candle)
{
    return start + candle * 3min;
}

QByteArray row(UtcTime open, milliseconds length, int trades, const char *high)
{
    return QStringLiteral("[%1,\"10\",\"%2\",\"9\",\"10\",\"%3\",%4,\"%3\",%3,\"0\",\"0\",\"0\"]")
        .arg(toMs(open))
        .arg(QLatin1String(high))
        .arg(trades)
        .arg(toMs(open + length) - 1)
        .toUtf8();
}

QByteArray candleRow(int candle, int trades = 5, const char *high = "11")
{
    return row(at(candle), 3min, trades, high);
}

QByteArray body(const QList<QByteArray> &rows)
{
    return '[' + rows.join(',') + ']';
}

Job job(int from, int to, UtcTime onboard = {})
{
    Job made;
    made.instrument = KeeperRig::instrument(btc, onboard);
    made.timeframe = Timeframe::M3;
    made.span = {at(from), at(to)};
    return made;
}

} // namespace

class AnswerReaderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatItLacksIsAskedForOnceMore()
    {
        Job asked = job(0, 6);
        asked.source = CandleSource::Repair;
        const auto answer = read(asked, {candleRow(0), candleRow(1), candleRow(4), candleRow(5)}, at(100));
        QCOMPARE(answer.candles.size(), size_t(4));
        QCOMPARE(answer.candles[0].source, CandleSource::Repair);
        QVERIFY(answer.absent.empty() && answer.lacking == 0 && !answer.unended); // once is no proof
        QCOMPARE(answer.confirming.size(), size_t(1));
        const Job &again = answer.confirming[0];
        QVERIFY(again.confirming);
        QVERIFY((again.wanted == TimeSpan{at(2), at(4)}));
        QVERIFY((again.span == TimeSpan{at(0), at(6)})); // two more at each end
    }

    // Neither before the listing nor beyond what is final.
    void theSecondQuestionStaysWithinTheContract()
    {
        const auto answer = read(job(0, 6, at(0)), {candleRow(1), candleRow(2), candleRow(3), candleRow(4)}, at(6));
        QCOMPARE(answer.confirming.size(), size_t(2));
        QVERIFY((answer.confirming[0].span == TimeSpan{at(0), at(3)}));
        QVERIFY((answer.confirming[1].span == TimeSpan{at(3), at(6)}));
    }

    void whatItLacksTwiceItDoesNotHave()
    {
        Job twice = job(0, 8);
        twice.confirming = true;
        twice.wanted = {at(2), at(6)};
        // 3 is told and cannot be; 0 and 7 are nobody's question.
        const auto answer = read(twice, {candleRow(1), candleRow(3, 5, "8"), candleRow(5), candleRow(6)}, at(100));
        QVERIFY(answer.confirming.empty()); // not a third time
        QCOMPARE(answer.lacking, 3);
        QCOMPARE(answer.absent.size(), size_t(3));
        QVERIFY(answer.absent[0].impossible);
        QVERIFY((answer.absent[0].span == TimeSpan{at(3), at(4)}));
        QVERIFY(answer.absent[0].reason.contains(QStringLiteral("contradict")));
        QVERIFY(!answer.absent[1].impossible && !answer.absent[2].impossible);
        QVERIFY((answer.absent[1].span == TimeSpan{at(2), at(3)}));
        QVERIFY((answer.absent[2].span == TimeSpan{at(4), at(5)}));
        QVERIFY(answer.absent[1].reason.contains(QStringLiteral("asked twice")));
    }

    void beforeTheListingHasItsOwnReason()
    {
        Job twice = job(0, 4, at(2));
        twice.confirming = true;
        twice.wanted = {at(0), at(2)};
        const auto answer = read(twice, {candleRow(0), candleRow(1), candleRow(2), candleRow(3)}, at(100));
        QCOMPARE(answer.candles.size(), size_t(2)); // of another contract that had the symbol
        QCOMPARE(answer.absent.size(), size_t(1));
        QVERIFY(answer.absent[0].reason.contains(QStringLiteral("before the contract was listed")));
    }

    // A candle that has not closed is neither kept nor called missing: it is asked for again.
    void whatHasNotClosedIsAskedForLater()
    {
        auto answer = read(job(0, 4), {candleRow(0), candleRow(1), candleRow(2), candleRow(3)}, at(3));
        QCOMPARE(answer.candles.size(), size_t(3));
        QVERIFY(answer.confirming.empty());
        QVERIFY((*answer.unended == TimeSpan{at(3), at(4)}));
        answer = read(job(4, 6), {}, at(3));
        QVERIFY(answer.confirming.empty());
        QVERIFY((*answer.unended == TimeSpan{at(4), at(6)}));
    }

    void theServersEndsAreNotTrusted()
    {
        const auto answer = read(job(1, 3), {candleRow(0), candleRow(1), candleRow(2), candleRow(3)}, at(100));
        QCOMPARE(answer.candles.size(), size_t(2));
        QCOMPARE(answer.candles.front().open_time, at(1));
    }

    void badRowsAreTakenOut()
    {
        const auto rows = m_reader.rows(
            job(0, 4), body({candleRow(0), row(at(1), 1min, 5, "11"), row(at(2) + 7s, 3min, 5, "11"), candleRow(3)}));
        QCOMPARE(rows->candles.size(), size_t(2));
        QCOMPARE(rows->bad.size(), size_t(2));
        QVERIFY(rows->bad.at(at(1)).contains(QStringLiteral("not at the end")));
        QVERIFY(rows->bad.at(at(2)).contains(QStringLiteral("beside the grid"))); // by the candle whose place it takes
        QVERIFY(!m_reader.rows(job(0, 4), QByteArray("<html>")));
    }

    // The newest candle with trades, whatever follows it without.
    void aProbeLooksForTrades()
    {
        const auto rows = m_reader.rows(job(0, 4), body({candleRow(0, 3), candleRow(1, 7), candleRow(2, 0)}));
        auto answer = m_reader.probe(job(0, 4), rows->candles);
        QVERIFY(answer.known);
        QCOMPARE(answer.open, at(1));
        QCOMPARE(answer.trades, 7);
        answer = m_reader.probe(job(0, 4), {});
        QVERIFY(answer.known && answer.trades == 0); // it was asked, and knows of none
    }

    void readAgainOnlyWhatDiffersCounts()
    {
        const auto fresh =
            m_reader.rows(job(0, 4), body({candleRow(0), candleRow(1, 5, "12"), candleRow(2, 5, "12"), candleRow(3)}));
        auto stored = m_reader.rows(job(0, 4), body({candleRow(0), candleRow(1), candleRow(2)}))->candles;
        stored[1].source = CandleSource::Live;
        stored[2].source = CandleSource::History;
        const auto answer = m_reader.reread(job(0, 4), fresh->candles, stored);
        QCOMPARE(answer.candles.size(), size_t(3)); // also the one that was not there
        for (const Candle &candle : answer.candles)
            QCOMPARE(candle.source, CandleSource::Repair);
        QCOMPARE(answer.corrected.size(), size_t(2)); // the one that was not there was not corrected
        QVERIFY((answer.corrected[0].span == TimeSpan{at(1), at(2)}));
        QVERIFY(answer.corrected[0].cause.endsWith(QStringLiteral("after its own closed mark")));
        QVERIFY(answer.corrected[1].cause.endsWith(QStringLiteral("in its history")));
        QVERIFY(answer.corrected[1].cause.startsWith(gapcause::corrected));
        QVERIFY(m_reader.reread(job(0, 4), stored, stored).candles.empty());
    }

    void markCandlesHaveNoVolume()
    {
        Job marks = job(0, 4);
        marks.kind = Job::Kind::MarkCandles;
        marks.urgency = Urgency::Repair;
        auto answer = m_reader.markCandles(marks, body({candleRow(0), candleRow(1), candleRow(3)}), at(3));
        QCOMPARE(answer->candles.size(), size_t(2)); // 3 has not closed
        QVERIFY(answer->candles[0].volume.isEmpty() && answer->candles[0].trades == 0);
        QCOMPARE(answer->candles[0].source, CandleSource::Repair);
        QCOMPARE(answer->confirming.size(), size_t(1));
        QVERIFY((answer->confirming[0].span == TimeSpan{at(2), at(3)}));
        QVERIFY(answer->absent.empty());
        answer = m_reader.markCandles(answer->confirming[0], body({}), at(3));
        QVERIFY(answer->confirming.empty());
        QVERIFY((answer->absent.at(0).span == TimeSpan{at(2), at(3)}));
    }

    void aMinuteWithoutAMarkPriceHasNone()
    {
        Job marks = job(0, 1);
        marks.kind = Job::Kind::Marks;
        const auto answer = m_reader.marks(marks, body({row(start - 1min, 1min, 0, "11"), row(start, 1min, 0, "11"),
                                                        row(start + 2min, 1min, 0, "11")}));
        QCOMPARE(answer->batch.marks.size(), size_t(2));
        QCOMPARE(answer->absent.size(), size_t(1));
        QVERIFY((answer->absent[0].span == TimeSpan{start + 1min, start + 2min}));
    }

    void aFullPageOfRatesIsNotTheEnd()
    {
        const UtcTime first = start - 8000h;
        const auto rates = [&](int count) {
            QList<QByteArray> rows;
            for (int i = 0; i < count; ++i)
                rows.append(QStringLiteral("{\"symbol\":\"BTCUSDT\",\"fundingTime\":%1,\"fundingRate\":\"0.0001\"}")
                                .arg(toMs(first + i * 8h))
                                .toUtf8());
            return body(rows);
        };
        Job funding = job(0, 0, first + 16h);
        funding.kind = Job::Kind::Funding;
        funding.span = {first, start};
        auto answer = m_reader.funding(funding, rates(1000));
        QCOMPARE(answer->batch.funding.size(), size_t(998)); // two are of the contract before
        QVERIFY((answer->next->span == TimeSpan{first + 999 * 8h + 1min, start}));
        QVERIFY((answer->told == TimeSpan{first, first + 999 * 8h + 1min}));
        answer = m_reader.funding(funding, rates(999));
        QVERIFY(!answer->next);
        QVERIFY((answer->told == funding.span));
    }

private:
    AnswerReader::Candles read(const Job &asked, const QList<QByteArray> &rows, UtcTime final) const
    {
        return m_reader.candles(asked, m_reader.rows(asked, body(rows)).value(), final);
    }

    std::unique_ptr<exchange::ExchangeAdapter> m_adapter = exchange::binance::makeAdapter();
    AnswerReader m_reader{*m_adapter};
};

TK_TEST(AnswerReaderTest, answer_reader);

#include "tst_answer_reader.moc"
