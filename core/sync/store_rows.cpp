#include "sync/store_rows.h"

#include <algorithm>

namespace tk::sync {

using namespace std::chrono_literals;

Result<StoreRows::Page> StoreRows::markPage(const FilePlan &plan, UtcTime from) const
{
    constexpr int perPage = 720; // mark candles
    const Timeframe timeframe = plan.file.timeframe;
    // What was read from the exchange first; samples serve for the hours behind it alone.
    const UtcTime exactFrom = candleOpen(timeframe, std::max(from, plan.store_first));
    const auto hours =
        m_reader.markCandles({plan.file.exchange, plan.file.pair, Timeframe::H1}, {exactFrom, plan.store_last + 1h});
    if (!hours)
        return hours.error();
    if (Rows exact = markCandleRows(*hours, timeframe); exact.size() > 0) {
        const UtcTime next = nextCandleOpen(timeframe, fromMs(exact.times.back()));
        return Page{std::move(exact), next <= plan.store_last ? std::optional(next) : std::nullopt};
    }
    const auto oldest = m_reader.firstMark(plan.file.exchange, plan.file.pair);
    if (!oldest)
        return oldest.error();
    if (!*oldest)
        return Page{};
    const UtcTime at = candleOpen(timeframe, std::max(from, **oldest));
    if (at > plan.store_last)
        return Page{};
    UtcTime end = at;
    for (int i = 0; i < perPage; ++i)
        end = nextCandleOpen(timeframe, end);
    // One minute more: its sample closes the last candle of the page.
    const auto marks = m_reader.markHistory(plan.file.exchange, plan.file.pair, {at, end + 1min});
    if (!marks)
        return marks.error();
    return Page{markRows(*marks, timeframe), end <= plan.store_last ? std::optional(end) : std::nullopt};
}

Result<StoreRows::Page> StoreRows::readPage(const FilePlan &plan, UtcTime from) const
{
    if (plan.file.content == Content::Mark)
        return markPage(plan, from);
    if (plan.file.content == Content::Funding) {
        const auto points = m_reader.fundingHistory(plan.file.exchange, plan.file.pair, {from, plan.store_last + 1h});
        if (!points)
            return points.error();
        return Page{fundingRows(*points), {}};
    }
    const Timeframe timeframe = plan.file.timeframe;
    const UtcTime at = std::max(from, plan.store_first);
    if (at > plan.store_last)
        return Page{};
    const UtcTime end =
        std::min<UtcTime>(at + mostRows * nominalLength(timeframe), nextCandleOpen(timeframe, plan.store_last));
    const auto candles = m_reader.candles({plan.file.exchange, plan.file.pair, timeframe}, {at, end}, std::nullopt);
    if (!candles)
        return candles.error();
    return Page{candleRows(*candles), end <= plan.store_last ? std::optional(end) : std::nullopt};
}

Result<StoreRows::Page> StoreRows::page(const FilePlan &plan, UtcTime from) const
{
    m_reader.takeImpossible();
    auto page = readPage(plan, from);
    const store::ImpossibleRows bad = m_reader.takeImpossible();
    if (page && bad.count() > 0) {
        const auto first = std::ranges::min_element(bad.rows(), {}, &store::ImpossibleRow::open);
        page->rows.left_out = bad.count();
        page->rows.why_left = isoText(first->open) + QStringLiteral(": ") + first->why;
    }
    return page;
}

Result<Rows> StoreRows::rows(const FilePlan &plan, UtcTime from, const feather::Table &)
{
    Rows rows;
    for (std::optional<UtcTime> at = from; at && !m_stop;) {
        auto some = page(plan, *at);
        if (!some)
            return some.error();
        rows.times.insert(rows.times.end(), some->rows.times.begin(), some->rows.times.end());
        rows.values.insert(rows.values.end(), some->rows.values.begin(), some->rows.values.end());
        rows.exact_to = std::max(rows.exact_to, some->rows.exact_to);
        if (rows.left_out == 0)
            rows.why_left = some->rows.why_left;
        rows.left_out += some->rows.left_out;
        at = some->next;
    }
    return rows;
}

} // namespace tk::sync
