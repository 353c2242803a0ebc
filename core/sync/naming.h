// What freqtrade calls its files (reference: freqtrade §1). The name is the index: a wrong one is not seen, or worse.
// Pure.
#pragma once

#include "base/time.h"
#include "market/timeframe.h"

#include <QString>

namespace tk::sync {

enum class Content : quint8 { Candles, Mark, Funding };

struct FileId
{
    QString exchange; // "binance-usdm"
    QString pair;     // "BTC/USDT:USDT"
    Content content = Content::Candles;
    Timeframe timeframe = Timeframe::M1;

    bool operator==(const FileId &) const = default;
};

// "binance" of "binance-usdm"; the name itself where freqtrade's is not known.
QString exchangeFolder(const QString &exchange);

QString timeframeInName(Timeframe timeframe); // "3m"; a month is "1Mo", also for file systems that ignore case

// "BTC_USDT_USDT-3m-futures.feather". An error for a pair that cannot be a file name.
Result<QString> fileName(const FileId &file);

// Beside the file, and of no interest to freqtrade, which looks at everything that ends in ".feather".
QString partName(const QString &name);                // ".NAME.tk-part": being written
QString brokenName(const QString &name, UtcTime now); // "NAME.broken-20261121T130500Z": set aside

bool isPartName(const QString &name);

} // namespace tk::sync
