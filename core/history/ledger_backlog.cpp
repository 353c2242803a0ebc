#include "history/ledger_backlog.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::history {

namespace {

constexpr milliseconds tellEvery{60'000};
constexpr milliseconds tryEvery{1'000};
constexpr qsizetype mostOfAStream = 16; // then the newest grows over what lies between

bool touches(const Gap &gap, const Gap &other)
{
    return (toMs(other.to) == 0 || gap.from <= other.to) && (toMs(gap.to) == 0 || other.from <= gap.to);
}

void include(Gap &into, const Gap &gap)
{
    into.from = std::min(into.from, gap.from);
    into.to = toMs(into.to) == 0 || toMs(gap.to) == 0 ? UtcTime{} : std::max(into.to, gap.to);
}

} // namespace

LedgerBacklog::LedgerBacklog(store::GapLedger &ledger, const Clock &clock)
    : m_ledger(&ledger)
    , m_clock(&clock)
{}

void LedgerBacklog::heed(const Status &status)
{
    if (status) {
        if (!m_trouble.isEmpty())
            qCInfo(lcHistory).noquote() << "the gap ledger takes gaps again"
                                        << logField(u"after", ageText(m_clock->utcNow() - m_since));
        m_trouble.clear();
        m_since = {};
        return;
    }
    const MonotonicTime now = m_clock->now();
    if (m_trouble.isEmpty())
        m_since = m_clock->utcNow();
    const bool news = m_trouble.isEmpty();
    m_trouble = status.error().message;
    if (!news && now < m_toldAt)
        return;
    m_toldAt = now + tellEvery;
    qCCritical(lcHistory).noquote() << "the gap ledger takes nothing, what it should know is kept in memory:"
                                    << m_trouble << logField(u"gaps", QString::number(m_gaps.size()));
}

void LedgerBacklog::openAll(const std::vector<Gap> &gaps)
{
    // One that ended and is written down as open would swallow what comes later.
    if (m_gaps.empty() && m_ends.isEmpty()) {
        const Status status = m_ledger->openAll(gaps);
        heed(status);
        if (status)
            return;
    }
    for (const Gap &gap : gaps)
        keep(gap);
}

void LedgerBacklog::keep(const Gap &gap)
{
    Gap *newest = nullptr;
    qsizetype ofStream = 0;
    for (Gap &known : m_gaps) {
        if (known.stream != gap.stream)
            continue;
        if (touches(gap, known))
            return include(known, gap);
        newest = &known;
        ++ofStream;
    }
    if (ofStream >= mostOfAStream)
        return include(*newest, gap);
    m_gaps.push_back(gap);
    m_gaps.back().id = --m_lastId;
}

void LedgerBacklog::endAll(const std::vector<StreamKey> &streams, UtcTime at)
{
    if (m_gaps.empty() && m_ends.isEmpty()) {
        const Status status = m_ledger->endAll(streams, at);
        heed(status);
        if (status)
            return;
    }
    for (const StreamKey &stream : streams) {
        if (!m_ends.contains(stream))
            m_ends.insert(stream, at);
    }
    for (Gap &gap : m_gaps) {
        if (toMs(gap.to) == 0 && streams.end() != std::ranges::find(streams, gap.stream))
            gap.to = std::max(at, gap.from);
    }
    std::erase_if(m_gaps, [](const Gap &gap) { return toMs(gap.to) != 0 && gap.to <= gap.from; }); // nothing was due
}

void LedgerBacklog::record(const Gap &settled)
{
    const Status status = m_ledger->record(settled);
    heed(status);
    if (!status)
        m_settled.push_back(settled);
}

// What the ledger has ends before it is told of what came later.
Status LedgerBacklog::writeAll()
{
    for (auto end = m_ends.begin(); end != m_ends.end();) {
        const UtcTime at = end.value();
        std::vector<StreamKey> together;
        for (auto other = m_ends.cbegin(); other != m_ends.cend(); ++other) {
            if (other.value() == at)
                together.push_back(other.key());
        }
        if (const Status status = m_ledger->endAll(together, at); !status)
            return status;
        m_ends.removeIf([at](const auto &entry) { return entry.value() == at; });
        end = m_ends.begin();
    }
    if (!m_gaps.empty()) {
        if (const Status status = m_ledger->openAll(m_gaps); !status)
            return status;
        m_gaps.clear();
    }
    while (!m_settled.empty()) {
        if (const Status status = m_ledger->record(m_settled.back()); !status)
            return status;
        m_settled.pop_back();
    }
    return ok();
}

bool LedgerBacklog::retry()
{
    const bool waits = !m_gaps.empty() || !m_settled.empty() || !m_ends.isEmpty();
    const MonotonicTime now = m_clock->now();
    if (!waits || now < m_triedAt + tryEvery)
        return false;
    m_triedAt = now;
    const Status status = writeAll();
    heed(status);
    return status.has_value();
}

} // namespace tk::history
