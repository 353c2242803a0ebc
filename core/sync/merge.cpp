#include "sync/merge.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace tk::sync {

namespace {

using feather::Column;
using feather::Table;

qint64 floorDivide(qint64 value, qint64 by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

// The row's key: its time in ms, on the grid.
std::vector<qint64> keysOf(const Table &table, qint64 grid)
{
    std::vector<qint64> keys;
    keys.reserve(size_t(table.rows));
    for (const qint64 date : table.columns[0].integers)
        keys.push_back(floorDivide(toMilliseconds(table.schema.fields[0], date), grid) * grid);
    return keys;
}

// Rows in the order of their keys, those with the same key made one as freqtrade's cleaning does.
qint64 straighten(Table &table, std::vector<qint64> &keys)
{
    std::vector<size_t> order(keys.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::ranges::stable_sort(order, {}, [&](size_t row) { return keys[row]; });
    Table straight{table.schema, 0, std::vector<Column>(table.columns.size())};
    std::vector<qint64> newKeys;
    for (const size_t row : order) {
        const bool again = !newKeys.empty() && newKeys.back() == keys[row];
        if (!again) {
            newKeys.push_back(keys[row]);
            straight.columns[0].integers.push_back(table.columns[0].integers[row]);
        }
        for (size_t i = 1; i < table.columns.size(); ++i) {
            std::vector<double> &into = straight.columns[i].doubles;
            const double value = table.columns[i].doubles[row];
            if (!again)
                into.push_back(value);
            else if (i == 2 || i == 5) // high, volume
                into.back() = std::fmax(into.back(), value);
            else if (i == 3) // low
                into.back() = std::fmin(into.back(), value);
            else if (i == 4) // close
                into.back() = value;
        }
    }
    straight.rows = qint64(newKeys.size());
    const qint64 doubled = table.rows - straight.rows;
    table = std::move(straight);
    keys = std::move(newKeys);
    return doubled;
}

bool sameBits(double a, double b)
{
    return std::bit_cast<quint64>(a) == std::bit_cast<quint64>(b) || a == b;
}

} // namespace

qint64 toMilliseconds(const feather::Field &date, qint64 value)
{
    const qint64 perSecond = feather::unitsPerSecond(date.unit);
    return perSecond >= 1000 ? floorDivide(value, perSecond / 1000) : value * 1000;
}

qint64 fromMilliseconds(const feather::Field &date, qint64 ms)
{
    const qint64 perSecond = feather::unitsPerSecond(date.unit);
    return perSecond >= 1000 ? ms * (perSecond / 1000) : floorDivide(ms, 1000);
}

Merged merge(Table table, const Rows &ours, const MergeRules &rules)
{
    Merged merged;
    std::vector<qint64> keys = keysOf(table, rules.grid);
    if (std::ranges::adjacent_find(keys, std::ranges::greater_equal()) != keys.end()) {
        merged.reordered = true;
        merged.doubled = straighten(table, keys);
    }
    const feather::Field date = table.schema.fields[0];
    const size_t values = table.columns.size() - 1;
    const auto differs = [&](size_t row, size_t our) {
        if (table.columns[0].integers[row] != fromMilliseconds(date, ours.times[our]))
            return true;
        for (size_t i = 0; i < values; ++i) {
            if (!sameBits(table.columns[i + 1].doubles[row], ours.values[our][i]))
                return true;
        }
        return false;
    };

    // Nearly always everything new lies behind, so that appending is all there is to do.
    std::vector<std::pair<size_t, size_t>> inserts; // our row, and the row of the file before which it goes
    size_t row = 0;
    for (size_t our = 0; our < ours.size(); ++our) {
        const qint64 key = floorDivide(ours.times[our], rules.grid) * rules.grid;
        row = size_t(std::lower_bound(keys.begin() + qsizetype(row), keys.end(), key) - keys.begin());
        if (row == keys.size() || keys[row] != key) {
            inserts.emplace_back(our, row);
            continue;
        }
        const bool wins = rules.ours_win || keys[row] >= rules.open_from || ours.times[our] < ours.exact_to;
        if (!wins || !differs(row, our))
            continue;
        ++merged.replaced;
        table.columns[0].integers[row] = fromMilliseconds(date, ours.times[our]);
        for (size_t i = 0; i < values; ++i)
            table.columns[i + 1].doubles[row] = ours.values[our][i];
    }
    merged.added = qint64(inserts.size());
    if (!inserts.empty()) {
        const auto spread = [&](auto &column, auto &&value) {
            std::remove_cvref_t<decltype(column)> whole;
            whole.reserve(column.size() + inserts.size());
            auto from = column.begin();
            for (const auto &[our, before] : inserts) {
                const auto to = column.begin() + qsizetype(before);
                whole.insert(whole.end(), from, to);
                whole.push_back(value(our));
                from = to;
            }
            whole.insert(whole.end(), from, column.end());
            column = std::move(whole);
        };
        spread(table.columns[0].integers, [&](size_t our) { return fromMilliseconds(date, ours.times[our]); });
        for (size_t i = 0; i < values; ++i)
            spread(table.columns[i + 1].doubles, [&](size_t our) { return ours.values[our][i]; });
        table.rows += merged.added;
    }
    merged.table = std::move(table);
    return merged;
}

std::optional<double> volumeFactor(const Table &table, const Rows &ours)
{
    constexpr size_t enough = 20;
    if (table.columns.size() != 6)
        return {};
    std::vector<double> factors;
    std::vector<qint64> keys = keysOf(table, 1);
    for (size_t row = 0; row < keys.size(); ++row) {
        const auto found = std::lower_bound(ours.times.begin(), ours.times.end(), keys[row]);
        if (found == ours.times.end() || *found != keys[row])
            continue;
        const double our = ours.values[size_t(found - ours.times.begin())][4];
        const double their = table.columns[5].doubles[row];
        if (our > 0 && their > 0)
            factors.push_back(their / our);
    }
    if (factors.size() < enough)
        return {};
    // A candle that was still running when the file was written is no evidence.
    std::ranges::sort(factors);
    const double least = factors[factors.size() / 20];
    const double most = factors[factors.size() - 1 - factors.size() / 20];
    const double middle = (least + most) / 2;
    const bool constant = (most - least) <= 0.001 * middle;
    return constant && std::abs(middle - 1) > 0.01 ? std::optional(middle) : std::nullopt;
}

} // namespace tk::sync
