#include "history/reach_note.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace tk::history {

QString reachKey(const QString &exchange)
{
    return QStringLiteral("reach:") + exchange;
}

QString reachText(const QHash<SeriesKey, UtcTime> &reach)
{
    QJsonObject known;
    for (auto entry = reach.cbegin(); entry != reach.cend(); ++entry)
        known.insert(entry.key().pair + u' ' + timeframeText(entry.key().timeframe), toMs(*entry));
    return known.isEmpty() ? QString() : QString::fromUtf8(QJsonDocument(known).toJson(QJsonDocument::Compact));
}

QHash<SeriesKey, UtcTime> reachOf(const QString &exchange, const QString &text)
{
    QHash<SeriesKey, UtcTime> reach;
    const QJsonObject known = QJsonDocument::fromJson(text.toUtf8()).object();
    for (auto entry = known.constBegin(); entry != known.constEnd(); ++entry) {
        const auto timeframe = timeframeFromName(entry.key().section(u' ', -1).toStdString());
        if (timeframe)
            reach.insert({exchange, entry.key().section(u' ', 0, -2), *timeframe}, fromMs(entry.value().toInteger()));
    }
    return reach;
}

} // namespace tk::history
