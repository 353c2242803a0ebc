// How a simulated exchange is set up, and what it counts.
#pragma once

#include "base/time.h"

#include <QByteArray>
#include <QString>
#include <QtGlobal>

#include <optional>
#include <vector>

namespace tk::sim {

// Habits of exchanges of another kind, which Binance has not: for tests of several at once. By default: none.
struct SimManners
{
    struct RequestLimit
    {
        int requests = 0;
        std::chrono::milliseconds window{}; // sliding
        bool perPath = false;
    };

    QByteArray keepAlive{};                      // a text that the client has to send; empty: the server pings instead
    QByteArray keepAliveAnswer{};                // what comes back, as text
    std::chrono::milliseconds keepAliveWithin{}; // of the one before, or the connection is cut
    std::vector<RequestLimit> requestLimits{};   // instead of a weight for each minute
    int instrumentsPerPage = 0;                  // then "cursor" asks for a page, and "nextPageCursor" tells the next
};

struct SimSettings
{
    quint64 seed = 1;
    int pairs = 164;
    double activity = 1.0;                   // factor on the number of trades
    std::optional<UtcTime> activity_since{}; // the factor holds from here on; history before stays cheap
    bool tls = false;
    QString tlsFolder{}; // certificates are made here when absent; empty: a temporary folder
    QString host = QStringLiteral("127.0.0.1");
    quint16 restPort = 0; // 0: any free one
    quint16 wsPort = 0;
    quint16 controlPort = 0;
    std::chrono::milliseconds life{std::chrono::hours(24)}; // of a websocket connection
    bool segmentPerFrame = false;      // each frame in a TCP segment of its own, as the real exchange sends
    bool emptyCandles = false;         // closed frames for candles without trades too
    qint64 maxBacklogBytes = 32 << 20; // of a connection that does not read; beyond it is cut
    int weightPerMinute = 2400;
    QString oddRows{};  // "btcusdt@kline_3m": REST tells some of its candles beside the grid, too short, upside down
    QString relisted{}; // a symbol that was another contract before: listed for relistedFor, its history goes on
    std::chrono::milliseconds relistedFor{0};
    int attemptsPer5Minutes = 300;
    QString replayFile{};     // recorded frames for every connection, instead of the market
    QString replayTimes{};    // when they were received
    double replaySpeed = 1.0; // 0: as fast as the connection takes them
    SimManners manners{};
};

struct SimStats
{
    quint64 ticks = 0; // rounds of looking at the clock and saying what is due
    quint64 framesSent = 0;
    quint64 bytesSent = 0;
    quint64 closedFrames = 0; // candles, counted per stream
    int connectionsOpen = 0;
    quint64 connectionsOpened = 0;
    quint64 handshakesRefused = 0;
    quint64 slowConsumersCut = 0;
    quint64 ruleViolations = 0; // closed with 1008, or cut since a keep-alive did not come
    quint64 keepAlives = 0;
    quint64 instrumentPages = 0;
    quint64 clientMessages = 0;
    quint64 pingsSent = 0;
    quint64 pongsReceived = 0;
    quint64 restRequests = 0;
    quint64 rest429 = 0;
    quint64 rest418 = 0;
    quint64 restErrors = 0; // other answers of 400 and above
    int maxWeightInMinute = 0;
    int subscriptions = 0; // live now, over all connections
};

} // namespace tk::sim
