// The topic "pairs" of the live state: one object per pair and exchange with its streams and newest values. Times are
// milliseconds since 1970 (0: none), for all of them are told anew each second.
//
//   {"exchange","pair","state","since","cause","last_data","frames","price","mark","index","funding","next_funding",
//    "finals":{"3m":OPEN_TIME,…},"streams":[["3m candles","live",SINCE,LAST_DATA,FRAMES,"cause"],…]}
//
// "state" is the worst of its streams, with that stream's since and cause.
#pragma once

#include "feed/feed_snapshot.h"

#include <QHash>
#include <QJsonObject>

namespace tk::app {

using LastStored = QHash<SeriesKey, UtcTime>; // open time of the newest stored candle

// Worst first: what needs a person, then what may need one, then what is well, then what has ended.
int severityOf(StreamState state);

// By the key of the topic: "EXCHANGE PAIR".
QHash<QString, QJsonObject> pairObjects(const feed::FeedSnapshot &feed, const LastStored &stored);

QString decimalText(const DecimalText &text); // as the exchange printed it
QJsonArray candleArray(const Candle &candle); // [open_time, "o", "h", "l", "c", "v", "quote", trades, "source"]
QString seriesText(const SeriesKey &series);  // "EXCHANGE PAIR TIMEFRAME"
std::optional<SeriesKey> seriesFromText(const QString &text);

} // namespace tk::app
