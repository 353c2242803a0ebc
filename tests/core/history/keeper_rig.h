// A real store, a real ledger and their keeper, in a folder of the test's own, under a clock that moves when it says
// so.
#pragma once

#include "exchange/instrument.h"
#include "history/gap_keeper.h"
#include "store/embedded/embedded_store.h"
#include "support/manual_clock.h"

#include <QDir>
#include <QTemporaryDir>

namespace tk::test {

inline const QString venue = QStringLiteral("binance-usdm");
inline const QString btc = QStringLiteral("BTC/USDT:USDT");

class KeeperRig
{
public:
    static constexpr UtcTime start = fromMs(1'795'168'800'000); // 2026-11-20T10:00:00Z, as the clock begins

    KeeperRig()
    {
        beginStore(QStringLiteral("store"));
        restart();
    }

    // Another run with the same ledger.
    void restart()
    {
        m_keeper.reset();
        auto ledger = store::openGapLedger(m_dir.filePath(QStringLiteral("ledger.sqlite")));
        m_keeper = std::make_unique<history::GapKeeper>(std::move(ledger).value(), *m_reader, clock);
        static_cast<void>(m_keeper->load());
    }

    // Another store in the place of the one before, with nothing in it.
    void beginStore(const QString &name)
    {
        m_keeper.reset();
        m_reader.reset();
        m_writer.reset();
        QDir().mkpath(m_dir.filePath(name));
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir.filePath(name)));
        static_cast<void>(m_store->prepare());
        m_writer = m_store->openWriter().value();
        m_reader = m_store->openReader().value();
    }

    static exchange::Instrument instrument(const QString &unified, UtcTime onboard = {})
    {
        exchange::Instrument made;
        made.unified = unified;
        made.symbol = unified.section(u'/', 0, 0) + QStringLiteral("USDT");
        made.pair = *Pair::parse(unified);
        made.status = exchange::InstrumentStatus::Trading;
        made.perpetual = true;
        made.onboard = onboard;
        return made;
    }

    // Stores candles of BTC from that open time on; false where the store did not take them.
    bool put(Timeframe timeframe, UtcTime from, int count, CandleSource source = CandleSource::Live)
    {
        RecordBatch batch;
        batch.candles.push_back({{venue, btc, timeframe}, candles(timeframe, from, count)});
        for (Candle &candle : batch.candles.front().candles)
            candle.source = source;
        return m_writer->write({batch}).has_value();
    }

    static std::vector<Candle> candles(Timeframe timeframe, UtcTime from, int count)
    {
        std::vector<Candle> made;
        for (UtcTime open = from; count > 0; --count, open = nextCandleOpen(timeframe, open)) {
            Candle candle;
            candle.open_time = open;
            for (DecimalText *value :
                 {&candle.open, &candle.high, &candle.low, &candle.close, &candle.volume, &candle.quote_volume})
                *value = *DecimalText::from("1");
            candle.trades = 1;
            made.push_back(candle);
        }
        return made;
    }

    history::GapKeeper &keeper() { return *m_keeper; }
    store::StoreIndex &index() { return *m_reader; }

    ManualClock clock;

private:
    QTemporaryDir m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
    std::unique_ptr<history::GapKeeper> m_keeper;
};

} // namespace tk::test
