// Counts, sizes, times and lists of pairs, as the texts of events have them. Pure.
#pragma once

#include "base/time.h"

#include <QString>
#include <QStringList>

namespace tk::alert {

QString counted(qint64 count, const QString &one, const QString &many); // "%1" of `many` is the count
QString sizeText(qint64 bytes);                                         // "1.2 GB"
QString shortTime(UtcTime time, UtcTime now); // "09:51:00"; with its day, where that is not today's

// "BTC, ETH, SOL and 12 more": bases of unified names.
QString pairsText(QStringList pairs);

} // namespace tk::alert
