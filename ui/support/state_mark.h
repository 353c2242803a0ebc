// How a state is told: a shape, a word and a colour, so that no one needs to see colours. The same in every view.
#pragma once

#include "market/stream.h"
#include "ui/support/palette.h"

#include <QChar>
#include <QRectF>
#include <QString>

class QPainter;

namespace tk::ui {

enum class MarkShape : quint8 {
    Disc,       // live
    Triangle,   // late
    Square,     // stale
    Diamond,    // silent
    Ring,       // quiet
    Dash,       // ended
    DottedRing, // waiting: asked for, no data yet
};

MarkShape markShape(StreamState state);
QColor stateColour(const Palette &palette, StreamState state);

// "live", "late", ..., "waiting" for both states before the first data.
QString stateWord(StreamState state);

// For text without a painter: clipboards, tool tips, titles.
QChar stateSymbol(StreamState state);

// The largest mark that fits the middle of `box`, antialiased; the painter is left as it was.
void paintMark(QPainter &painter, const QRectF &box, MarkShape shape, const QColor &colour);
void paintStateMark(QPainter &painter, const QRectF &box, StreamState state, const Palette &palette);

} // namespace tk::ui
