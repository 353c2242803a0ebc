// The closed candles of a chart: sorted, each opening once, as the exchange's texts and as numbers to paint.
#pragma once

#include "ui/chart/bar.h"

#include <optional>
#include <vector>

namespace tk::ui {

class CandleSeries
{
public:
    enum class Change { Same, Replaced, Appended, Inserted };

    // In any order; of two with the same opening the later in the list counts.
    void assign(std::vector<Candle> candles);

    // Candles of a chunk that reaches into what is there replace it. Returns how many are new.
    size_t merge(std::vector<Candle> candles);

    Change put(const Candle &candle);

    bool isEmpty() const { return m_bars.empty(); }
    size_t size() const { return m_bars.size(); }
    Bars bars() const { return m_bars; }
    const Candle &candle(size_t index) const { return m_candles[index]; }
    const Candle &newest() const { return m_candles.back(); }
    const Candle &oldest() const { return m_candles.front(); }

    // Bars that open in [from, to).
    Bars opening(double fromMs, double toMs) const;

    std::optional<size_t> indexOf(qint64 openMs) const;

    // The bar whose opening is nearest; the series is not empty.
    size_t nearest(double ms) const;

private:
    void rebuild();

    std::vector<Bar> m_bars;
    std::vector<Candle> m_candles; // the same, one for one
};

} // namespace tk::ui
