// How complete the record is: by series and UTC day, how many candles there should be and how many are missing. Pure.
#pragma once

#include "market/records.h"

#include <QDate>
#include <QHash>

#include <map>
#include <vector>

namespace tk::ui {

struct SeriesRange
{
    SeriesKey series;
    UtcTime first{}; // oldest stored candle
    UtcTime last{};  // newest stored candle
};

struct MissingSpan
{
    SeriesKey series;
    UtcTime from{};
    UtcTime to{}; // 0: up to now
    bool unfillable = false;
};

struct DayCell
{
    qint64 expected = 0;
    qint64 missing = 0;    // of them, what can still be had
    qint64 unfillable = 0; // and what cannot

    // Nothing is expected before the record begins.
    bool isKnown() const { return expected > 0; }
    double share() const { return expected > 0 ? 1.0 - double(missing + unfillable) / double(expected) : 0; }
    bool operator==(const DayCell &) const = default;
};

class Completeness
{
public:
    Completeness() = default;
    Completeness(const std::vector<SeriesRange> &ranges, const std::vector<MissingSpan> &missing, UtcTime now,
                 int days);

    const std::vector<QDate> &days() const { return m_days; }         // oldest first, the last one is today
    const std::vector<SeriesKey> &series() const { return m_series; } // by pair and timeframe
    DayCell cell(size_t series, size_t day) const { return m_cells[series][day]; }
    DayCell total(size_t series) const;

private:
    std::vector<QDate> m_days;
    std::vector<SeriesKey> m_series;
    std::vector<std::vector<DayCell>> m_cells;
};

} // namespace tk::ui
