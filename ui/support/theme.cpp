#include "ui/support/theme.h"

#include <QApplication>

// Resources of a static library are linked only when somebody asks for them, outside of any namespace.
static void initResources()
{
    Q_INIT_RESOURCE(tapekeeper);
}

namespace tk::ui {

Theme::Theme(bool systemIsDark, QObject *parent)
    : QObject(parent)
    , m_systemIsDark(systemIsDark)
    , m_palette(wanted())
{}

void Theme::setMode(Mode mode)
{
    m_mode = mode;
    const Palette next = wanted();
    if (next == m_palette)
        return;
    m_palette = next;
    Q_EMIT changed();
}

void Theme::applyTo(QApplication &application)
{
    initResources();
    const auto apply = [this, &application] {
        QApplication::setPalette(toQPalette(m_palette));
        application.setStyleSheet(styleSheet(m_palette));
    };
    apply();
    connect(this, &Theme::changed, &application, apply);
}

bool Theme::systemIsDark(const QPalette &systemPalette)
{
    return systemPalette.color(QPalette::Window).lightnessF() < systemPalette.color(QPalette::WindowText).lightnessF();
}

Palette Theme::wanted() const
{
    const bool dark = m_mode == Mode::Dark || (m_mode == Mode::System && m_systemIsDark);
    return dark ? Palette::dark() : Palette::light();
}

} // namespace tk::ui
