// The question that every end-to-end test ends with: does the store hold exactly what the exchange says happened? Sets
// of (pair, timeframe, open time, values), not counts.
#pragma once

#include "config/settings.h"
#include "exchange/instrument.h"
#include "market/records.h"
#include "support/exchange/simulator_thread.h"

#include <QStringList>

#include <optional>
#include <vector>

namespace tk::test {

struct TruthCheck
{
    const sim::SimulatorThread *sim = nullptr;
    QString exchange = QStringLiteral("binance-usdm");
    bool trade_counts = true; // of its candles
    QString dataDir;
    std::vector<exchange::Instrument> instruments;
    std::vector<Timeframe> timeframes;
    UtcTime since; // the first start: history reaches back from here
    int history = 0;
    // Where the records are, when it is not the embedded store: there numbers are equal as numbers, not digit by digit.
    std::optional<config::InfluxSettings> influx{};

    // Every difference as a line; candles that close after `until` do not count.
    QStringList differences(UtcTime until) const;
};

// What the engine on this folder collects, from the instrument list it keeps there.
std::vector<exchange::Instrument> collectedInstruments(const QString &dataDir);

// "12 differences: the first few", or nothing.
QString verdictOf(const QStringList &differences);

} // namespace tk::test
