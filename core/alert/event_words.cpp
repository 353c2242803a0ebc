#include "alert/event_words.h"

#include <QLocale>

namespace tk::alert {

QString counted(qint64 count, const QString &one, const QString &many)
{
    return count == 1 ? one : many.arg(count);
}

QString sizeText(qint64 bytes)
{
    return QLocale::c().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat);
}

QString shortTime(UtcTime time, UtcTime now)
{
    const QString text = isoText(time);
    return text.left(10) == isoText(now).left(10) ? text.mid(11, 8) : text.left(10) + u' ' + text.mid(11, 8);
}

QString pairsText(QStringList pairs)
{
    constexpr qsizetype named = 6;
    pairs.removeDuplicates();
    const qsizetype more = pairs.size() - named;
    QStringList bases;
    for (const QString &pair : pairs.mid(0, more > 1 ? named : pairs.size()))
        bases.append(pair.section(u'/', 0, 0));
    const QString text = bases.join(QStringLiteral(", "));
    return more > 1 ? QStringLiteral("%1 and %2 more").arg(text).arg(more) : text;
}

} // namespace tk::alert
