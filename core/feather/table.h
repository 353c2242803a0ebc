// A table as a Feather file holds it: columns of times, whole numbers and doubles, under a schema that survives being
// read and written again. Plain values; any thread.
#pragma once

#include <QByteArray>
#include <QtGlobal>

#include <compare>
#include <utility>
#include <vector>

namespace tk::feather {

enum class Kind : quint8 { Timestamp, Integer, Double }; // all of them 64 bits wide

enum class Unit : qint16 { Second, Millisecond, Microsecond, Nanosecond }; // as Arrow counts them

constexpr qint64 unitsPerSecond(Unit unit)
{
    constexpr qint64 perSecond[]{1, 1'000, 1'000'000, 1'000'000'000};
    return perSecond[size_t(unit)];
}

struct Field
{
    QByteArray name{}; // UTF-8
    Kind kind = Kind::Double;
    Unit unit =
        Unit::Millisecond; // of a timestamp; of whole numbers that are times: nobody wrote it, see feather/date_unit
    QByteArray zone{};     // of a timestamp; empty: none

    bool operator==(const Field &) const = default;
};

struct Schema
{
    std::vector<Field> fields;
    std::vector<std::pair<QByteArray, QByteArray>> metadata; // verbatim

    bool operator==(const Schema &) const = default;
};

// The values of one column. A missing double is NaN.
struct Column
{
    std::vector<qint64> integers; // of times and whole numbers
    std::vector<double> doubles;
};

struct Table
{
    Schema schema;
    qint64 rows = 0;
    std::vector<Column> columns; // one for each field, each with that many values
};

} // namespace tk::feather
