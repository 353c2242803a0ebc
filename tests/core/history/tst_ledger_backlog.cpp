// A ledger whose disk takes nothing for a while: what it should know is kept, counted, and in it in the end, in the
// order in which it happened. The ledger is a real one; the disk alone is made to refuse.
#include "history/gap_keeper.h"
#include "store/embedded/embedded_store.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QTemporaryDir>

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const UtcTime start = fromMs(1'795'168'800'000); // 10:00

class RefusingLedger final : public store::GapLedger
{
public:
    RefusingLedger(std::unique_ptr<store::GapLedger> real, std::shared_ptr<bool> refuses)
        : m_real(std::move(real))
        , m_refuses(std::move(refuses))
    {}
    Result<qint64> open(const Gap &gap) override { return *m_refuses ? Result<qint64>(error()) : m_real->open(gap); }
    Result<std::optional<qint64>> end(const StreamKey &stream, UtcTime to) override
    {
        return *m_refuses ? Result<std::optional<qint64>>(error()) : m_real->end(stream, to);
    }
    Status openAll(const std::vector<Gap> &gaps) override
    {
        return *m_refuses ? Status(error()) : m_real->openAll(gaps);
    }
    Status endAll(const std::vector<StreamKey> &streams, UtcTime to) override
    {
        return *m_refuses ? Status(error()) : m_real->endAll(streams, to);
    }
    Status record(const Gap &gap) override { return *m_refuses ? Status(error()) : m_real->record(gap); }
    Status setState(qint64 id, GapState state, const QString &reason, UtcTime at) override
    {
        return *m_refuses ? Status(error()) : m_real->setState(id, state, reason, at);
    }
    Result<std::vector<Gap>> unsettled() override { return m_real->unsettled(); }
    Result<std::vector<Gap>> list(TimeSpan span, qint64 limit) override { return m_real->list(span, limit); }
    Result<std::vector<TimeSpan>> unfillable(const StreamKey &stream) override { return m_real->unfillable(stream); }
    Result<std::optional<QString>> note(const QString &key) override { return m_real->note(key); }
    Status setNote(const QString &key, const QString &value) override
    {
        return *m_refuses ? Status(error()) : m_real->setNote(key, value);
    }
    int timesBegunAnew() const override { return m_real->timesBegunAnew(); }

private:
    static Error error() { return {Error::Kind::Storage, QStringLiteral("Read-only file system"), true}; }

    std::unique_ptr<store::GapLedger> m_real;
    std::shared_ptr<bool> m_refuses;
};

StreamKey stream(StreamKind kind, int pair = 0)
{
    return {QStringLiteral("binance-usdm"), QStringLiteral("P%1/USDT:USDT").arg(pair), kind,
            kind == StreamKind::Candles ? Timeframe::M3 : Timeframe::M1};
}

Gap gap(const StreamKey &of, UtcTime from, UtcTime to = {})
{
    return {.stream = of, .from = from, .to = to, .cause = QStringLiteral("connection lost"), .opened = from};
}

} // namespace

class LedgerBacklogTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        *m_refuses = false;
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        QVERIFY(m_store->prepare());
        m_reader = m_store->openReader().value();
        reopen();
    }

    void whatBeganMeanwhileIsNamed()
    {
        *m_refuses = true;
        m_keeper->opened({gap(candles, start), gap(marks, start)});
        QCOMPARE(m_keeper->ledgerTrouble(), QStringLiteral("Read-only file system"));
        QCOMPARE(m_keeper->openCount(), size_t(2)); // counted, though written nowhere
        QCOMPARE(m_keeper->unsettled().size(), size_t(2));
        QVERIFY(m_keeper->ended({candles, marks}, start + 10min).empty()); // nothing is repaired before it is named
        m_clock.advance(2s);
        QVERIFY(!m_keeper->lookAfterLedger());
        QCOMPARE(m_keeper->openCount(), size_t(2));
        *m_refuses = false;
        m_clock.advance(2s);
        QVERIFY(m_keeper->lookAfterLedger());
        QCOMPARE(m_keeper->ledgerTrouble(), QString());
        QCOMPARE(m_keeper->openCount(), size_t(2));
        QCOMPARE(m_keeper->reviewAll().size(), size_t(2)); // and repaired from here on
        reopen();
        QCOMPARE(m_keeper->openCount(), size_t(2));
        for (const Gap &known : m_keeper->unsettled()) {
            QCOMPARE(known.from, start);
            QCOMPARE(known.to, start + 10min);
            QCOMPARE(known.cause, QStringLiteral("connection lost"));
        }
    }

    // One that the ledger has ends meanwhile, and another begins.
    void whatEndedMeanwhileEnds()
    {
        m_keeper->opened({gap(candles, start)});
        *m_refuses = true;
        m_keeper->ended({candles}, start + 9min);
        m_keeper->opened({gap(candles, start + 30min)});
        m_keeper->ended({candles}, start + 39min);
        *m_refuses = false;
        m_clock.advance(2s);
        QVERIFY(m_keeper->lookAfterLedger());
        const std::vector<Gap> known = m_keeper->unsettled();
        QCOMPARE(known.size(), size_t(2));
        QCOMPARE(known.at(0).from, start);
        QCOMPARE(known.at(0).to, start + 9min);
        QCOMPARE(known.at(1).from, start + 30min);
        QCOMPARE(known.at(1).to, start + 39min);
    }

    // A stream that delivers again is not down, though its ledger cannot be told: what it missed is repaired.
    void whatEndedMeanwhileIsShown()
    {
        m_keeper->opened({gap(candles, start), gap(marks, start)});
        *m_refuses = true;
        QCOMPARE(m_keeper->ended({candles}, start + 9min).size(), size_t(1));
        for (const Gap &known : m_keeper->unsettled())
            QCOMPARE(known.to, known.stream == candles ? start + 9min : UtcTime{});
        m_keeper->reviewAll();
        QCOMPARE(m_keeper->unsettled().size(), size_t(2));
        QCOMPARE(toMs(m_keeper->unsettled().at(0).to) == 0 ? m_keeper->unsettled().at(1).to
                                                           : m_keeper->unsettled().at(0).to,
                 start + 9min);
    }

    // The ledger takes gaps again before what ended was written down: the old one must not swallow the new one.
    void whatBeginsLaterIsNoPartOfWhatEnded()
    {
        m_keeper->opened({gap(candles, start)});
        *m_refuses = true;
        m_keeper->ended({candles}, start + 9min);
        *m_refuses = false;
        m_keeper->opened({gap(candles, start + 30min)});
        m_clock.advance(2s);
        QVERIFY(m_keeper->lookAfterLedger());
        const std::vector<Gap> known = m_keeper->unsettled();
        QCOMPARE(known.size(), size_t(2));
        QCOMPARE(known.at(0).to, start + 9min);
        QCOMPARE(known.at(1).from, start + 30min);
        QCOMPARE(toMs(known.at(1).to), 0);
    }

    void eachThatWaitsHasAnIdOfItsOwn()
    {
        *m_refuses = true;
        m_keeper->opened({gap(candles, start), gap(marks, start)});
        const std::vector<Gap> known = m_keeper->unsettled();
        QVERIFY(known.at(0).id < 0 && known.at(1).id < 0);
        QVERIFY(known.at(0).id != known.at(1).id);
    }

    void whatNobodyHasIsWrittenDownLater()
    {
        *m_refuses = true;
        m_keeper->absent(candles, {start, start + 9min}, QStringLiteral("no such candle"));
        QCOMPARE(m_keeper->counts().unfillable, quint64(1));
        QVERIFY((m_keeper->knownAbsent(candles) == std::vector{TimeSpan{start, start + 9min}})); // not asked for again
        *m_refuses = false;
        m_clock.advance(2s);
        QVERIFY(m_keeper->lookAfterLedger());
        reopen();
        QVERIFY((m_keeper->knownAbsent(candles) == std::vector{TimeSpan{start, start + 9min}}));
    }

    // Hours of reconnecting: it stays small, and covers all of it.
    void staysSmall()
    {
        *m_refuses = true;
        for (int i = 0; i < 1'000; ++i) {
            m_keeper->opened({gap(candles, start + i * 10min)});
            m_keeper->ended({candles}, start + i * 10min + 4min);
        }
        QVERIFY(m_keeper->openCount() <= 16);
        QCOMPARE(m_keeper->unsettled().back().to, start + 999 * 10min + 4min);
        *m_refuses = false;
        m_clock.advance(2s);
        QVERIFY(m_keeper->lookAfterLedger());
        const std::vector<Gap> known = m_keeper->unsettled();
        for (int i = 0; i < 1'000; ++i) {
            QVERIFY(std::ranges::any_of(known, [&](const Gap &one) {
                return one.from <= start + i * 10min && one.to >= start + i * 10min + 4min;
            }));
        }
    }

private:
    void reopen()
    {
        m_keeper.reset();
        auto ledger = store::openGapLedger(m_dir->filePath(QStringLiteral("ledger.sqlite")));
        QVERIFY(ledger);
        m_keeper = std::make_unique<GapKeeper>(std::make_unique<RefusingLedger>(std::move(ledger).value(), m_refuses),
                                               *m_reader, m_clock);
        QVERIFY(m_keeper->load());
    }

    const StreamKey candles = stream(StreamKind::Candles);
    const StreamKey marks = stream(StreamKind::MarkPrice);
    ManualClock m_clock;
    std::shared_ptr<bool> m_refuses = std::make_shared<bool>(false);
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreReader> m_reader;
    std::unique_ptr<GapKeeper> m_keeper;
};

TK_TEST(LedgerBacklogTest, ledger_backlog);
#include "tst_ledger_backlog.moc"
