#include "store/given_up.h"

#include "store/line_protocol.h"
#include "store/point_line.h"

#include <algorithm>

namespace tk::store {

GivenUp givenUp(const std::vector<RecordBatch> &batches)
{
    GivenUp result;
    PerLane<QByteArray> lines;
    const auto of = [&lines](Lane lane) -> QByteArray & { return lines[size_t(lane)]; };
    for (const RecordBatch &batch : batches) {
        result.records += batch.recordCount();
        for (const CandleBatch &candles : batch.candles)
            appendLines(candles, of(Lane::Candles));
        for (const CandleBatch &candles : batch.mark_candles)
            appendMarkLines(candles, of(Lane::Candles));
        for (const FundingPoint &point : batch.funding)
            appendLine(point, of(laneOf(point)));
        for (const MarkPoint &point : batch.marks)
            appendLine(point, of(Lane::Marks));
        for (const TickPoint &tick : batch.ticks)
            appendLine(tick, of(Lane::Ticks));
    }
    for (const Lane lane : allLanes) {
        const std::vector<StreamSpan> spans = coveredSpans(lane, of(lane));
        result.spans.insert(result.spans.end(), spans.begin(), spans.end());
    }
    for (const StreamSpan &one : result.spans) {
        const bool first = toMs(result.span.to) == 0;
        result.span = {first ? one.span.from : std::min(result.span.from, one.span.from),
                       std::max(result.span.to, one.span.to)};
    }
    return result;
}

} // namespace tk::store
