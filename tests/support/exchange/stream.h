// One stream of the exchange, shared by all connections that subscribed it: it knows when something is due and says it
// once; who gets it, and what a fault makes of it, is the hub's business.
#pragma once

#include "support/exchange/encode.h"
#include "support/exchange/market.h"

#include <QByteArray>

#include <memory>
#include <vector>

namespace tk::sim {

class Stream;
class WsSession;

enum class Route : quint8 { Public, Market, Private };

struct FrameInfo
{
    qint64 closeMs = 0; // of a candle: when it ends; 0: no candle
    bool closed = false;
    const QByteArray *preliminary = nullptr; // another telling of a closed candle, for history-correction
};

class Outlet
{
public:
    virtual ~Outlet() = default;
    virtual void frame(Stream &stream, const QByteArray &payload, const FrameInfo &info) = 0;
};

class Stream
{
public:
    Stream(QByteArray name, Market &market)
        : m_name(std::move(name))
        , m_market(market)
    {}
    virtual ~Stream() = default;
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;

    const QByteArray &name() const { return m_name; }
    // Says what has become due up to `now` (ms UTC); called every few ms, so it must be quick to say nothing.
    virtual void advance(qint64 now, Outlet &outlet) = 0;

    std::vector<WsSession *> subscribers;

protected:
    const QByteArray m_name;
    Market &m_market;
    QByteArray m_text; // reused from frame to frame
};

// The stream of that name, or nothing when there is none on that route: which the exchange acknowledges all the same.
std::unique_ptr<Stream> makeStream(const QByteArray &name, Route route, Market &market);

// In files of their own.
std::unique_ptr<Stream> makeKlineStream(const QByteArray &name, const Contract &contract, Timeframe timeframe,
                                        bool continuous, Market &market);
std::unique_ptr<Stream> makeTradeStream(const QByteArray &name, const Contract &contract, Market &market);
std::unique_ptr<Stream> makeLiquidationStream(const QByteArray &name, const Contract *contract, Market &market);
std::unique_ptr<Stream> makeMarkStream(const QByteArray &name, const Contract *contract, qint64 periodMs,
                                       Market &market);
std::unique_ptr<Stream> makeTickerStream(const QByteArray &name, const Contract *contract, bool mini, Market &market);
std::unique_ptr<Stream> makeContractInfoStream(const QByteArray &name, Market &market);
std::unique_ptr<Stream> makeBookTickerStream(const QByteArray &name, const Contract *contract, Market &market);
// `levels` 0: differences; otherwise whole pictures of so many levels.
std::unique_ptr<Stream> makeDepthStream(const QByteArray &name, const Contract &contract, int levels, qint64 periodMs,
                                        Market &market);

} // namespace tk::sim
