#include "app/spool_watch.h"

#include "base/logging.h"
#include "market/gap_cause.h"

namespace tk::app {

namespace {

constexpr int lookEveryMs = 1'000; // of real time

} // namespace

SpoolWatch::SpoolWatch(std::shared_ptr<store::influx::InfluxStore> store, std::shared_ptr<const Clock> clock,
                       QString folder)
    : m_store(std::move(store))
    , m_clock(std::move(clock))
    , m_folder(std::move(folder))
{
    connect(&m_timer, &QTimer::timeout, this, &SpoolWatch::look);
    m_timer.start(lookEveryMs);
}

void SpoolWatch::suspend(const QString &why)
{
    m_suspended = true;
    m_why = why;
}

void SpoolWatch::resume()
{
    m_suspended = false;
    look();
}

void SpoolWatch::look()
{
    if (m_suspended)
        return;
    if (m_store->isWhole()) {
        m_why.clear(); // the folder came back with everything in it
        const store::influx::InfluxStore::Loss loss{m_store->takePassedOver(), {}};
        if (!loss.fetched.empty()) {
            const QString why = QStringLiteral("records in the spool could not be read any more");
            Q_EMIT mended(why, gapsOf(loss, why));
        }
        return;
    }
    if (m_why.isEmpty()) {
        m_why = QStringLiteral("files of the spool in %1 were removed or replaced while in use").arg(m_folder);
        qCCritical(lcApp).noquote() << m_why;
    }
    const auto loss = m_store->mend();
    if (!loss) {
        if (std::exchange(m_trouble, loss.error().message) != loss.error().message) {
            qCCritical(lcApp).noquote() << m_trouble;
            Q_EMIT troubled(m_why + QStringLiteral("; ") + m_trouble);
        }
        return;
    }
    m_trouble.clear();
    const QString why = std::exchange(m_why, {});
    const std::vector<Gap> gaps = gapsOf(*loss, why);
    qCWarning(lcApp).noquote() << "spool and index are begun anew" << logField(u"gaps", QString::number(gaps.size()));
    Q_EMIT mended(why, gaps);
}

std::vector<Gap> SpoolWatch::gapsOf(const store::influx::InfluxStore::Loss &loss, const QString &why) const
{
    const UtcTime now = m_clock->utcNow();
    std::vector<Gap> gaps;
    const auto add = [&](const StreamSpan &lost) -> Gap & {
        gaps.push_back({.stream = lost.stream,
                        .from = lost.span.from,
                        .to = lost.span.to,
                        .cause = gapcause::storeAnew + QStringLiteral(": ") + why,
                        .opened = now});
        return gaps.back();
    };
    for (const StreamSpan &lost : loss.fetched)
        add(lost);
    for (const StreamSpan &lost : loss.for_good) {
        Gap &gap = add(lost);
        gap.state = GapState::Unfillable;
        gap.reason = lost.stream.kind == StreamKind::FundingRate
                         ? QStringLiteral("the exchange offers no history of predicted rates")
                         : QStringLiteral("the exchange offers no history of this stream");
        gap.settled = now;
    }
    return gaps;
}

} // namespace tk::app
