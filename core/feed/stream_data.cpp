#include "feed/stream_data.h"

namespace tk::feed {

StreamTable::Data dataOf(const exchange::MarketEvent &event, const exchange::CandleFacts &facts)
{
    StreamTable::Data data{.event = event.event_time};
    if (const auto *candle = std::get_if<exchange::CandleUpdate>(&event.payload)) {
        data.last_trade_id = candle->last_trade_id;
        data.proves_trade = !candle->final;
        data.candle_open = candle->candle.open_time;
        data.candle_trades = candle->candle.trades;
        if (!facts.trade_counts)
            data.candle_volume = candle->candle.volume.toDouble();
    } else if (const auto *trade = std::get_if<exchange::TradeUpdate>(&event.payload)) {
        data.last_trade_id = trade->last_trade_id;
    } else if (const auto *ticker = std::get_if<exchange::TickerUpdate>(&event.payload)) {
        data.last_trade_id = ticker->last_trade_id;
    }
    return data;
}

} // namespace tk::feed
