#include "ui/chart/candle_series.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tk::ui {

namespace {

bool opensEarlier(const Candle &a, const Candle &b)
{
    return a.open_time < b.open_time;
}

void sortAndKeepLatest(std::vector<Candle> &candles)
{
    if (!std::is_sorted(candles.begin(), candles.end(), opensEarlier))
        std::stable_sort(candles.begin(), candles.end(), opensEarlier);
    // From behind, so that the last of equals is the one that stays.
    const auto sameOpening = [](const Candle &a, const Candle &b) { return a.open_time == b.open_time; };
    const auto kept = std::unique(candles.rbegin(), candles.rend(), sameOpening);
    candles.erase(candles.begin(), kept.base());
}

auto lowerBound(Bars bars, double ms)
{
    return std::lower_bound(bars.begin(), bars.end(), ms,
                            [](const Bar &bar, double time) { return double(bar.open_ms) < time; });
}

} // namespace

void CandleSeries::assign(std::vector<Candle> candles)
{
    sortAndKeepLatest(candles);
    m_candles = std::move(candles);
    rebuild();
}

size_t CandleSeries::merge(std::vector<Candle> candles)
{
    const size_t before = m_candles.size();
    sortAndKeepLatest(candles);
    if (m_candles.empty() || candles.empty() || opensEarlier(candles.back(), m_candles.front())) {
        // The usual one: a chunk that ends where the series begins.
        m_candles.insert(m_candles.begin(), candles.begin(), candles.end());
    } else {
        std::vector<Candle> all = std::move(m_candles);
        all.insert(all.end(), candles.begin(), candles.end());
        sortAndKeepLatest(all);
        m_candles = std::move(all);
    }
    rebuild();
    return m_candles.size() - before;
}

CandleSeries::Change CandleSeries::put(const Candle &candle)
{
    if (m_candles.empty() || opensEarlier(m_candles.back(), candle)) {
        m_candles.push_back(candle);
        m_bars.push_back(toBar(candle));
        return Change::Appended;
    }
    const auto place = std::lower_bound(m_candles.begin(), m_candles.end(), candle, opensEarlier);
    const auto bar = m_bars.begin() + std::distance(m_candles.begin(), place);
    if (place->open_time != candle.open_time) {
        m_bars.insert(bar, toBar(candle));
        m_candles.insert(place, candle);
        return Change::Inserted;
    }
    if (*place == candle)
        return Change::Same;
    *place = candle;
    *bar = toBar(candle);
    return Change::Replaced;
}

Bars CandleSeries::opening(double fromMs, double toMs) const
{
    const Bars all = bars();
    const auto first = lowerBound(all, fromMs);
    const auto last = lowerBound(all, std::max(fromMs, toMs));
    return all.subspan(size_t(first - all.begin()), size_t(last - first));
}

std::optional<size_t> CandleSeries::indexOf(qint64 openMs) const
{
    const Bars all = bars();
    const auto found = lowerBound(all, double(openMs));
    if (found == all.end() || found->open_ms != openMs)
        return {};
    return size_t(found - all.begin());
}

size_t CandleSeries::nearest(double ms) const
{
    const Bars all = bars();
    const auto after = lowerBound(all, ms);
    if (after == all.begin())
        return 0;
    if (after == all.end())
        return all.size() - 1;
    const auto before = after - 1;
    const bool first = ms - double(before->open_ms) <= double(after->open_ms) - ms;
    return size_t((first ? before : after) - all.begin());
}

void CandleSeries::rebuild()
{
    m_bars.clear();
    m_bars.reserve(m_candles.size());
    std::transform(m_candles.begin(), m_candles.end(), std::back_inserter(m_bars), toBar);
}

} // namespace tk::ui
