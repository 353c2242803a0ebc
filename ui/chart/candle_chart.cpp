#include "ui/chart/candle_chart.h"

#include <QFontMetricsF>

#include <algorithm>
#include <cmath>

namespace tk::ui {

namespace {

constexpr double RangePadding = 0.06; // free above and below the candles, so that the forming one may move
// A tick a second for more than a day: a window that stays open for months does not grow.
constexpr size_t MostMarks = 100'000;

} // namespace

CandleChart::CandleChart(const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_theme(theme)
{
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Candle chart"));
    connect(&theme, &Theme::changed, this, &CandleChart::redraw);
    refreshFrame();
}

CandleChart::~CandleChart() = default;

void CandleChart::setSubject(const QString &pair, Timeframe timeframe)
{
    m_pair = pair;
    m_timeframe = timeframe;
    m_series.assign({});
    m_forming.reset();
    m_gaps.clear();
    m_marks.clear();
    m_funding.clear();
    m_hasOlder = true;
    m_askedBefore.reset();
    m_error.clear();
    m_crosshair.reset();
    m_view.clear();
    setAccessibleName(tr("Candle chart of %1, %2").arg(pair, timeframeText(timeframe)));
    dataChanged();
}

void CandleChart::setCandles(std::vector<Candle> candles)
{
    m_series.assign(std::move(candles));
    m_askedBefore.reset();
    if (m_forming && !m_series.isEmpty() && m_forming->open_time <= m_series.newest().open_time)
        m_forming.reset();
    dataChanged();
}

void CandleChart::prependCandles(std::vector<Candle> candles)
{
    m_series.merge(std::move(candles));
    dataChanged();
}

void CandleChart::putCandle(const Candle &candle)
{
    if (m_forming && candle.open_time >= m_forming->open_time)
        m_forming.reset();
    m_series.put(candle);
    dataChanged();
}

void CandleChart::updateForming(const Candle &candle)
{
    if (!m_series.isEmpty() && candle.open_time <= m_series.newest().open_time)
        return; // it closed meanwhile
    const bool next = !m_forming || m_forming->open_time != candle.open_time;
    const QRegion before = next ? QRegion() : formingArea();
    m_forming = candle;
    m_formingBar = toBar(candle);
    if (next) {
        dataChanged();
        return;
    }
    if (!isFormingVisible() || !m_pictureValid) {
        update(before); // the line of values, the price at the axis
        return;
    }
    const bool fits = m_price.range.contains({m_formingBar.low, m_formingBar.high}) &&
                      (!m_showVolume || m_formingBar.volume <= m_largestVolume);
    if (fits)
        update(before + formingArea());
    else
        redraw();
}

void CandleChart::clearForming()
{
    m_forming.reset();
    dataChanged();
}

void CandleChart::setHasOlder(bool older)
{
    m_hasOlder = older;
    if (older)
        m_askedBefore.reset();
    redraw();
    announceView();
}

void CandleChart::setGaps(std::vector<ChartGap> gaps)
{
    if (gaps == m_gaps)
        return;
    m_gaps = std::move(gaps);
    dataChanged();
}

void CandleChart::setMarkPrices(std::vector<LinePoint> points, milliseconds longestStep)
{
    m_marks = std::move(points);
    m_markStep = longestStep;
    redraw();
}

void CandleChart::addMarkPrice(const LinePoint &point)
{
    if (!m_marks.empty() && point.time <= m_marks.back().time)
        return;
    m_marks.push_back(point);
    if (m_marks.size() > MostMarks)
        m_marks.erase(m_marks.begin(), m_marks.begin() + MostMarks / 10);
    if (m_showMark)
        redraw();
}

void CandleChart::setFundingRates(std::vector<LinePoint> points)
{
    m_funding = std::move(points);
    refreshFrame();
    viewChanged();
}

void CandleChart::setOverlay(Overlay overlay, bool shown)
{
    bool &flag = overlay == Overlay::Mark ? m_showMark : overlay == Overlay::Funding ? m_showFunding : m_showVolume;
    if (flag == shown)
        return;
    flag = shown;
    refreshFrame();
    viewChanged();
}

bool CandleChart::hasOverlay(Overlay overlay) const
{
    switch (overlay) {
    case Overlay::Mark:
        return m_showMark;
    case Overlay::Funding:
        return m_showFunding;
    case Overlay::Volume:
        return m_showVolume;
    }
    return false;
}

void CandleChart::setNow(UtcTime time)
{
    const bool lasting = std::any_of(m_gaps.begin(), m_gaps.end(), [](const ChartGap &gap) {
        return gap.to <= gap.from && gap.state != GapState::Closed;
    });
    m_now = time;
    if (lasting)
        dataChanged();
}

void CandleChart::setClockZone(ClockZone zone)
{
    m_zone = zone;
    describe();
    redraw();
}

void CandleChart::setLoading(bool loading)
{
    m_loading = loading;
    redraw();
}

void CandleChart::setEmptyText(const QString &text)
{
    m_emptyText = text;
    redraw();
}

void CandleChart::setError(const QString &text)
{
    m_error = text;
    redraw();
}

void CandleChart::setStaleSince(std::optional<UtcTime> time)
{
    m_staleSince = time;
    redraw();
}

void CandleChart::zoom(double factor)
{
    const TimeScale &scale = m_view.scale();
    m_view.zoom(factor, m_view.isFollowing() ? scale.x(m_view.endMs()) : scale.left + scale.width / 2);
    viewChanged();
}

void CandleChart::followNewest()
{
    m_view.followNewest();
    viewChanged();
}

void CandleChart::showSpan(UtcTime from, UtcTime to)
{
    m_view.show(double(toMs(from)), double(toMs(to)));
    viewChanged();
}

UtcTime CandleChart::visibleFrom() const
{
    return fromMs(qint64(m_view.scale().from_ms));
}

UtcTime CandleChart::visibleTo() const
{
    return fromMs(qint64(m_view.scale().toMs()));
}

void CandleChart::setCrosshair(std::optional<UtcTime> time)
{
    std::optional<Crosshair> crosshair;
    if (time)
        crosshair = Crosshair{double(toMs(*time)), {}};
    moveCrosshair(crosshair);
}

QString CandleChart::valueLine() const
{
    if (m_crosshair && candleAtCrosshair() == nullptr) {
        if (const ShownGap *shown = gapAt(m_crosshair->ms))
            return gapStory(*shown->gap, now(), m_zone);
        return tr("%1  no candle")
            .arg(candleOpenText(candleOpen(m_timeframe, fromMs(qint64(m_crosshair->ms))), m_timeframe, now(), m_zone));
    }
    const Candle *candle = m_crosshair ? candleAtCrosshair() : newestCandle();
    if (candle == nullptr)
        return {};
    const bool forming = m_forming && candle == &*m_forming;
    return valueText(valueParts(*candle, forming, m_timeframe, now(), m_zone));
}

void CandleChart::dataChanged()
{
    refreshFrame();
    if (m_series.isEmpty() && !m_forming) {
        m_view.clear();
    } else {
        const UtcTime first = m_series.isEmpty() ? m_forming->open_time : m_series.oldest().open_time;
        m_view.setData(double(toMs(first)), endOfData(), slotMs());
    }
    m_shownGaps.clear();
    for (const ChartGap &gap : m_gaps) {
        if (gap.state != GapState::Closed)
            m_shownGaps.push_back({&gap, shadedSpan(gap, m_series, m_timeframe, now())});
    }
    std::sort(m_shownGaps.begin(), m_shownGaps.end(),
              [](const ShownGap &a, const ShownGap &b) { return a.span.from_ms < b.span.from_ms; });
    describe();
    viewChanged();
}

void CandleChart::viewChanged()
{
    redraw();
    announceView();
}

void CandleChart::redraw()
{
    m_pictureValid = false;
    update();
}

void CandleChart::refreshFrame()
{
    const QFontMetricsF metrics(font());
    double widest = metrics.horizontalAdvance(QStringLiteral("0000.00"));
    if (const Candle *newest = newestCandle()) {
        widest = std::max(widest, metrics.horizontalAdvance(decimalText(newest->close)));
        if (const std::optional<PriceRange> range = rangeOf(m_series.bars()))
            widest = std::max(widest, metrics.horizontalAdvance(priceText(range->high, decimals())));
    }
    FrameWishes wishes;
    wishes.text_height = metrics.height();
    wishes.price_axis_width = std::ceil(widest) + 20;
    wishes.volume = m_showVolume;
    wishes.funding = m_showFunding;
    m_frame = chartFrame(QSizeF(size()), wishes);
    m_view.place(m_frame.plot.left(), m_frame.plot.width());
}

void CandleChart::describe()
{
    const Candle *newest = m_series.isEmpty() ? nullptr : &m_series.newest();
    setAccessibleDescription(newest == nullptr ? tr("no candles yet")
                                               : valueText(valueParts(*newest, false, m_timeframe, now(), m_zone)));
}

void CandleChart::announceView()
{
    if (!m_view.hasData())
        return;
    const TimeScale &scale = m_view.scale();
    if (scale.from_ms != m_announcedFrom || scale.toMs() != m_announcedTo) {
        m_announcedFrom = scale.from_ms;
        m_announcedTo = scale.toMs();
        Q_EMIT visibleSpanChanged(visibleFrom(), visibleTo());
    }
    if (m_view.isFollowing() != m_announcedFollowing) {
        m_announcedFollowing = m_view.isFollowing();
        Q_EMIT followingChanged(m_announcedFollowing);
    }
    if (!m_hasOlder || m_series.isEmpty() || !m_view.wantsOlder())
        return;
    const qint64 oldest = toMs(m_series.oldest().open_time);
    if (m_askedBefore == oldest)
        return;
    m_askedBefore = oldest; // before the signal: its receiver may answer at once
    Q_EMIT olderWanted(fromMs(oldest));
}

double CandleChart::slotMs() const
{
    return double(nominalLength(m_timeframe).count());
}

double CandleChart::endOfData() const
{
    const Candle *newest = newestCandle();
    double end = newest == nullptr ? 0 : double(toMs(nextCandleOpen(m_timeframe, newest->open_time)));
    for (const ChartGap &gap : m_gaps) {
        if (gap.to <= gap.from && gap.state != GapState::Closed)
            end = std::max(end, double(toMs(m_now)));
    }
    return end;
}

UtcTime CandleChart::now() const
{
    if (m_now != UtcTime{})
        return m_now;
    const Candle *newest = newestCandle();
    return newest == nullptr ? UtcTime{} : nextCandleOpen(m_timeframe, newest->open_time);
}

const Candle *CandleChart::newestCandle() const
{
    if (m_forming)
        return &*m_forming;
    return m_series.isEmpty() ? nullptr : &m_series.newest();
}

const Candle *CandleChart::candleAtCrosshair() const
{
    if (!m_crosshair)
        return nullptr;
    const UtcTime open = candleOpen(m_timeframe, fromMs(qint64(m_crosshair->ms)));
    if (m_forming && m_forming->open_time == open)
        return &*m_forming;
    const std::optional<size_t> index = m_series.indexOf(toMs(open));
    return index ? &m_series.candle(*index) : nullptr;
}

const CandleChart::ShownGap *CandleChart::gapAt(double ms) const
{
    const auto found = std::find_if(m_shownGaps.begin(), m_shownGaps.end(),
                                    [ms](const ShownGap &shown) { return shown.span.holds(ms); });
    return found == m_shownGaps.end() ? nullptr : &*found;
}

std::optional<double> CandleChart::currentPrice() const
{
    if (m_forming)
        return m_formingBar.close;
    if (m_series.isEmpty())
        return {};
    return m_series.bars().back().close;
}

int CandleChart::decimals() const
{
    const Candle *newest = newestCandle();
    if (newest == nullptr)
        return 2;
    const std::string_view text = newest->close.view();
    return decimalsOf(QString::fromLatin1(text.data(), qsizetype(text.size())));
}

bool CandleChart::isFormingVisible() const
{
    const TimeScale &scale = m_view.scale();
    return m_forming && double(m_formingBar.open_ms) < scale.toMs() &&
           double(m_formingBar.open_ms) + slotMs() > scale.from_ms;
}

std::optional<PriceRange> CandleChart::wantedRange(Bars visible) const
{
    std::optional<PriceRange> range = rangeOf(visible);
    const auto widen = [&range](const PriceRange &by) { range = range ? united(*range, by) : by; };
    if (isFormingVisible())
        widen({m_formingBar.low, m_formingBar.high});
    if (range && m_showMark) {
        for (const LinePoint &point : visiblePoints(m_marks))
            widen({point.value, point.value});
    }
    if (range)
        range = padded(*range, RangePadding);
    return range;
}

// With a neighbour on either side, so that lines leave the plot where they should.
std::span<const LinePoint> CandleChart::visiblePoints(const std::vector<LinePoint> &points) const
{
    const auto before = [](const LinePoint &point, double ms) { return double(toMs(point.time)) < ms; };
    auto first = std::lower_bound(points.begin(), points.end(), m_view.scale().from_ms, before);
    auto last = std::lower_bound(first, points.end(), m_view.scale().toMs(), before);
    if (first != points.begin())
        --first;
    if (last != points.end())
        ++last;
    return {first, last};
}

std::vector<TimeSpan> CandleChart::gapSpans() const
{
    std::vector<TimeSpan> spans;
    for (const ShownGap &shown : m_shownGaps) {
        if (shown.span.to_ms > m_view.scale().from_ms && shown.span.from_ms < m_view.scale().toMs())
            spans.push_back(shown.span);
    }
    return spans;
}

} // namespace tk::ui
