// What history is told by the configuration. A value.
#pragma once

#include "exchange/selection.h"
#include "market/stream.h"
#include "market/timeframe.h"

#include <QNetworkProxy>
#include <QSslConfiguration>
#include <QStringList>
#include <QUrl>

#include <vector>

namespace tk::history {

struct HistorySettings
{
    QUrl rest_url;
    exchange::Wanted wanted;
    QStringList major_bases;
    std::vector<Timeframe> timeframes; // empty: no candles are kept
    std::vector<StreamKind> kinds;     // what is collected live, to name what was missed while nobody collected
    int history = 1500;                // candles per pair and timeframe at the first start
    milliseconds retention{0};         // of the store; 0: for ever. What it removes is not fetched again
    bool store_at_hand = true;         // the index is the store itself: what is missing there was lost
    bool mark_candles = true;          // of the mark price, for whoever pays funding in a backtest
    double weight_share = 0.5;
    double first_fill_share = 0.9;
    bool funding = true;
    bool keep_filled = true; // false: only what is asked for (a command without an engine)
    QString data_dir;        // for the instrument list's cache
    QNetworkProxy proxy{QNetworkProxy::NoProxy};
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();

    // What is older is removed and not fetched. The beginning of time where the store keeps everything.
    UtcTime oldestKept(UtcTime now) const { return retention.count() > 0 ? now - retention : UtcTime{}; }
};

} // namespace tk::history
