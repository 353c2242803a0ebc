// Websocket frames of the exchange: no crash, no event that holds anything but numbers, the same by both readers.
#include "fuzz_target.h"

#include "exchange/binance_usdm/frames.h"

#include <string>

using namespace tk;
using namespace tk::exchange;

namespace {

void check(const DecimalText &value)
{
    FUZZ_CHECK(value.isEmpty() || DecimalText::from(value.view()));
}

struct Checks
{
    void operator()(const CandleUpdate &u) const
    {
        for (const DecimalText *v : {&u.candle.open, &u.candle.high, &u.candle.low, &u.candle.close, &u.candle.volume,
                                     &u.candle.quote_volume}) {
            FUZZ_CHECK(!v->isEmpty());
            check(*v);
        }
    }
    void operator()(const MarkUpdate &u) const
    {
        FUZZ_CHECK(!u.mark_price.isEmpty());
        check(u.mark_price);
        check(u.index_price);
        check(u.funding_rate);
    }
    void operator()(const TradeUpdate &u) const { FUZZ_CHECK(!u.price.isEmpty() && !u.quantity.isEmpty()); }
    void operator()(const TickerUpdate &u) const { FUZZ_CHECK(!u.last.isEmpty()); }
    void operator()(const BookTickerUpdate &u) const { FUZZ_CHECK(!u.bid.isEmpty() && !u.ask.isEmpty()); }
    void operator()(const LiquidationUpdate &u) const { FUZZ_CHECK(!u.average_price.isEmpty() && !u.filled.isEmpty()); }
    void operator()(const DepthUpdate &u) const { FUZZ_CHECK(u.bids >= 0 && u.asks >= 0); }
    void operator()(const ContractUpdate &) const {}
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static binance::FrameParser parser;
    static binance::FrameParser full(binance::FrameParser::Readers::FullOnly);
    static ParsedFrame parsed;
    static ParsedFrame again;
    // Exactly the 64 bytes behind that the reader may look at.
    std::vector<char> padded(size + 64, char(size % 2 ? '}' : '\0'));
    std::copy_n(data, size, padded.begin());
    const std::string_view frame(padded.data(), size);
    const bool good = parser.parse(frame, parsed).has_value();
    if (!good)
        FUZZ_CHECK(parsed.events.empty() && parsed.acknowledged.empty() && parsed.rejected.empty());
    for (const MarketEvent &event : parsed.events) {
        FUZZ_CHECK(!event.symbol.empty());
        FUZZ_CHECK(event.raw.data() >= frame.data() && event.raw.data() + event.raw.size() <= frame.data() + size);
        FUZZ_CHECK(event.raw.front() == '{' && event.raw.back() == '}');
        std::visit(Checks(), event.payload);
    }
    FUZZ_CHECK(full.parse(frame, again).has_value() == good);
    FUZZ_CHECK(again == parsed);
    return 0;
}
