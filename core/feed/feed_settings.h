// What the live side of one exchange is told to do. Values.
#pragma once

#include "base/time.h"
#include "market/stream.h"

#include <QNetworkProxy>
#include <QSslConfiguration>
#include <QStringList>
#include <QUrl>

#include <vector>

namespace tk::feed {

struct FeedSettings
{
    QUrl ws_url;
    std::vector<StreamKind> kinds;
    std::vector<Timeframe> timeframes;
    QStringList major_bases;
    std::vector<QNetworkProxy> proxies; // connections are spread over them and the direct way
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    milliseconds heartbeat{60'000};
    milliseconds stale_after{600'000};
    int major_quorum = 5;
    milliseconds reconnect_first{1'000};
    milliseconds reconnect_max{60'000};
    milliseconds mark_price_every{60'000};
    std::chrono::microseconds wakeup_pause{2'000};
    milliseconds rotate_after{0}; // zero: what the exchange's limits say
};

} // namespace tk::feed
