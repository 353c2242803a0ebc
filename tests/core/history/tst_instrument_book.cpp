// The exchange's instruments: what is collected, what changed with a new list, and the list of the last run.
#include "history/instrument_book.h"

#include "exchange/binance_usdm/adapter.h"
#include "support/test_registry.h"

#include <QTemporaryDir>

#include <sys/stat.h>

using namespace tk;
using namespace tk::history;
using exchange::Instrument;
using exchange::InstrumentStatus;

class InstrumentBookTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tellsWhatANewListChanges()
    {
        InstrumentBook book(*m_adapter, {});
        QVERIFY(!book.isKnown());
        auto change = book.adopt({listed("BTC"), listed("ETH")}, m_settings, fromMs(1'000));
        QVERIFY(change.first && book.isKnown());
        QCOMPARE(change.added.size(), size_t(2));
        change = book.adopt({listed("BTC"), listed("SOL"), listed("ETH", InstrumentStatus::Ended)}, m_settings,
                            fromMs(9'000));
        QVERIFY(!change.first);
        QCOMPARE(change.added.size(), size_t(1));
        QCOMPARE(change.added.front().unified, QStringLiteral("SOL/USDT:USDT"));
        QCOMPARE(change.removed, QStringList{QStringLiteral("ETH/USDT:USDT")});
        QCOMPARE(change.delisted, std::vector{QStringLiteral("ETHUSDT")});
        QCOMPARE(toMs(*book.collectedSince(QStringLiteral("BTC/USDT:USDT"))), 1'000);
        QCOMPARE(toMs(*book.collectedSince(QStringLiteral("SOL/USDT:USDT"))), 9'000);
        QVERIFY(!book.collectedSince(QStringLiteral("XRP/USDT:USDT")));
    }

    void aRelistedSymbolIsAnotherContract()
    {
        InstrumentBook book(*m_adapter, {});
        book.adopt({listed("BTC")}, m_settings, {});
        Instrument again = listed("BTC");
        again.onboard = fromMs(5'000);
        QCOMPARE(book.adopt({again}, m_settings, {}).added.size(), size_t(1));
    }

    void majorsComeFirstAndHistoryOfTheOthersStaysAskedFor()
    {
        m_settings.major_bases = {QStringLiteral("SOL")};
        m_settings.wanted.exclude = {QStringLiteral("ETH/USDT:USDT")};
        InstrumentBook book(*m_adapter, {});
        book.adopt({listed("ETH"), listed("BTC"), listed("SOL")}, m_settings, {});
        QCOMPARE(book.rankOf(QStringLiteral("SOL/USDT:USDT")), 0);
        QCOMPARE(book.rankOf(QStringLiteral("BTC/USDT:USDT")), 1);
        QCOMPARE(book.rankOf(QStringLiteral("ETH/USDT:USDT")), 2); // behind all
        QVERIFY(!book.collects(QStringLiteral("ETH/USDT:USDT")));
        QVERIFY(book.find(QStringLiteral("ETH/USDT:USDT"))); // its history can be read
        QVERIFY(!book.find(QStringLiteral("XRP/USDT:USDT")));
        m_settings = {};
        QCOMPARE(book.reselect(m_settings, {}).added.size(), size_t(1)); // what was excluded
        book.forgetWanted();
        QCOMPARE(book.reselect(m_settings, {}).added.size(), size_t(3));
    }

    void theLastRunsListOutlivesIt()
    {
        QTemporaryDir folder;
        InstrumentBook book(*m_adapter, folder.path());
        QVERIFY(book.ofLastRun().empty());
        book.keep("{\"symbols\":[]}");
        QVERIFY(QFile::exists(folder.filePath(QStringLiteral("instruments-%1.json").arg(m_adapter->name()))));
        QVERIFY(InstrumentBook(*m_adapter, folder.path()).ofLastRun().empty());
        // A pipe in its place hangs nobody.
        QTemporaryDir other;
        const QString pipe = other.filePath(QStringLiteral("instruments-%1.json").arg(m_adapter->name()));
        QCOMPARE(::mkfifo(QFile::encodeName(pipe).constData(), 0600), 0);
        QVERIFY(InstrumentBook(*m_adapter, other.path()).ofLastRun().empty());
    }

private:
    static Instrument listed(const char *base, InstrumentStatus status = InstrumentStatus::Trading)
    {
        Instrument instrument;
        instrument.symbol = QLatin1String(base) + QStringLiteral("USDT");
        instrument.unified = QLatin1String(base) + QStringLiteral("/USDT:USDT");
        instrument.pair = *Pair::parse(instrument.unified);
        instrument.status = status;
        instrument.perpetual = true;
        return instrument;
    }

    std::unique_ptr<exchange::ExchangeAdapter> m_adapter = exchange::binance::makeAdapter();
    HistorySettings m_settings;
};

TK_TEST(InstrumentBookTest, instrument_book);

#include "tst_instrument_book.moc"
