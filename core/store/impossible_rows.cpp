#include "store/impossible_rows.h"

#include "market/candle_check.h"

#include <algorithm>

namespace tk::store {

bool ImpossibleRows::isSound(const SeriesKey &series, const Candle &candle, bool of_mark_price)
{
    const auto why = whyImpossible(candle, series.timeframe);
    if (why)
        add({series, of_mark_price, candle.open_time, *why});
    return !why;
}

void ImpossibleRows::add(ImpossibleRow row)
{
    // The same row is read again and again.
    if (std::ranges::find(m_rows, row) != m_rows.end())
        return;
    ++m_count;
    if (m_rows.size() < mostKept)
        m_rows.push_back(std::move(row));
}

void ImpossibleRows::add(const ImpossibleRows &others)
{
    for (const ImpossibleRow &row : others.m_rows)
        add(row);
    m_count += others.m_count - qint64(others.m_rows.size());
}

std::vector<QString> ImpossibleRows::told() const
{
    struct OfSeries
    {
        const ImpossibleRow *first;
        qint64 count;
    };
    std::vector<OfSeries> all;
    for (const ImpossibleRow &row : m_rows) {
        const auto known = std::ranges::find_if(all, [&](const OfSeries &one) {
            return one.first->series == row.series && one.first->of_mark_price == row.of_mark_price;
        });
        if (known == all.end()) {
            all.push_back({&row, 1});
        } else {
            ++known->count;
            if (row.open < known->first->open)
                known->first = &row;
        }
    }
    std::vector<QString> texts;
    for (const OfSeries &one : all)
        texts.push_back(QStringLiteral("%1 %2 %3: %4 in the store cannot be, the first at %5: %6; left out")
                            .arg(one.first->series.pair, timeframeText(one.first->series.timeframe),
                                 one.first->of_mark_price ? QStringLiteral("mark price") : QStringLiteral("candles"),
                                 one.count == 1 ? QStringLiteral("1 row") : QStringLiteral("%1 rows").arg(one.count),
                                 isoText(one.first->open), one.first->why));
    return texts;
}

} // namespace tk::store
