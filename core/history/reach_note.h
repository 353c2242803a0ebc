// How far back each series of an exchange was ever held, as the gap ledger keeps it over restarts: a store that was
// emptied cannot tell it. Pure.
#pragma once

#include "market/records.h"

#include <QHash>

namespace tk::history {

QString reachKey(const QString &exchange); // of the ledger's note

QString reachText(const QHash<SeriesKey, UtcTime> &reach); // the note, of one exchange
QHash<SeriesKey, UtcTime> reachOf(const QString &exchange, const QString &text);

} // namespace tk::history
