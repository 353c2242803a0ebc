// Streams and events made up for the tests of the feed.
#pragma once

#include "exchange/binance_usdm/adapter.h"
#include "feed/stream_table.h"

namespace tk::test {

inline exchange::Instrument instrument(const QString &base, const QString &quote = QStringLiteral("USDT"))
{
    exchange::Instrument made;
    made.symbol = base + quote;
    made.pair = {base, quote, quote};
    made.unified = made.pair.unified();
    made.status = exchange::InstrumentStatus::Trading;
    made.perpetual = true;
    made.contract_type = QStringLiteral("PERPETUAL");
    return made;
}

inline exchange::StreamSpec spec(const QString &base, StreamKind kind, Timeframe timeframe = Timeframe::M1)
{
    static const auto adapter = exchange::binance::makeAdapter();
    return adapter->streamFor(instrument(base), kind, timeframe).value();
}

inline DecimalText dec(std::string_view text)
{
    return *DecimalText::from(text);
}

} // namespace tk::test
