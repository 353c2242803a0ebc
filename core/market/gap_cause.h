// The causes of gaps that more than one room must know again: they stand in the ledger as text, over restarts.
#pragma once

#include <QString>

namespace tk::gapcause {

// Followed by what happened to the store.
inline const QLatin1StringView storeAnew{"the store began anew"};
inline const QLatin1StringView databaseLost{"the database lost what it had acknowledged"};
inline const QLatin1StringView refused{"the database refused it"};
inline const QLatin1StringView closeMissed{"the exchange's closed mark did not come"};
inline const QLatin1StringView corrected{"the exchange corrected a candle after its own closed mark"};
inline const QLatin1StringView impossibleStored{"the database held a candle that cannot be"};
inline const QLatin1StringView impossible{"the exchange told a candle that cannot be"};

// What had been stored is not there any more: nothing is well before it is back.
inline bool isLoss(const QString &cause)
{
    return cause.startsWith(storeAnew) || cause.startsWith(databaseLost);
}

} // namespace tk::gapcause
