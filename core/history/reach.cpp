#include "history/reach.h"

#include "base/logging.h"
#include "history/reach_note.h"

#include <algorithm>

namespace tk::history {

Reach::Reach(GapKeeper &gaps, store::StoreIndex &index, QString exchange)
    : m_gaps(&gaps)
    , m_index(&index)
    , m_exchange(std::move(exchange))
{}

void Reach::load()
{
    const auto note = m_gaps->ledger().note(reachKey(m_exchange));
    if (note && note->has_value())
        m_reach = reachOf(m_exchange, **note);
}

std::optional<UtcTime> Reach::of(const SeriesKey &series) const
{
    const auto known = m_reach.constFind(series);
    return known == m_reach.constEnd() ? std::nullopt : std::optional(*known);
}

bool Reach::stored(const SeriesKey &series, UtcTime oldest)
{
    const std::optional<UtcTime> before = of(series);
    if (before && *before <= oldest)
        return false;
    m_reach.insert(series, oldest);
    return true;
}

void Reach::save(const std::vector<SeriesKey> &collected, UtcTime oldestKept)
{
    for (const SeriesKey &series : collected) {
        const auto first = m_index->firstTime(series);
        if (!first)
            return;
        const std::optional<UtcTime> before = of(series);
        std::optional<UtcTime> reach = *first;
        if (before)
            reach = std::min(reach.value_or(*before), *before);
        if (reach)
            m_reach.insert(series, std::max(*reach, oldestKept));
    }
    const QString text = reachText(m_reach);
    const auto written = m_gaps->ledger().note(reachKey(m_exchange));
    if (text.isEmpty() || (written && *written == text))
        return;
    if (const Status status = m_gaps->note(reachKey(m_exchange), text); !status)
        qCWarning(lcHistory).noquote() << status.error().message;
}

bool Reach::isStoreEmptied() const
{
    if (m_reach.isEmpty())
        return false;
    for (auto entry = m_reach.cbegin(); entry != m_reach.cend(); ++entry) {
        const auto first = m_index->firstTime(entry.key());
        if (!first || first->has_value())
            return false;
    }
    return true;
}

} // namespace tk::history
