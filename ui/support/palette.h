// The one place of colours: the tokens of both themes as plain values, and how Qt's own roles get them.
#pragma once

#include <QColor>
#include <QPalette>
#include <QString>

namespace tk::ui {

struct Palette
{
    bool isDark = true;

    // Surfaces.
    QColor window;
    QColor panel;
    QColor alternate; // every other row; fields
    QColor line;      // borders and separators
    QColor hover;
    QColor selection;

    QColor text;
    QColor secondaryText;
    QColor textOnAccent;

    // Meanings. Each is told by a shape and a word, too (state_mark.h).
    QColor accent;
    QColor live;
    QColor late;
    QColor stale;
    QColor silent;
    QColor quiet;

    // Charts.
    QColor candleUp;
    QColor candleDown;
    QColor volumeUp; // opaque, as the translucent one looks on a panel: bars may overlap by a pixel
    QColor volumeDown;
    QColor grid;
    QColor crosshair;
    QColor gapShade; // translucent
    QColor gapLine;
    QColor waitingShade; // translucent: where candles are still being fetched, or where the record starts

    bool operator==(const Palette &) const = default;

    static Palette dark();
    static Palette light();
};

// WCAG 2: 1 (the same) to 21 (black on white). Text wants 4.5.
double contrast(const QColor &a, const QColor &b);

// `over` at `opacity` (0..1) on `base`, as an opaque colour.
QColor mixed(const QColor &base, const QColor &over, double opacity);

QPalette toQPalette(const Palette &palette);

// What no role of QPalette can say: density, radius, calm headers and tabs.
QString styleSheet(const Palette &palette);

} // namespace tk::ui
