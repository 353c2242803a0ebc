// The candle chart's painting: the kept picture, and what lies over it.
#include "ui/chart/candle_chart.h"

#include "ui/chart/candle_shapes.h"
#include "ui/chart/chart_brush.h"
#include "ui/chart/time_ticks.h"

#include <QFontMetricsF>
#include <QPaintEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tk::ui {

namespace {

constexpr double LabelSpacePx = 36; // between price labels
constexpr double TimeLabelSpacePx = 84;

milliseconds tickDistance(const TimeScale &scale, double textWidth)
{
    return milliseconds(qint64(std::max(TimeLabelSpacePx, textWidth) * scale.ms_per_px));
}

QRectF boxAround(double y, const QRectF &axis, double textHeight)
{
    const double height = std::ceil(textHeight) + 2;
    const double top = std::clamp(std::round(y - height / 2), axis.top(), std::max(axis.top(), axis.bottom() - height));
    return {axis.left() + 4, top, axis.width() - 8, height};
}

// The last point that is not later; nothing before the first.
const LinePoint *pointAtOrBefore(const std::vector<LinePoint> &points, double ms)
{
    const auto later = [](double time, const LinePoint &point) { return time < double(toMs(point.time)); };
    const auto after = std::upper_bound(points.begin(), points.end(), ms, later);
    return after == points.begin() ? nullptr : &*std::prev(after);
}

} // namespace

Palette CandleChart::shownPalette() const
{
    return m_staleSince ? greyed(m_theme.palette()) : m_theme.palette();
}

