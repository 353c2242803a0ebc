#include "history/overdue_candles.h"

#include <algorithm>

namespace tk::history {

namespace {

constexpr milliseconds overdueNamedAfter{15'000}; // an answer of REST takes a second

} // namespace

void OverdueCandles::asked(const StreamKey &stream, const std::vector<TimeSpan> &candles, MonotonicTime now)
{
    for (const TimeSpan &span : candles)
        m_overdue.push_back({stream, span, now});
}

void OverdueCandles::answered(const StreamKey &stream, TimeSpan span)
{
    std::erase_if(m_overdue, [&](const Overdue &late) {
        return late.stream == stream && late.span.from >= span.from && late.span.to <= span.to;
    });
}

std::vector<StreamSpan> OverdueCandles::takeUnanswered(MonotonicTime now)
{
    std::vector<StreamSpan> unanswered;
    std::erase_if(m_overdue, [&](const Overdue &late) {
        if (now - late.since < overdueNamedAfter)
            return false;
        unanswered.push_back({late.stream, late.span});
        return true;
    });
    return unanswered;
}

std::vector<TimeSpan> OverdueCandles::closesMissed(const StreamKey &stream, const std::vector<Candle> &answer,
                                                   UtcTime collectedSince, const std::vector<Gap> &known)
{
    std::vector<TimeSpan> missed;
    for (const Candle &candle : answer) {
        const TimeSpan span{candle.open_time, nextCandleOpen(stream.timeframe, candle.open_time)};
        if (candle.trades == 0 || span.from < collectedSince)
            continue;
        const bool named = std::ranges::any_of(known, [&](const Gap &gap) {
            return gap.stream == stream && gap.from < span.to && (toMs(gap.to) == 0 || gap.to > span.from);
        });
        if (!named)
            missed.push_back(span);
    }
    return missed;
}

} // namespace tk::history
