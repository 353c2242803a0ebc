// Binance USD-M over REST: requests with their weights, answers, refusals (reference §2.6, §2.8). Pure.
#pragma once

#include "exchange/adapter.h"

namespace tk::exchange::binance {

// The documented weight of a kline request by its limit; measured bands can be cheaper at their upper edge.
int documentedCandleWeight(int limit);

// `path` names the member of the kline family: klines, markPriceKlines.
RestRequest candlesRequest(const char *path, const Instrument &instrument, Timeframe timeframe, TimeSpan span,
                           int limit, int weight);
Result<std::vector<Candle>> parseCandles(QByteArrayView body, std::vector<UtcTime> *closes = nullptr);

Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument,
                                               const QString &exchange);

RestRequest fundingRequest(const Instrument &instrument, TimeSpan span);
Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument,
                                               const QString &exchange);

Result<UtcTime> parseServerTime(QByteArrayView body);

std::vector<LimitUse> limitsUsed(const RestReply &reply);
std::optional<Refusal> refusal(const RestReply &reply, UtcTime exchangeTime);

} // namespace tk::exchange::binance
