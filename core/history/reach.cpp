#include "history/reach.h"

#include "base/logging.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace tk::history {

Reach::Reach(GapKeeper &gaps, store::StoreIndex &index, QString exchange)
    : m_gaps(&gaps)
    , m_index(&index)
    , m_exchange(std::move(exchange))
{}

QString Reach::noteKey() const
{
    return QStringLiteral("reach:") + m_exchange;
}

void Reach::load()
{
    const auto note = m_gaps->ledger().note(noteKey());
    if (!note || !note->has_value())
        return;
    const QJsonObject known = QJsonDocument::fromJson((*note)->toUtf8()).object();
    for (auto entry = known.constBegin(); entry != known.constEnd(); ++entry) {
        const auto timeframe = timeframeFromName(entry.key().section(u' ', -1).toStdString());
        if (timeframe)
            m_reach.insert({m_exchange, entry.key().section(u' ', 0, -2), *timeframe},
                           fromMs(entry.value().toInteger()));
    }
}

std::optional<UtcTime> Reach::of(const SeriesKey &series) const
{
    const auto known = m_reach.constFind(series);
    return known == m_reach.constEnd() ? std::nullopt : std::optional(*known);
}

void Reach::stored(const SeriesKey &series, UtcTime oldest)
{
    m_reach.insert(series, std::min(of(series).value_or(oldest), oldest));
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
    QJsonObject known;
    for (auto entry = m_reach.cbegin(); entry != m_reach.cend(); ++entry)
        known.insert(entry.key().pair + u' ' + timeframeText(entry.key().timeframe), toMs(*entry));
    const QString text = QString::fromUtf8(QJsonDocument(known).toJson(QJsonDocument::Compact));
    const auto written = m_gaps->ledger().note(noteKey());
    if (known.isEmpty() || (written && *written == text))
        return;
    if (const Status status = m_gaps->note(noteKey(), text); !status)
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
