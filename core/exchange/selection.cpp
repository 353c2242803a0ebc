#include "exchange/selection.h"

#include <QSet>

#include <algorithm>

namespace tk::exchange {

std::vector<NotCollected> notCollected(const Selection &selection)
{
    std::vector<NotCollected> pairs;
    for (const QString &pair : selection.unknown)
        pairs.push_back({pair, QStringLiteral("not listed (was it renamed?)")});
    for (const QString &pair : selection.not_trading)
        pairs.push_back({pair, QStringLiteral("listed, but it does not trade now")});
    return pairs;
}

Selection select(const std::vector<Instrument> &instruments, const Wanted &wanted, const QStringList &majorBases)
{
    Selection selection;
    const QSet<QString> named(wanted.pairs.cbegin(), wanted.pairs.cend());
    const QSet<QString> excluded(wanted.exclude.cbegin(), wanted.exclude.cend());
    QSet<QString> found;
    for (const Instrument &instrument : instruments) {
        if (instrument.status == InstrumentStatus::Ended)
            selection.delisted.push_back(instrument.symbol);
        // Dated contracts share their unified name with the perpetual: only perpetuals answer to a pair's name, unless
        // the exchange lists nothing else (TradFi perpetuals that the operator named).
        const bool perpetual = instrument.perpetual || instrument.contract_type == QLatin1String("TRADIFI_PERPETUAL");
        const bool ofAll =
            instrument.perpetual && (wanted.all_of == QLatin1String("*") || instrument.pair.settle == wanted.all_of);
        const bool chosen = wanted.all ? ofAll : perpetual && named.contains(instrument.unified);
        if (!chosen || excluded.contains(instrument.unified))
            continue;
        found.insert(instrument.unified);
        if (instrument.status == InstrumentStatus::Trading)
            selection.wanted.push_back(instrument);
        else if (!wanted.all)
            selection.not_trading.append(instrument.unified);
    }
    for (const QString &pair : wanted.pairs) {
        if (!wanted.all && !found.contains(pair) && !excluded.contains(pair))
            selection.unknown.append(pair);
    }
    const auto rank = [&](const Instrument &instrument) {
        const qsizetype major =
            instrument.pair.quote == QLatin1String("USDT") ? majorBases.indexOf(instrument.pair.base) : -1;
        return major < 0 ? majorBases.size() : major;
    };
    std::ranges::stable_sort(selection.wanted, [&](const Instrument &a, const Instrument &b) {
        return std::pair(rank(a), a.unified) < std::pair(rank(b), b.unified);
    });
    return selection;
}

} // namespace tk::exchange
