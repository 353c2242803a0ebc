// What the engine asks of an exchange: bytes in, market values out; what to ask, where, and what it weighs. Pure: no
// socket, timer, clock or log. One object serves one thread.
#pragma once

#include "base/result.h"
#include "exchange/instrument.h"
#include "exchange/limits.h"
#include "market/records.h"
#include "market/stream.h"

#include <QByteArray>
#include <QUrl>
#include <QUrlQuery>

#include <array>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace tk::exchange {

// What one stream promises: when its data is due. Data of the adapter, from its reference.
struct StreamContract
{
    milliseconds first_data;     // after the subscription was sent; beyond it the stream is silent
    milliseconds late;           // silence that is out of the ordinary
    milliseconds stale;          // silence that needs healing; zero: silence proves nothing (rare events)
    bool quiet_possible = false; // a pair without trades sends nothing: judged against other sources
};

// One subscription on the wire.
struct StreamSpec
{
    StreamKey key;
    QByteArray wire_name; // "btcusdt@kline_3m"
    QByteArray route;     // "market"; one connection serves one route
    StreamContract contract;
};

// What the candles of an exchange can prove. Whether a silent pair is quiet is decided by it and never assumed.
struct CandleFacts
{
    bool trade_counts = false; // each tells its number of trades; else its volume has to tell whether there were any
    milliseconds final_after = std::chrono::seconds(5); // its close: by then history has it, and it changes no more
};

struct FundingRules
{
    int rates_per_answer = 1000;                         // at most
    milliseconds usual_interval = std::chrono::hours(8); // between two settlements, where a pair does not say otherwise
    milliseconds listed_after = std::chrono::seconds(60); // a settlement: by then history has its rate

    milliseconds reach() const { return usual_interval * rates_per_answer; } // of one request, at least
};

// --- what a frame can hold -------------------------------------------------------------------------------------------

struct CandleUpdate
{
    Candle candle;
    Timeframe timeframe = Timeframe::M1;
    bool final = false;        // the exchange's own closed mark
    qint64 last_trade_id = -1; // of the newest trade in it; -1: none
    UtcTime close_time{};      // its last moment, as the exchange tells it; 0: it does not

    bool operator==(const CandleUpdate &) const = default;
};
struct MarkUpdate
{
    DecimalText mark_price;
    DecimalText index_price;  // may be empty
    DecimalText funding_rate; // may be empty: contracts without funding
    UtcTime next_funding{};

    bool operator==(const MarkUpdate &) const = default;
};
struct TradeUpdate
{
    DecimalText price;
    DecimalText quantity;
    qint64 id = 0;             // contiguous: a step of more than one is a lost trade
    qint64 last_trade_id = -1; // comparable with CandleUpdate's
    bool buyer_is_maker = false;
    UtcTime traded{};

    bool operator==(const TradeUpdate &) const = default;
};
struct TickerUpdate
{
    DecimalText last;
    DecimalText volume;
    qint64 last_trade_id = -1;

    bool operator==(const TickerUpdate &) const = default;
};
struct BookTickerUpdate
{
    qint64 update_id = 0;
    DecimalText bid, bid_size, ask, ask_size;

    bool operator==(const BookTickerUpdate &) const = default;
};
struct LiquidationUpdate
{
    bool sell = false; // side of the forced order: a sell closes a long
    DecimalText average_price;
    DecimalText filled;

    bool operator==(const LiquidationUpdate &) const = default;
};
struct DepthUpdate
{
    qint64 first_id = 0;    // U
    qint64 last_id = 0;     // u
    qint64 previous_id = 0; // pu: must equal the previous event's u of this stream
    int bids = 0;           // number of levels in the event
    int asks = 0;

    bool operator==(const DepthUpdate &) const = default;
};
struct ContractUpdate
{
    InstrumentStatus status = InstrumentStatus::Other;
    UtcTime delivery{};

    bool operator==(const ContractUpdate &) const = default;
};

// Answers to what we sent.
struct Acknowledged
{
    quint64 id = 0;

    bool operator==(const Acknowledged &) const = default;
};
struct Rejected
{
    quint64 id = 0;
    int code = 0;
    QString message;

    bool operator==(const Rejected &) const = default;
};
// Counted and sampled; not an error.
struct Unhandled
{
    QByteArray kind;

    bool operator==(const Unhandled &) const = default;
};

using Payload = std::variant<CandleUpdate, MarkUpdate, TradeUpdate, TickerUpdate, BookTickerUpdate, LiquidationUpdate,
                             DepthUpdate, ContractUpdate>;

// One value of one instrument. Views are valid while the frame is.
struct MarketEvent
{
    std::string_view symbol; // as the exchange wrote it
    UtcTime event_time{};
    std::string_view raw; // the exchange's own object, verbatim
    Payload payload;

    bool operator==(const MarketEvent &) const = default;
};

// What parse() found; reused from frame to frame so that its capacity stays.
struct ParsedFrame
{
    std::vector<MarketEvent> events;
    std::vector<Acknowledged> acknowledged;
    std::vector<Rejected> rejected;
    std::vector<Unhandled> unhandled;

