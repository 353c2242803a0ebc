#include "sync/row_check.h"

#include "base/time.h"
#include "market/candle_check.h"
#include "sync/merge.h"

#include <array>
#include <cmath>

namespace tk::sync {

namespace {

// Open, high, low, close, volume. Other programs leave the volume of mark candles empty.
QString whyNot(const std::array<double, 5> &row)
{
    const auto &[open, high, low, close, volume] = row;
    if (!(std::isfinite(open) && std::isfinite(high) && std::isfinite(low) && std::isfinite(close)))
        return QStringLiteral("one of its prices is no number");
    if (const auto why = whyImpossiblePrices(open, high, low, close))
        return *why;
    return volume < 0 ? QStringLiteral("its volume is below zero") : QString();
}

// Longer candles begin where each exchange wants them to.
bool hasGrid(Timeframe timeframe)
{
    return nominalLength(timeframe) <= std::chrono::hours(24);
}

} // namespace

QString rowsText(qint64 count)
{
    return count == 1 ? QStringLiteral("1 row") : QStringLiteral("%1 rows").arg(count);
}

QString ImpossibleInFile::text() const
{
    return QStringLiteral("%1 cannot be (the first at %2: %3)")
        .arg(rowsText(qint64(times.size())), isoText(fromMs(times.front())), why);
}

ImpossibleInFile takeImpossible(feather::Table &table, Content content, Timeframe timeframe)
{
    ImpossibleInFile found;
    if (content == Content::Funding || table.columns.size() != 6)
        return found;
    std::vector<bool> keep(size_t(table.rows), true);
    for (size_t row = 0; row < keep.size(); ++row) {
        std::array<double, 5> values{};
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = table.columns[i + 1].doubles[row];
        const qint64 time = toMilliseconds(table.schema.fields[0], table.columns[0].integers[row]);
        QString why = whyNot(values);
        if (why.isEmpty() && hasGrid(timeframe) && candleOpen(timeframe, fromMs(time)) != fromMs(time))
            why = QStringLiteral("it begins beside the grid of %1").arg(timeframeText(timeframe));
        if (why.isEmpty())
            continue;
        if (found.isEmpty())
            found.why = why;
        found.times.push_back(time);
        keep[row] = false;
    }
    if (found.isEmpty())
        return found;
    const auto thin = [&](auto &column) {
        size_t row = 0;
        std::erase_if(column, [&](const auto &) { return !keep[row++]; });
    };
    for (feather::Column &column : table.columns) {
        if (!column.integers.empty())
            thin(column.integers);
        if (!column.doubles.empty())
            thin(column.doubles);
    }
    table.rows -= qint64(found.times.size());
    return found;
}

} // namespace tk::sync
