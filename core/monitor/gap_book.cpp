#include "monitor/gap_book.h"

#include "base/json_values.h"

namespace tk::monitor {

namespace {

GapView gapOf(qint64 id, const QJsonObject &object)
{
    return {id,
            object.value(QLatin1String("exchange")).toString(),
            object.value(QLatin1String("pair")).toString(),
            object.value(QLatin1String("stream")).toString(),
            isoTimeOf(object.value(QLatin1String("from"))),
            isoTimeOf(object.value(QLatin1String("to"))),
            object.value(QLatin1String("state")).toString(),
            object.value(QLatin1String("cause")).toString(),
            isoTimeOf(object.value(QLatin1String("opened")))};
}

} // namespace

QHash<QString, int> GapBook::openByPair() const
{
    QHash<QString, int> counts;
    for (const GapView &gap : m_gaps)
        ++counts[gap.pairKey()];
    return counts;
}

std::vector<GapView> GapBook::of(const QString &exchange, const QString &pair, const QString &stream) const
{
    std::vector<GapView> found;
    for (const GapView &gap : m_gaps) {
        if (gap.pair == pair && gap.exchange == exchange && gap.stream == stream)
            found.push_back(gap);
    }
    return found;
}

void GapBook::apply(const QJsonObject &gaps, bool whole)
{
    if (gaps.isEmpty() && !whole)
        return;
    std::vector<GapView> gone;
    if (whole) {
        for (const GapView &gap : m_gaps) {
            if (!gaps.contains(QString::number(gap.id)))
                gone.push_back(gap);
        }
        m_gaps.clear();
    }
    for (auto entry = gaps.constBegin(); entry != gaps.constEnd(); ++entry) {
        const qint64 id = entry.key().toLongLong();
        if (!entry.value().isNull()) {
            m_gaps.insert(id, gapOf(id, entry.value().toObject()));
        } else if (m_gaps.contains(id)) {
            gone.push_back(m_gaps.take(id));
        }
    }
    Q_EMIT changed();
    for (const GapView &gap : gone)
        Q_EMIT closed(gap);
}

} // namespace tk::monitor
