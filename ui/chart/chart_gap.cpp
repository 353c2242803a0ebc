#include "ui/chart/chart_gap.h"

#include <QCoreApplication>

#include <algorithm>

namespace tk::ui {

namespace {

QString translated(const char *text)
{
    return QCoreApplication::translate("tk::ui::ChartGap", text);
}

QString stateText(GapState state)
{
    switch (state) {
    case GapState::Open:
        return translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "open"));
    case GapState::Repairing:
        return translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "repairing"));
    case GapState::Closed:
        return translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "repaired"));
    case GapState::Unfillable:
        return translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "cannot be filled"));
    case GapState::Refused:
        return translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "refused by the database"));
    }
    return {};
}

// Ascending, none touching another.
std::vector<TimeSpan> merged(std::span<const TimeSpan> spans)
{
    std::vector<TimeSpan> all(spans.begin(), spans.end());
    std::sort(all.begin(), all.end(), [](const TimeSpan &a, const TimeSpan &b) { return a.from_ms < b.from_ms; });
    std::vector<TimeSpan> result;
    for (const TimeSpan &span : all) {
        if (!result.empty() && span.from_ms <= result.back().to_ms)
            result.back().to_ms = std::max(result.back().to_ms, span.to_ms);
        else
            result.push_back(span);
    }
    return result;
}

UtcTime endOf(const ChartGap &gap, UtcTime now)
{
    return gap.to > gap.from ? gap.to : std::max(now, gap.from);
}

} // namespace

TimeSpan shadedSpan(const ChartGap &gap, const CandleSeries &series, Timeframe timeframe, UtcTime until)
{
    const UtcTime to = endOf(gap, until);
    const UtcTime last = candleOpen(timeframe, to);
    const UtcTime gridEnd = last == to ? to : nextCandleOpen(timeframe, last);
    UtcTime from = candleOpen(timeframe, gap.from);
    UtcTime end = gridEnd;
    while (from < end && series.indexOf(toMs(from)))
        from = nextCandleOpen(timeframe, from);
    while (from < end && series.indexOf(toMs(previousCandleOpen(timeframe, end))))
        end = previousCandleOpen(timeframe, end);
    if (from < end)
        return {double(toMs(from)), double(toMs(end))};
    return {double(toMs(gap.from)), double(toMs(to))};
}

std::vector<Run> unbrokenRuns(std::span<const LinePoint> points, std::span<const TimeSpan> spans,
                              milliseconds longestStep)
{
    const std::vector<TimeSpan> apart = merged(spans);
    std::vector<Run> runs;
    bool open = false;
    auto next = apart.begin(); // the first that does not end before the point before this one
    for (size_t i = 0; i < points.size(); ++i) {
        const double at = double(toMs(points[i].time));
        const double before = i > 0 ? double(toMs(points[i - 1].time)) : at;
        while (next != apart.end() && next->to_ms <= before)
            ++next;
        bool parted = at - before > double(longestStep.count());
        bool hidden = false;
        for (auto span = next; span != apart.end() && span->from_ms <= at; ++span) {
            parted = true;
            hidden |= span->holds(at);
        }
        if (hidden) {
            open = false;
        } else if (open && !parted) {
            runs.back().last = i;
        } else {
            runs.push_back({i, i});
            open = true;
        }
    }
    return runs;
}

QString gapTitle(const ChartGap &gap, UtcTime now)
{
    const QString title =
        translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "gap %1")).arg(durationText(endOf(gap, now) - gap.from));
    return gap.state == GapState::Open ? title : title + QStringLiteral(" · ") + stateText(gap.state);
}

QString gapStory(const ChartGap &gap, UtcTime now, ClockZone zone)
{
    const UtcTime to = endOf(gap, now);
    const bool sameDay = dateText(gap.from, zone) == dateText(to, zone);
    const auto time = [&](UtcTime moment) { return sameDay ? minuteText(moment, zone) : dateTimeText(moment, zone); };
    QStringList parts{translated(QT_TRANSLATE_NOOP("tk::ui::ChartGap", "gap %1–%2 %3"))
                          .arg(time(gap.from), gap.to > gap.from ? time(to) : QStringLiteral("…"), zoneName(to, zone)),
                      durationText(to - gap.from)};
    if (!gap.cause.isEmpty())
        parts.append(gap.cause);
    parts.append(stateText(gap.state));
    return parts.join(QStringLiteral(" · "));
}

} // namespace tk::ui
