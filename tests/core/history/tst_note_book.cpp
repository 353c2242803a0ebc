// What people should hear of, bundled until it is time.
#include "history/note_book.h"

#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace std::chrono_literals;

using Kind = HistoryNote::Kind;

class NoteBookTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void oneCauseOfManyPairsIsOneNote()
    {
        m_book = NoteBook(QStringLiteral("binance-usdm"));
        m_book.note(Kind::ClosesMissed, QStringLiteral("ETH"), 2, span(30, 60), QStringLiteral("why"));
        m_book.note(Kind::ClosesMissed, QStringLiteral("BTC"), 1, span(10, 20), {});
        m_book.note(Kind::ClosesMissed, QStringLiteral("ETH"), 1, span(40, 50), {});
        m_book.note(Kind::Corrected, QStringLiteral("SOL"), 1, span(0, 5), {});
        const auto told = m_book.take(m_now);
        QCOMPARE(told.size(), size_t(2));
        QCOMPARE(told[0].kind, Kind::ClosesMissed);
        QCOMPARE(told[0].exchange, QStringLiteral("binance-usdm"));
        QCOMPARE(told[0].count, 4);
        QCOMPARE(told[0].pairs, (QStringList{QStringLiteral("ETH"), QStringLiteral("BTC")}));
        QCOMPARE(told[0].detail, QStringLiteral("why")); // one without a word of its own does not take it away
        QCOMPARE(toMs(told[0].from), 10);
        QCOMPARE(toMs(told[0].to), 60);
        QCOMPARE(told[1].kind, Kind::Corrected);
    }

    void whatComesBetweenWaits()
    {
        m_book = NoteBook(QStringLiteral("binance-usdm"));
        m_book.note(Kind::Corrected, QStringLiteral("BTC"), 1, span(0, 5), {});
        QCOMPARE(m_book.take(m_now).size(), size_t(1));
        QVERIFY(m_book.take(m_now + 1min).empty()); // told once
        m_book.note(Kind::Corrected, QStringLiteral("BTC"), 1, span(10, 15), {});
        QCOMPARE(m_book.take(m_now + 1min).at(0).count, 1); // the first is not in it any more
        m_book.note(Kind::Corrected, QStringLiteral("BTC"), 1, span(20, 25), {});
        QVERIFY(m_book.take(m_now + 1min + 4s).empty());
        m_book.note(Kind::Corrected, QStringLiteral("ETH"), 1, span(30, 35), {});
        QCOMPARE(m_book.take(m_now + 1min + 5s).at(0).count, 2);
    }

    // Said twice before anybody was told, it is one loss, and the newest number holds.
    void aLossIsNotAddedUp()
    {
        m_book = NoteBook(QStringLiteral("binance-usdm"));
        m_book.noteAnew(Kind::StoreLost, 40, QStringLiteral("the file was removed"));
        m_book.noteAnew(Kind::StoreLost, 60, QStringLiteral("the file was replaced"));
        const auto told = m_book.take(m_now);
        QCOMPARE(told.size(), size_t(1));
        QCOMPARE(told[0].count, 60);
        QCOMPARE(told[0].detail, QStringLiteral("the file was replaced"));
    }

private:
    static TimeSpan span(qint64 from, qint64 to) { return {fromMs(from), fromMs(to)}; }

    NoteBook m_book{QString()};
    const MonotonicTime m_now{1h};
};

TK_TEST(NoteBookTest, note_book);

#include "tst_note_book.moc"
