// Questions to InfluxDB as its versions want them (InfluxQL, Flux, SQL), and their answers as rows. Pure. Facts:
// reference influx §10 and §11.
#pragma once

#include "market/records.h"
#include "store/influx/dialect.h"

#include <QByteArray>
#include <QString>

#include <optional>
#include <vector>

namespace tk::store::influx {

struct Question
{
    enum class What : quint8 {
        Points,      // in the order of time; the newest `limit` of them, newest first, where `newest_first` is set
        First,       // the oldest point of each series that has the first field
        Last,        // the newest one
        Count,       // points of each series that have the first field
        CountPerDay, // the same for each UTC day that has any; `time` is the day's begin
        CountPerHour,
    };
    What what = What::Points;
    QString measurement{};
    std::vector<QByteArray> fields{};
    std::optional<QString> exchange{};
    std::optional<QString> pair{};
    TimeSpan span{}; // always bounded on both sides
    bool newest_first = false;
    qint64 limit = 0;        // rows of a series; 0: all
    bool impossible = false; // of candles: only those whose values contradict one another, by the first field alone
};

struct Row
{
    QString exchange;
    QString pair;
    QByteArray type; // "special" or empty
    UtcTime time{};
    std::vector<QByteArray> values{}; // by field, as the server printed them; empty: not there
};

net::HttpCall questionCall(Api api, const config::InfluxSettings &settings, const Question &question);

// A measurement, table or bucket that does not exist yet holds no rows: that is no error.
Result<std::vector<Row>> readRows(Api api, const net::HttpAnswer &answer, const Question &question);

// Pieces of the languages, for tests. A text in the form of each, with everything in it escaped.
QString influxQl(const Question &question);
QString flux(const config::InfluxSettings &settings, const Question &question);
QString sql(const Question &question);

} // namespace tk::store::influx
