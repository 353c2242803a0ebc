// Rows that a reader met in its store and that cannot be (market/candle_check): they were left out of its answers.
// Whoever asked says so, and what to do about it.
#pragma once

#include "market/records.h"

#include <QString>

#include <optional>
#include <vector>

namespace tk::store {

struct ImpossibleRow
{
    SeriesKey series;
    bool of_mark_price = false;
    UtcTime open{};
    QString why;

    bool operator==(const ImpossibleRow &) const = default;
};

class ImpossibleRows
{
public:
    static constexpr size_t mostKept = 1'000; // further ones are counted alone

    // Notes the candle if it cannot be; true for a sound one.
    bool isSound(const SeriesKey &series, const Candle &candle, bool of_mark_price);
    void add(ImpossibleRow row);
    void add(const ImpossibleRows &others); // with those that they counted alone

    qint64 count() const { return m_count; }
    const std::vector<ImpossibleRow> &rows() const { return m_rows; }

    // One sentence for each series: its name, how many rows cannot be, the first of them and why.
    std::vector<QString> told() const;

private:
    std::vector<ImpossibleRow> m_rows;
    qint64 m_count = 0;
};

} // namespace tk::store
