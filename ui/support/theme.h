// Which palette is in use. One per program, passed by reference to whatever paints; main thread.
#pragma once

#include "ui/support/palette.h"

#include <QObject>

class QApplication;

namespace tk::ui {

class Theme : public QObject
{
    Q_OBJECT

public:
    enum class Mode { System, Dark, Light };

    // `systemIsDark` is what Mode::System means (systemIsDark() below, before anybody sets the application's palette).
    explicit Theme(bool systemIsDark, QObject *parent = nullptr);

    Mode mode() const { return m_mode; }
    void setMode(Mode mode);

    const Palette &palette() const { return m_palette; }

    // Palette and style sheet for the application, now and after every change.
    void applyTo(QApplication &application);

    // Whether the desktop's own palette is a dark one.
    static bool systemIsDark(const QPalette &systemPalette);

Q_SIGNALS:
    void changed();

private:
    Palette wanted() const;

    Mode m_mode = Mode::System;
    bool m_systemIsDark;
    Palette m_palette;
};

} // namespace tk::ui
