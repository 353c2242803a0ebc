#include "history/loss_namer.h"

#include "history/request_planner.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;

LossNamer::LossNamer(const exchange::ExchangeAdapter &adapter, Sources sources)
    : m_exchange(adapter.name())
    , m_fundingReach(adapter.fundingRules().reach())
    , m_from(sources)
{}

void LossNamer::nameMissedOfLastRun()
{
    if (!m_from.settings.keep_filled)
        return;
    const std::vector<Instrument> cached = m_from.instruments.ofLastRun();
    if (!cached.empty())
        nameMissed(exchange::select(cached, m_from.settings.wanted, m_from.settings.major_bases).wanted);
}

void LossNamer::nameMissed(const std::vector<Instrument> &instruments)
{
    nameDowntime(instruments);
    std::vector<Gap> missed;
    for (const Instrument &instrument : instruments) {
        for (const Timeframe timeframe : m_from.settings.timeframes) {
            if (auto holes = m_from.holes.holesOf(instrument, timeframe))
                missed.insert(missed.end(), holes->missed.begin(), holes->missed.end());
        }
    }
    m_from.gaps.setOldestKept(oldestKept());
    m_from.gaps.opened(std::move(missed));
}

void LossNamer::nameDowntime(const std::vector<Instrument> &instruments)
{
    if (m_downtimeNamed)
        return;
    m_downtimeNamed = m_from.instruments.isKnown(); // until then nobody collects, and it goes on
    const auto since = m_from.runs.lastRunEnded();
    const UtcTime now = m_from.clock.utcNow();
    if (!since || *since >= now)
        return;
    const QString cause = m_from.runs.howItEnded();
    std::vector<Gap> missed;
    for (const Instrument &instrument : instruments) {
        for (const StreamKind kind : m_from.settings.kinds) {
            if (kind == StreamKind::Candles || instrument.onboard >= now)
                continue;
            missed.push_back({.stream = {m_exchange, instrument.unified, kind, Timeframe::M1},
                              .from = std::max({*since, m_downtimeNamedTo, instrument.onboard}),
                              .to = now,
                              .cause = cause,
                              .opened = now});
        }
    }
    m_downtimeNamedTo = now;
    m_from.gaps.opened(std::move(missed));
}

void LossNamer::nameStoreLoss(const QString &why)
{
    const UtcTime now = m_from.time.now();
    const QString cause = gapcause::storeAnew + QStringLiteral(": ") + why;
    std::vector<Gap> lost;
    for (const Instrument &instrument : m_from.instruments.wanted()) {
        // By whole minutes, as mark prices are kept: also the one that runs may have had its sample already. It is
        // asked for when it is over.
        const UtcTime since =
            std::max({candleOpen(Timeframe::M1, m_from.runs.firstRun()), oldestKept(), instrument.onboard});
        for (const StreamKind kind : m_from.settings.kinds) {
            if (kind != StreamKind::Candles)
                lost.push_back({.stream = {m_exchange, instrument.unified, kind, Timeframe::M1},
                                .from = since,
                                .to = kind == StreamKind::MarkPrice ? nextCandleOpen(Timeframe::M1, now) : now,
                                .cause = cause,
                                .opened = now});
        }
        if (m_from.settings.funding)
            lost.push_back({.stream = {m_exchange, instrument.unified, StreamKind::FundingRate, Timeframe::M1},
                            .from = std::max({UtcTime(now - m_fundingReach), oldestKept(), instrument.onboard}),
                            .to = now,
                            .cause = cause,
                            .opened = now});
    }
    m_from.gaps.opened(std::move(lost));
}

} // namespace tk::history
