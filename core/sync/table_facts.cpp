#include "sync/table_facts.h"

#include "sync/merge.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace tk::sync {

namespace {

// Whole numbers do not say in the file in which unit they count.
bool sameField(const feather::Field &a, const feather::Field &b)
{
    return a.kind == feather::Kind::Integer ? b.kind == a.kind && a.name == b.name : a == b;
}

} // namespace

bool sameTable(const feather::Table &a, const feather::Table &b)
{
    if (a.rows != b.rows || a.schema.metadata != b.schema.metadata ||
        !std::ranges::equal(a.schema.fields, b.schema.fields, sameField))
        return false;
    for (size_t i = 0; i < a.columns.size(); ++i) {
        const auto &x = a.columns[i].doubles;
        const auto &y = b.columns[i].doubles;
        if (a.columns[i].integers != b.columns[i].integers || x.size() != y.size() ||
            (!x.empty() && std::memcmp(x.data(), y.data(), x.size() * sizeof(double)) != 0))
            return false;
    }
    return true;
}

UtcTime edge(const feather::Table &table, bool last)
{
    const auto &dates = table.columns[0].integers;
    if (dates.empty())
        return {};
    return fromMs(toMilliseconds(table.schema.fields[0], last ? dates.back() : dates.front()));
}

UtcTime sampledFrom(const feather::Table &table, const Rows &ours, UtcTime before)
{
    const auto own = [&](qint64 time) { return time < ours.exact_to && std::ranges::binary_search(ours.times, time); };
    const auto sample = std::ranges::lower_bound(ours.times, ours.exact_to);
    std::optional<qint64> from;
    if (sample != ours.times.end())
        from = *sample;
    if (before != UtcTime())
        from = std::min<qint64>(from.value_or(toMs(before)), toMs(before));
    if (!from)
        return {};
    const feather::Field &date = table.schema.fields[0];
    const auto &dates = table.columns[0].integers;
    for (auto at = std::ranges::lower_bound(dates, fromMilliseconds(date, *from)); at != dates.end(); ++at) {
        const qint64 time = toMilliseconds(date, *at);
        if (!own(time))
            return fromMs(time);
    }
    return {};
}

} // namespace tk::sync
