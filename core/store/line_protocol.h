// Records as InfluxDB line protocol, in the schema of docs ("Data in the store"): measurements `ohlcv_<timeframe>`,
// `mark_ohlcv_<timeframe>`, `funding_rate`, `mark_price`, and the kind of a tick ("trades"); tags `exchange` and
// `pair`; times in milliseconds, of ticks in nanoseconds. Numbers are floats and keep the text that the exchange
// printed. Pure.
#pragma once

#include "market/records.h"

#include <QByteArray>

namespace tk::store {

// Each appends whole lines, every one ended by a line feed. A point without any value gives none.
void appendLines(const CandleBatch &batch, QByteArray &into);
void appendMarkLines(const CandleBatch &batch, QByteArray &into); // `mark_ohlcv_<timeframe>`: prices alone
void appendLine(const FundingPoint &point, QByteArray &into); // a special rate has one more tag: it replaces no other
void appendLine(const MarkPoint &point, QByteArray &into);

// Stamped in nanoseconds, the id within the millisecond: two trades of one millisecond are two points, and the same
// trade told twice is one. The exchange's own object is the text of the one field `payload`.
void appendLine(const TickPoint &tick, QByteArray &into);

// Text fit for a tag value: escaped where the grammar wants it, and cleaned of what no escape can save (line breaks,
// a backslash at the end).
QByteArray tagValue(const QString &text);

} // namespace tk::store