void CandleChart::paintEvent(QPaintEvent *event)
{
    const double ratio = devicePixelRatioF();
    if (!m_pictureValid || m_picture.devicePixelRatioF() != ratio)
        renderPicture();
    QPainter painter(this);
    painter.drawPixmap(0, 0, m_picture);
    const Palette palette = shownPalette();
    const ChartBrush brush{painter, palette, ratio};
    const auto touched = [event](const QRectF &rect) { return event->region().intersects(rect.toAlignedRect()); };
    if (m_view.hasData()) {
        if (touched(m_frame.body())) {
            paintForming(brush);
            paintCrosshair(brush);
            if (!m_frame.funding.isEmpty())
                paintFundingCaption(brush);
        }
        if (touched(m_frame.price_axis))
            paintPriceAxis(brush);
        if (touched(m_frame.time_axis) || touched(m_frame.price_axis))
            paintTimeAxis(brush);
        if (touched(m_frame.head))
            paintHead(brush);
    }
    paintNotices(brush);
    if (m_keyboardFocus) {
        painter.setPen(palette.accent);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void CandleChart::renderPicture()
{
    const double ratio = devicePixelRatioF();
    const QSize wanted(int(std::ceil(width() * ratio)), int(std::ceil(height() * ratio)));
    if (m_picture.size() != wanted)
        m_picture = QPixmap(wanted);
    m_picture.setDevicePixelRatio(ratio);
    const Palette palette = shownPalette();
    m_picture.fill(palette.panel);
    QPainter painter(&m_picture);
    painter.setFont(font());
    const ChartBrush brush{painter, palette, ratio};
    if (m_view.hasData())
        paintPicture(brush);
    m_pictureValid = true;
}

void CandleChart::paintPicture(const ChartBrush &brush)
{
    const TimeScale &time = m_view.scale();
    const Bars visible = m_series.opening(time.from_ms - slotMs(), time.toMs() + slotMs());
    // With nothing in sight the prices stay where they were.
    const PriceRange range = wantedRange(visible).value_or(
        m_price.range.size() > 0 ? m_price.range : padded(rangeOf(m_series.bars()).value_or(PriceRange{0, 1}), 0.06));
    // The words of gaps stand above the candles, never on them.
    const double words = gapSpans().empty() ? 0 : 2 * QFontMetricsF(font()).height() + 4;
    m_price = {range, std::min(m_frame.candle_top + words, m_frame.candle_bottom - 1), m_frame.candle_bottom};

    paintGrid(brush);
    paintOlder(brush);
    paintGaps(brush);
    const double ratio = brush.ratio;
    const std::vector<CandleShape> shapes =
        candleShapes(visible, time.scaled(ratio), m_price.scaled(ratio), slotMs(), brush.hairline());
    m_largestVolume = isFormingVisible() ? m_formingBar.volume : 0;
    for (const CandleShape &shape : shapes)
        m_largestVolume = std::max(m_largestVolume, shape.volume);
    if (m_showVolume)
        brush.volumes(shapes, m_largestVolume, m_frame);
    brush.candles(shapes, m_frame.plot);
    paintMarks(brush);
    paintFunding(brush);
}

void CandleChart::paintGrid(const ChartBrush &brush) const
{
    const QRectF plot = m_frame.plot;
    const PriceTicks prices =
        priceTicks(m_price.range, std::max(1, int((m_frame.candle_bottom - m_frame.candle_top) / LabelSpacePx)),
                   std::max(decimals(), 0));
    for (const double value : prices.values)
        brush.horizontal(m_price.y(value), plot.left(), plot.right(), brush.palette.grid);
    const TimeScale &time = m_view.scale();
    const double text = QFontMetricsF(font()).horizontalAdvance(QStringLiteral("Nov 30")) * 1.8;
    for (const TimeTick &tick : timeTicks(visibleFrom(), visibleTo(), tickDistance(time, text), m_zone)) {
        if (tick.strong)
            brush.vertical(time.x(double(toMs(tick.time))), plot.top(), m_frame.body().bottom(), brush.palette.grid);
    }
    brush.horizontal(m_frame.body().bottom(), plot.left(), plot.right(), brush.palette.line);
}

void CandleChart::paintGaps(const ChartBrush &brush) const
{
    const QRectF body = m_frame.body();
    QRectF words;
    for (const ShownGap &shown : m_shownGaps) {
        const QRectF place = spanPlace(shown.span);
        if (place.right() < body.left() || place.left() > body.right())
            continue;
        const QRectF seen = place.intersected(body);
        brush.gapShade(seen.isEmpty() ? place : seen, shown.gap->state);
        QColor edge = mixed(brush.palette.panel, brush.gapColour(shown.gap->state), 0.75);
        if (place.width() > 3) {
            if (place.left() >= body.left())
                brush.vertical(place.left(), body.top(), body.bottom(), edge, true);
            if (place.right() <= body.right())
                brush.vertical(place.right(), body.top(), body.bottom(), edge, true);
        }
        const QRectF used = brush.gapWords(seen.isEmpty() ? place : seen, m_frame.plot, gapTitle(*shown.gap, now()),
                                           shown.gap->cause, shown.gap->state, words);
        if (!used.isEmpty())
            words = used;
    }
}

void CandleChart::paintMarks(const ChartBrush &brush) const
{
    if (!m_showMark || m_marks.empty())
        return;
    const std::span<const LinePoint> points = visiblePoints(m_marks);
    const std::vector<Run> runs = unbrokenRuns(points, gapSpans(), m_markStep);
    brush.painter.save();
    brush.painter.setClipRect(m_frame.plot);
    brush.line(points, runs, m_view.scale(), m_price, brush.palette.accent, false);
    brush.painter.restore();
}

void CandleChart::paintFunding(const ChartBrush &brush) const
{
    const QRectF strip = m_frame.funding;
    if (strip.isEmpty())
        return;
    brush.horizontal(strip.top(), strip.left(), strip.right(), brush.palette.line);
    QPainter &painter = brush.painter;
    const std::span<const LinePoint> points = visiblePoints(m_funding);
    if (points.empty())
        return;
    PriceRange range{0, 0};
    for (const LinePoint &point : points)
        range = united(range, {point.value, point.value});
    const PriceScale scale{padded(range, 0.1), strip.top() + 4, strip.bottom() - 4};
    brush.horizontal(scale.y(0), strip.left(), strip.right(), brush.palette.grid);
    painter.save();
    // A rate holds until the next; but nothing is said of the time inside a gap.
    QRegion clip = strip.toAlignedRect();
    for (const TimeSpan &span : gapSpans())
        clip -= spanPlace(span).intersected(m_frame.body()).toAlignedRect();
    painter.setClipRegion(clip);
    std::vector<LinePoint> held(points.begin(), points.end());
    const UtcTime end = fromMs(qint64(std::min(m_view.endMs(), m_view.scale().toMs())));
    if (end > held.back().time)
        held.push_back({end, held.back().value});
    brush.line(held, {Run{0, held.size() - 1}}, m_view.scale(), scale, brush.palette.silent, true);
    painter.restore();
}

void CandleChart::paintFundingCaption(const ChartBrush &brush) const
{
    const LinePoint *at = pointAtOrBefore(m_funding, m_crosshair ? m_crosshair->ms : m_view.endMs());
    brush.painter.setPen(brush.palette.secondaryText);
    brush.painter.drawText(m_frame.funding.adjusted(4, 2, -4, 0), Qt::AlignLeft | Qt::AlignTop | Qt::TextSingleLine,
                           tr("funding %1").arg(at == nullptr ? neverText() : fundingText(at->value)));
}

void CandleChart::paintOlder(const ChartBrush &brush) const
{
    const QRectF body = m_frame.body();
    const double first = std::min(m_view.scale().x(m_view.firstMs()), body.right());
    if (first <= body.left())
        return;
    const QRectF place(body.left(), body.top(), first - body.left(), body.height());
    brush.painter.fillRect(place, brush.palette.waitingShade);
    brush.vertical(first, body.top(), body.bottom(), brush.palette.line);
    const QString text = m_hasOlder ? tr("loading older candles…") : tr("start of record");
    const QFontMetricsF metrics(font());
    QRectF words(place.right() - metrics.horizontalAdvance(text) - 8, m_frame.candle_bottom - metrics.height() - 4,
                 metrics.horizontalAdvance(text) + 4, metrics.height());
    brush.painter.setPen(brush.palette.secondaryText);
    if (words.left() >= body.left() + 4)
        brush.painter.drawText(words, Qt::AlignCenter | Qt::TextSingleLine, text);
}

// The newest price as a line from the first candle on; like everything else it leaves gaps empty.
void CandleChart::paintLevel(const ChartBrush &brush, double y) const
{
    const QColor colour = mixed(brush.palette.panel, brush.palette.accent, 0.7);
    double from = std::clamp(m_view.scale().x(m_view.firstMs()), m_frame.plot.left(), m_frame.plot.right());
    for (const TimeSpan &span : gapSpans()) {
        const QRectF place = spanPlace(span);
        if (place.left() > from)
            brush.horizontal(y, from, place.left(), colour, true);
        from = std::max(from, place.right());
    }
    if (from < m_frame.plot.right())
        brush.horizontal(y, from, m_frame.plot.right(), colour, true);
}

void CandleChart::paintForming(const ChartBrush &brush) const
{
    if (const std::optional<double> price = currentPrice()) {
        const double y = m_price.y(*price);
        if (y >= m_frame.plot.top() && y <= m_frame.plot.bottom())
            paintLevel(brush, y);
    }
    if (!isFormingVisible())
        return;
    const double ratio = brush.ratio;
    const std::vector<CandleShape> shapes = candleShapes(Bars(&m_formingBar, 1), m_view.scale().scaled(ratio),
                                                         m_price.scaled(ratio), slotMs(), brush.hairline());
    if (m_showVolume)
        brush.volumes(shapes, m_largestVolume, m_frame);
    brush.forming(shapes.front(), m_frame.plot);
}

void CandleChart::paintCrosshair(const ChartBrush &brush) const
{
    const QRectF body = m_frame.body();
    if (m_crosshair) {
        const double x = m_view.scale().x(m_crosshair->ms);
        if (x >= body.left() && x <= body.right())
            brush.vertical(x, body.top(), body.bottom(), brush.palette.crosshair, true);
        if (m_crosshair->y && body.contains(QPointF(body.center().x(), *m_crosshair->y)))
            brush.horizontal(*m_crosshair->y, body.left(), body.right(), brush.palette.crosshair, true);
    }
    const QRectF button = newestButton();
    if (!button.isEmpty())
        brush.tag(button, tr("newest ›"), brush.palette.line, brush.palette.text);
}

void CandleChart::paintPriceAxis(const ChartBrush &brush) const
{
    QPainter &painter = brush.painter;
    const QRectF axis = m_frame.price_axis;
    const QFontMetricsF metrics(font());
    const QRectF reach(axis.left(), m_frame.plot.top(), axis.width(), m_frame.plot.height());
    QRectF current;
    QRectF pointed;
    const Candle *newest = newestCandle();
    if (const std::optional<double> price = currentPrice()) {
        const double y = m_price.y(*price);
        if (y >= reach.top() && y <= reach.bottom())
            current = boxAround(y, reach, metrics.height());
    }
    if (m_crosshair && m_crosshair->y && m_frame.plot.top() <= *m_crosshair->y &&
        *m_crosshair->y <= m_frame.candle_bottom)
        pointed = boxAround(*m_crosshair->y, reach, metrics.height());

    const PriceTicks ticks =
        priceTicks(m_price.range, std::max(1, int((m_frame.candle_bottom - m_frame.candle_top) / LabelSpacePx)),
                   std::max(decimals(), 0));
    painter.setPen(brush.palette.secondaryText);
    for (const double value : ticks.values) {
        const QRectF box = boxAround(m_price.y(value), reach, metrics.height());
        if (box.intersects(current) || box.intersects(pointed))
            continue;
        painter.drawText(box.adjusted(0, 0, -4, 0), Qt::AlignRight | Qt::AlignVCenter | Qt::TextSingleLine,
                         priceText(value, ticks.decimals));
    }
    if (!current.isEmpty() && newest != nullptr)
        brush.tag(current, decimalText(newest->close), brush.palette.accent, brush.palette.textOnAccent);
    if (!pointed.isEmpty())
        brush.tag(pointed, priceText(m_price.value(*m_crosshair->y), decimals()), brush.palette.line,
                  brush.palette.text);
}

void CandleChart::paintTimeAxis(const ChartBrush &brush) const
{
    QPainter &painter = brush.painter;
    const QRectF axis = m_frame.time_axis;
    const QFontMetricsF metrics(font());
    const TimeScale &time = m_view.scale();
    const double widest = metrics.horizontalAdvance(QStringLiteral("Nov 30")) * 1.8;
    QRectF pointed;
    QString pointedText;
    if (m_crosshair) {
        const UtcTime open = candleOpen(m_timeframe, fromMs(qint64(m_crosshair->ms)));
        pointedText = candleOpenText(open, m_timeframe, now(), m_zone);
        const double width = std::ceil(metrics.horizontalAdvance(pointedText)) + 12;
        const double x = std::clamp(time.x(m_crosshair->ms) - width / 2, axis.left(), axis.right() - width);
        pointed = QRectF(std::round(x), axis.top() + 2, width, std::ceil(metrics.height()) + 2);
    }
    for (const TimeTick &tick : timeTicks(visibleFrom(), visibleTo(), tickDistance(time, widest), m_zone)) {
        const double x = time.x(double(toMs(tick.time)));
        const double width = metrics.horizontalAdvance(tick.label) + 2;
        const QRectF box(x - width / 2, axis.top(), width, axis.height());
        if (box.left() < axis.left() || box.right() > axis.right() || box.intersects(pointed.adjusted(-6, 0, 6, 0)))
            continue;
        painter.setPen(tick.strong ? brush.palette.text : brush.palette.secondaryText);
        painter.drawText(box, Qt::AlignCenter | Qt::TextSingleLine, tick.label);
    }
    painter.setPen(brush.palette.secondaryText);
    const QRectF corner(axis.right(), axis.top(), m_frame.price_axis.width() - 8, axis.height());
    painter.drawText(corner, Qt::AlignRight | Qt::AlignVCenter | Qt::TextSingleLine, zoneName(now(), m_zone));
    if (!pointed.isEmpty())
        brush.tag(pointed, pointedText, brush.palette.line, brush.palette.text);
}

void CandleChart::paintHead(const ChartBrush &brush) const
{
    QPainter &painter = brush.painter;
    const QRectF head = m_frame.head;
    const QFontMetricsF metrics(font());
    const Candle *candle = m_crosshair ? candleAtCrosshair() : newestCandle();
    if (candle == nullptr) {
        const ShownGap *shown = m_crosshair ? gapAt(m_crosshair->ms) : nullptr;
        painter.setPen(shown != nullptr ? brush.gapColour(shown->gap->state) : brush.palette.secondaryText);
        painter.drawText(head, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                         metrics.elidedText(valueLine(), Qt::ElideRight, head.width()));
        return;
    }
    const bool forming = m_forming && candle == &*m_forming;
    double x = head.left();
    const auto write = [&](const QString &text, const QColor &colour) {
        const double width = metrics.horizontalAdvance(text);
        painter.setPen(colour);
        painter.drawText(QRectF(x, head.top(), width + 2, head.height()),
                         Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine, text);
        x += width;
    };
    std::vector<ValuePart> parts = valueParts(*candle, forming, m_timeframe, now(), m_zone);
    const size_t ofCandle = parts.size();
    // The mark price when the candle ended; its colour is that of its line.
    const double end = double(toMs(candle->open_time)) + slotMs();
    const LinePoint *mark = m_showMark ? pointAtOrBefore(m_marks, end) : nullptr;
    if (mark != nullptr && end - double(toMs(mark->time)) <= double(m_markStep.count()))
        parts.push_back({tr("mark"), priceText(mark->value, decimals())});
    for (size_t i = 0; i < parts.size(); ++i) {
        const ValuePart &part = parts[i];
        const QString label = part.label.isEmpty() ? QString() : part.label + QChar(0x00a0);
        if (x + metrics.horizontalAdvance(label + part.value) > head.right())
            break; // whole values or none
        write(label, brush.palette.secondaryText);
        write(part.value, i >= ofCandle          ? brush.palette.accent
                          : part.label.isEmpty() ? brush.palette.secondaryText
                                                 : brush.palette.text);
        x += 12;
    }
}

void CandleChart::paintNotices(const ChartBrush &brush) const
{
    QPainter &painter = brush.painter;
    const QFontMetricsF metrics(font());
    if (!m_view.hasData()) {
        const QRectF all(rect());
        if (!m_error.isEmpty())
            brush.notice(all, tr("No candles could be read"), m_error, brush.palette.stale);
        else if (m_loading)
            brush.notice(all, QString(), tr("loading candles…"), QColor());
        else
            brush.notice(all, tr("No candles yet"),
                         m_emptyText.isEmpty() ? tr("They appear here as soon as the first one closes.") : m_emptyText,
                         QColor());
        if (!m_staleSince)
            return;
    }
    // Beside the candles, words stand on a plate at the foot of them.
    QString text;
    QColor mark = brush.palette.quiet;
    if (m_staleSince) {
        text = tr("last seen %1, trying again").arg(clockText(*m_staleSince, m_zone));
    } else if (!m_error.isEmpty()) {
        text = m_error;
        mark = m_theme.palette().stale;
    } else if (m_loading) {
        text = tr("loading candles…");
    }
    if (text.isEmpty())
        return;
    const double room = m_frame.plot.width() - 48;
    const QString shown = metrics.elidedText(text, Qt::ElideRight, room);
    const double width = std::ceil(metrics.horizontalAdvance(shown)) + 32;
    const double height = std::ceil(metrics.height()) + 8;
    const QRectF plate(std::round(m_frame.plot.center().x() - width / 2),
                       std::round(m_frame.candle_bottom - height - 6), width, height);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(mark, 1));
    painter.setBrush(brush.palette.panel);
    painter.drawRoundedRect(plate.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    painter.setPen(brush.palette.text);
    painter.drawText(plate.adjusted(24, 0, -4, 0), Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine, shown);
    painter.restore();
    brush.noticeMark(QRectF(plate.left() + 9, plate.center().y() - 4, 8, 8), m_staleSince.has_value(), mark);
}

QRectF CandleChart::spanPlace(const TimeSpan &span) const
{
    const QRectF body = m_frame.body();
    // Far ends would not fit into whole numbers of pixels.
    const auto x = [&](double ms) { return std::clamp(m_view.scale().x(ms), body.left() - 100, body.right() + 100); };
    const double left = x(span.from_ms);
    return {left, body.top(), x(span.to_ms) - left, body.height()};
}

} // namespace tk::ui
