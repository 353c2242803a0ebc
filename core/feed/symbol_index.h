// From the symbol in a frame to the streams of that instrument: the one look-up on the way of every event.
#pragma once

#include "exchange/adapter.h"
#include "feed/stream_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

namespace tk::feed {

struct SymbolStreams
{
    std::array<StreamId, streamKindNames.size()> by_kind;
    std::array<StreamId, allTimeframes.size()> candles;

    SymbolStreams()
    {
        by_kind.fill(noStream);
        candles.fill(noStream);
    }
    template <typename Function>
    void each(Function function)
    {
        std::ranges::for_each(by_kind, function);
        std::ranges::for_each(candles, function);
    }
    StreamId &slot(const StreamKey &key)
    {
        return key.kind == StreamKind::Candles ? candles[size_t(key.timeframe)] : by_kind[size_t(key.kind)];
    }
};

class SymbolIndex
{
public:
    SymbolStreams &streamsOf(const QString &symbol) { return m_streams[symbol.toStdString()]; }

    // noStream for a symbol or kind nobody asked for.
    StreamId find(const exchange::MarketEvent &event) const
    {
        const auto found = m_streams.find(event.symbol);
        if (found == m_streams.end())
            return noStream;
        struct Kind
        {
            const SymbolStreams &streams;
            StreamId operator()(const exchange::CandleUpdate &u) const { return streams.candles[size_t(u.timeframe)]; }
            StreamId operator()(const exchange::MarkUpdate &) const { return of(StreamKind::MarkPrice); }
            StreamId operator()(const exchange::TradeUpdate &) const { return of(StreamKind::Trades); }
            StreamId operator()(const exchange::TickerUpdate &) const { return of(StreamKind::Ticker); }
            StreamId operator()(const exchange::BookTickerUpdate &) const { return of(StreamKind::BookTicker); }
            StreamId operator()(const exchange::LiquidationUpdate &) const { return of(StreamKind::Liquidations); }
            StreamId operator()(const exchange::DepthUpdate &) const { return of(StreamKind::Depth); }
            StreamId operator()(const exchange::ContractUpdate &) const { return noStream; }
            StreamId of(StreamKind kind) const { return streams.by_kind[size_t(kind)]; }
        };
        return std::visit(Kind{found->second}, event.payload);
    }

private:
    struct Hash
    {
        using is_transparent = void;
        size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_map<std::string, SymbolStreams, Hash, std::equal_to<>> m_streams;
};

} // namespace tk::feed
