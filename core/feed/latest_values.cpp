#include "feed/latest_values.h"

#include <algorithm>

namespace tk::feed {

void LatestValues::event(StreamId id, const exchange::MarketEvent &event)
{
    if (id >= m_values.size())
        m_values.resize(size_t(id) + 1);
    StreamValues &values = m_values[id];
    if (const auto *update = std::get_if<exchange::CandleUpdate>(&event.payload)) {
        values.price = update->candle.close;
        if (update->final)
            values.last_final = std::max(values.last_final, update->candle.open_time);
        if (m_watched.empty())
            return;
        const auto watched = m_watched.find(id);
        if (watched == m_watched.end())
            return;
        LiveCandles &candles = watched->second.candles;
        watched->second.changed = true;
        if (!update->final) {
            candles.forming = update->candle;
            return;
        }
        if (!candles.closed || candles.closed->open_time <= update->candle.open_time)
            candles.closed = update->candle;
        if (candles.forming && candles.forming->open_time <= update->candle.open_time)
            candles.forming.reset();
    } else if (const auto *mark = std::get_if<exchange::MarkUpdate>(&event.payload)) {
        values.price = mark->mark_price;
        values.index_price = mark->index_price;
        values.funding_rate = mark->funding_rate;
        values.next_funding = mark->next_funding;
    } else if (const auto *ticker = std::get_if<exchange::TickerUpdate>(&event.payload)) {
        values.price = ticker->last;
    } else if (const auto *trade = std::get_if<exchange::TradeUpdate>(&event.payload)) {
        values.price = trade->price;
    }
}

const StreamValues &LatestValues::of(StreamId id) const
{
    static const StreamValues none{};
    return id < m_values.size() ? m_values[id] : none;
}

void LatestValues::watch(const std::vector<StreamId> &streams)
{
    std::unordered_map<StreamId, Watched> watched;
    for (const StreamId id : streams) {
        const auto before = m_watched.find(id);
        watched.emplace(id, before == m_watched.end() ? Watched{} : std::move(before->second));
        watched[id].changed = true; // who asks is told what is known
    }
    m_watched = std::move(watched);
}

std::vector<std::pair<StreamId, LiveCandles>> LatestValues::takeLive()
{
    std::vector<std::pair<StreamId, LiveCandles>> taken;
    for (auto &[id, watched] : m_watched) {
        if (std::exchange(watched.changed, false) && (watched.candles.closed || watched.candles.forming))
            taken.emplace_back(id, watched.candles);
    }
    return taken;
}

} // namespace tk::feed
