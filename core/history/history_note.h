// Something that history found out and people should hear of, although it may be mended within the second.
#pragma once

#include "base/time.h"

#include <QString>
#include <QStringList>

namespace tk::history {

struct HistoryNote
{
    enum class Kind : quint8 {
        ClosesMissed, // candles that the exchange never closed on the stream, read over REST
        Corrected,    // candles that it told otherwise later
        Impossible,   // candles that cannot be
        StoreLost,    // the store began anew
        LedgerLost,   // the gap ledger did; `count` gaps are open
    };
    Kind kind = Kind::ClosesMissed;
    QString exchange{};
    qint64 count = 0; // candles, or gaps
    QStringList pairs{};
    QString detail{};
    UtcTime from{};
    UtcTime to{};
};

} // namespace tk::history
