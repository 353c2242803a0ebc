#include "truth_check.h"

#include "exchange/binance_usdm/adapter.h"
#include "exchange/selection.h"
#include "store/embedded/embedded_store.h"
#include "store/influx/influx_reader.h"

#include <QDir>
#include <QFile>

#include <algorithm>

namespace tk::test {

namespace {

QString describe(const Candle &candle)
{
    const auto text = [](const DecimalText &value) {
        return QString::fromLatin1(value.view().data(), qsizetype(value.view().size()));
    };
    return QStringLiteral("%1 o%2 h%3 l%4 c%5 v%6 q%7 n%8")
        .arg(isoText(candle.open_time), text(candle.open), text(candle.high), text(candle.low), text(candle.close),
             text(candle.volume), text(candle.quote_volume))
        .arg(candle.trades);
}

} // namespace

QStringList TruthCheck::differences(UtcTime until) const
{
    QStringList found;
    std::unique_ptr<store::StoreReader> reader;
    if (influx) {
        reader = std::make_unique<store::influx::InfluxReader>(*influx, [until] { return until; });
    } else {
        auto opened = store::EmbeddedStore(store::EmbeddedStore::fileIn(dataDir)).openReader();
        if (!opened)
            return {opened.error().message};
        reader = std::move(opened).value();
    }
    const auto equal = [this](const Candle &a, const Candle &b) {
        return influx ? sameValues(a, b) : describe(a) == describe(b);
    };
    if (instruments.empty())
        return {QStringLiteral("the engine knows no instruments")};
    for (const exchange::Instrument &instrument : instruments) {
        for (const Timeframe timeframe : timeframes) {
            const UtcTime end = candleOpen(timeframe, until);
            UtcTime from = candlesBefore(timeframe, candleOpen(timeframe, since), history);
            from = std::max(from, candleOpen(timeframe, instrument.onboard));
            const QString series = instrument.unified + u' ' + timeframeText(timeframe);
            auto truth = sim->truth(instrument.symbol, timeframe, {from, end});
            for (Candle &candle : truth)
                candle.trades = trade_counts ? candle.trades : 0;
            const auto stored = reader->candles({exchange, instrument.unified, timeframe}, {from, end}, std::nullopt);
            if (!stored) {
                found.append(series + QStringLiteral(": ") + stored.error().message);
                continue;
            }
            // A contract's very first candle exists only if it was traded in.
            const bool listedWithin = from <= instrument.onboard;
            if (!listedWithin && qint64(truth.size()) != candlesBetween(timeframe, from, end))
                found.append(series + QStringLiteral(": the simulator itself has no full truth"));
            size_t next = 0;
            for (const Candle &expected : truth) {
                while (next < stored->size() && (*stored)[next].open_time < expected.open_time)
                    found.append(series + QStringLiteral(": extra ") + describe((*stored)[next++]));
                if (next == stored->size() || (*stored)[next].open_time > expected.open_time)
                    found.append(series + QStringLiteral(": missing ") + describe(expected));
                else if (!equal((*stored)[next], expected))
                    found.append(
                        series +
                        QStringLiteral(": wrong %1 instead of %2").arg(describe((*stored)[next]), describe(expected)) +
                        u' ' + QString::fromLatin1(sourceName((*stored)[next].source).data()));
                if (next < stored->size() && (*stored)[next].open_time == expected.open_time)
                    ++next;
            }
        }
    }
    return found;
}

std::vector<exchange::Instrument> collectedInstruments(const QString &dataDir)
{
    QFile cache(QDir(dataDir).filePath(QStringLiteral("instruments-binance-usdm.json")));
    if (!cache.open(QIODevice::ReadOnly))
        return {};
    const auto all = exchange::binance::makeAdapter()->parseInstruments(cache.readAll());
    return all ? exchange::select(*all, {}, {}).wanted : std::vector<exchange::Instrument>{};
}

QString verdictOf(const QStringList &differences)
{
    if (differences.isEmpty())
        return {};
    return QStringLiteral("%1 differences: %2")
        .arg(differences.size())
        .arg(differences.mid(0, 12).join(QStringLiteral("; ")));
}

} // namespace tk::test