    void clear()
    {
        events.clear();
        acknowledged.clear();
        rejected.clear();
        unhandled.clear();
    }

    bool operator==(const ParsedFrame &) const = default;
};

// --- REST ------------------------------------------------------------------------------------------------------------

struct RestRequest
{
    QByteArray path; // "/fapi/v1/klines"
    QUrlQuery query;
    std::vector<RequestCost> costs{};
};

struct RestReply
{
    int status = 0; // 0: no HTTP answer at all
    QByteArray body;
    std::vector<std::pair<QByteArray, QByteArray>> headers; // names in lower case
};

// What a refusal asks of us (reference §2.8).
struct Refusal
{
    enum class Kind {
        RateLimited,     // 429: stop all requests until `pause` is over
        Banned,          // 418: the same, longer, and halve the budget afterwards
        Blocked,         // 403: a firewall; do not retry fast
        RegionForbidden, // 451: will not change by itself
        ServerTrouble,   // 5xx: retry with backoff
        BadRequest,      // 400: this request will never work
        Transport,       // no answer: DNS, TLS, refused, time-out
    };
    Kind kind = Kind::Transport;
    milliseconds pause{0}; // how long to send nothing at all; zero: only this request waits
    int code = 0;          // the exchange's own error code, 0 when it gave none
    QString message;
};

class ExchangeAdapter
{
public:
    virtual ~ExchangeAdapter() = default;

    virtual QString name() const = 0; // "binance-usdm"
    virtual ConnectionLimits connectionLimits() const = 0;
    virtual RestLimits restLimits() const = 0;
    virtual CandleFacts candleFacts() const { return {}; }

    // Nothing where the exchange asks nothing of its clients but the pongs of the websocket protocol.
    virtual std::optional<KeepAlive> keepAlive() const { return {}; }

    // The subscription for one kind of data of one instrument; an error where the exchange has no such stream.
    virtual Result<StreamSpec> streamFor(const Instrument &instrument, StreamKind kind, Timeframe timeframe) const = 0;
    // Streams that belong to no pair and are always wanted (listings and delistings as they happen).
    virtual std::vector<StreamSpec> serviceStreams() const = 0;
    virtual QUrl connectionUrl(const QUrl &base, const QByteArray &route) const = 0;
    virtual QByteArray subscribeFrame(quint64 id, const std::vector<QByteArray> &names) const = 0;
    virtual QByteArray unsubscribeFrame(quint64 id, const std::vector<QByteArray> &names) const = 0;

    // 64 readable bytes must follow the frame. Broken JSON is an error; unknown events are Unhandled.
    virtual Status parse(std::string_view frame, ParsedFrame &into) = 0;

    // A page of the list of instruments; the first one with an empty cursor. instrument_pages.h reads them all.
    virtual RestRequest instrumentsRequest(const QByteArray &cursor) const = 0;
    virtual Result<std::vector<Instrument>> parseInstruments(QByteArrayView page) const = 0;
    // The cursor of the page that follows; empty after the last one, and where the whole list is one page.
    virtual QByteArray nextInstruments(QByteArrayView) const { return {}; }

    virtual RestRequest timeRequest() const = 0;
    virtual Result<UtcTime> parseTime(QByteArrayView body) const = 0;

    // Candles with open times in [span.from, span.to), at most restLimits().max_candles of them.
    virtual RestRequest candlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const = 0;
    // Ascending; an open candle may be the last one: the caller judges by the close time.
    // `closes` gets the last moment of each, as the exchange tells it.
    virtual Result<std::vector<Candle>> parseCandles(QByteArrayView body,
                                                     std::vector<UtcTime> *closes = nullptr) const = 0;
    // How many candles per request give the most rows for their cost when `missing` are wanted.
    virtual int bestCandlesPerRequest(qint64 missing) const = 0;
    // What the exchange really charged for a request of `limit` candles, where it differs from its documentation.
    virtual void learnCandleCost(int limit, int amount) = 0;

    // The mark price at the open of each minute in the span, at most restLimits().max_candles of them.
    virtual RestRequest markPricesRequest(const Instrument &instrument, TimeSpan span) const = 0;
    virtual Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument) const = 0;

    // Candles of the mark price, in the form of parseCandles(); at most restLimits().max_candles of them.
    virtual RestRequest markCandlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const = 0;

    virtual FundingRules fundingRules() const { return {}; }
    virtual RestRequest fundingRequest(const Instrument &instrument, TimeSpan span) const = 0;
    virtual Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument) const = 0;

    // What the answer tells of the limits; empty where the exchange tells nothing.
    virtual std::vector<LimitUse> limitsUsed(const RestReply &) const { return {}; }
    // Nothing for a good answer. `exchangeTime` is UTC as the exchange's clock has it: a ban may be told by its end.
    virtual std::optional<Refusal> refusal(const RestReply &reply, UtcTime exchangeTime) const = 0;
};

} // namespace tk::exchange
