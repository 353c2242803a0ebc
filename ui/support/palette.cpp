#include "ui/support/palette.h"

#include <algorithm>
#include <cmath>

namespace tk::ui {

namespace {

double luminance(const QColor &colour)
{
    const auto linear = [](float part) {
        const double value = double(part);
        return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

QColor withAlpha(QColor colour, int alpha)
{
    colour.setAlpha(alpha);
    return colour;
}

void deriveCharts(Palette &palette)
{
    palette.candleUp = palette.live;
    palette.candleDown = palette.stale;
    const double weight = palette.isDark ? 0.45 : 0.4;
    palette.volumeUp = mixed(palette.panel, palette.live, weight);
    palette.volumeDown = mixed(palette.panel, palette.stale, weight);
    palette.grid = mixed(palette.panel, palette.line, palette.isDark ? 0.75 : 0.8);
    palette.crosshair = palette.secondaryText;
    palette.gapShade = withAlpha(palette.late, palette.isDark ? 30 : 20);
    palette.gapLine = palette.late;
    palette.waitingShade = withAlpha(palette.quiet, palette.isDark ? 26 : 22);
}

} // namespace

// Silent, quiet, stale (dark), live and late (light) are a shade stronger than first drawn: as words on an alternate
// row they missed the contrast of 4.5.
Palette Palette::dark()
{
    Palette palette;
    palette.isDark = true;
    palette.window = QColor(0x14, 0x18, 0x1d);
    palette.panel = QColor(0x1b, 0x20, 0x27);
    palette.alternate = QColor(0x1f, 0x25, 0x2d);
    palette.line = QColor(0x2c, 0x33, 0x3d);
    palette.hover = QColor(0x27, 0x2f, 0x39);
    palette.selection = QColor(0x22, 0x38, 0x52);
    palette.text = QColor(0xd7, 0xdd, 0xe5);
    palette.secondaryText = QColor(0x8a, 0x95, 0xa3);
    palette.textOnAccent = QColor(0x0e, 0x15, 0x1d);
    palette.accent = QColor(0x4d, 0xa3, 0xff);
    palette.live = QColor(0x3f, 0xb6, 0x8b);
    palette.late = QColor(0xe2, 0xb1, 0x3c);
    palette.stale = QColor(0xe6, 0x64, 0x51);
    palette.silent = QColor(0xc7, 0x6d, 0xd1);
    palette.quiet = QColor(0x82, 0x8d, 0x9b);
    deriveCharts(palette);
    return palette;
}

Palette Palette::light()
{
    Palette palette;
    palette.isDark = false;
    palette.window = QColor(0xf4, 0xf6, 0xf8);
    palette.panel = QColor(0xff, 0xff, 0xff);
    palette.alternate = QColor(0xf7, 0xf9, 0xfb);
    palette.line = QColor(0xd9, 0xde, 0xe5);
    palette.hover = QColor(0xeb, 0xef, 0xf4);
    palette.selection = QColor(0xd6, 0xe6, 0xfa);
    palette.text = QColor(0x1c, 0x23, 0x2b);
    palette.secondaryText = QColor(0x5d, 0x68, 0x75);
    palette.textOnAccent = QColor(0xff, 0xff, 0xff);
    palette.accent = QColor(0x17, 0x69, 0xd2);
    palette.live = QColor(0x17, 0x7f, 0x5a);
    palette.late = QColor(0x92, 0x65, 0x00);
    palette.stale = QColor(0xc2, 0x3a, 0x28);
    palette.silent = QColor(0x8e, 0x3a, 0x9a);
    palette.quiet = QColor(0x66, 0x71, 0x7e);
    deriveCharts(palette);
    return palette;
}

double contrast(const QColor &a, const QColor &b)
{
    const double first = luminance(a) + 0.05;
    const double second = luminance(b) + 0.05;
    return std::max(first, second) / std::min(first, second);
}

QColor mixed(const QColor &base, const QColor &over, double opacity)
{
    const auto part = [opacity](int from, int to) { return int(std::lround(from + (to - from) * opacity)); };
    return {part(base.red(), over.red()), part(base.green(), over.green()), part(base.blue(), over.blue())};
}

QPalette toQPalette(const Palette &palette)
{
    QPalette result;
    result.setColor(QPalette::Window, palette.window);
    result.setColor(QPalette::WindowText, palette.text);
    result.setColor(QPalette::Base, palette.panel);
    result.setColor(QPalette::AlternateBase, palette.alternate);
    result.setColor(QPalette::Text, palette.text);
    result.setColor(QPalette::PlaceholderText, palette.secondaryText);
    result.setColor(QPalette::Button, palette.alternate);
    result.setColor(QPalette::ButtonText, palette.text);
    result.setColor(QPalette::BrightText, palette.stale);
    result.setColor(QPalette::Highlight, palette.selection);
    result.setColor(QPalette::HighlightedText, palette.text);
    result.setColor(QPalette::ToolTipBase, palette.panel);
    result.setColor(QPalette::ToolTipText, palette.text);
    result.setColor(QPalette::Link, palette.accent);
    result.setColor(QPalette::LinkVisited, palette.accent);
    result.setColor(QPalette::Light, mixed(palette.line, palette.text, 0.15));
    result.setColor(QPalette::Midlight, palette.hover);
    result.setColor(QPalette::Mid, palette.line);
    result.setColor(QPalette::Dark, mixed(palette.line, palette.window, 0.5));
    result.setColor(QPalette::Shadow, palette.isDark ? QColor(Qt::black) : palette.line.darker(130));
    const QColor faded = mixed(palette.panel, palette.secondaryText, 0.65);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        result.setColor(QPalette::Disabled, role, faded);
    return result;
}

QString styleSheet(const Palette &palette)
{
    QString sheet = QStringLiteral(
        "QToolTip { border: 1px solid @line; padding: 4px; background: @panel; color: @text; }"
        "QAbstractItemView { border: none; gridline-color: @line; outline: none; }"
        "QTableView::item, QTreeView::item, QListView::item { padding: 0 4px; }"
        "QTableView::item:selected, QTreeView::item:selected { background: @selection; color: @text; }"
        "QHeaderView::section { background: @panel; color: @secondaryText; border: none;"
        " border-bottom: 1px solid @line; padding: 4px; }"
        "QHeaderView::section:hover { color: @text; }"
        "QPushButton, QToolButton { background: @alternate; border: 1px solid @line; border-radius: 5px;"
        " padding: 3px 10px; min-height: 16px; }"
        "QToolButton { padding: 3px 6px; }"
        "QToolButton#closeTab { border: none; background: transparent; padding: 0 3px; color: @secondaryText; }"
        "QToolButton#closeTab:hover { color: @text; background: @hover; }"
        "QPushButton:hover, QToolButton:hover { background: @hover; }"
        "QPushButton:checked, QToolButton:checked { background: @selection; }"
        "QPushButton:focus, QToolButton:focus { border-color: @accent; }"
        "QPushButton:disabled, QToolButton:disabled { color: @secondaryText; background: @panel; }"
        "QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDateTimeEdit { background: @window;"
        " border: 1px solid @line; border-radius: 5px; padding: 2px 6px; selection-background-color: @selection;"
        " selection-color: @text; }"
        "QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus { border-color: @accent; }"
        "QCheckBox::indicator, QListView::indicator, QTableView::indicator, QTreeView::indicator { width: 13px; "
        "height: 13px; border: 1px solid @secondaryText;"
        " border-radius: 3px; background: @window; }"
        "QCheckBox::indicator:checked, QListView::indicator:checked, QTableView::indicator:checked,"
        " QTreeView::indicator:checked { background: @accent; border-color: @accent;"
        " image: url(:/tapekeeper/icons/check-@variant.svg); }"
        "QCheckBox::indicator:disabled { border-color: @line; }"
        "QRadioButton::indicator { width: 10px; height: 10px; border: 2px solid @secondaryText; border-radius: 7px;"
        " background: @window; }"
        "QRadioButton::indicator:checked { border-color: @accent; background: @accent; }"
        "QComboBox { background: @alternate; border: 1px solid @line; border-radius: 5px; padding: 2px 8px; }"
        "QComboBox:focus { border-color: @accent; }"
        "QComboBox::drop-down { border: none; width: 18px; }"
        "QComboBox::down-arrow { image: url(:/tapekeeper/icons/down-@variant.svg); width: 10px; height: 10px; }"
        "QComboBox QAbstractItemView { background: @panel; border: 1px solid @line; }"
        "QProgressBar { background: @window; border: 1px solid @line; border-radius: 5px; text-align: center; }"
        "QProgressBar::chunk { background: @selection; border-radius: 4px; }"
        "QMenu { background: @panel; border: 1px solid @line; } QMenu::item { padding: 4px 20px; }"
        "QMenu::item:selected { background: @selection; color: @text; }"
        "QMenu::item:disabled { color: @secondaryText; }"
        "QMenu::separator { height: 1px; background: @line; margin: 3px 0; }"
        "QTabBar::tab { background: transparent; color: @secondaryText; border: none;"
        " border-bottom: 2px solid transparent; padding: 4px 8px; }"
        "QTabBar::tab:hover { color: @text; }"
        "QTabBar::tab:selected { color: @text; border-bottom-color: @accent; }"
        "QTabWidget::pane { border: none; }"
        "QStatusBar { border-top: 1px solid @line; }"
        "QStatusBar::item { border: none; }"
        "QMainWindow::separator { background: @line; width: 1px; height: 1px; }"
        "QSplitter::handle { background: @line; }"
        "QScrollBar { background: transparent; border: none; margin: 0; }"
        "QScrollBar:vertical { width: 10px; } QScrollBar:horizontal { height: 10px; }"
        "QScrollBar::handle { background: @line; border-radius: 4px; margin: 1px; }"
        "QScrollBar::handle:vertical { min-height: 24px; } QScrollBar::handle:horizontal { min-width: 24px; }"
        "QScrollBar::handle:hover { background: @quiet; }"
        "QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }"
        "QScrollBar::add-page, QScrollBar::sub-page { background: none; }");
    const std::pair<QLatin1String, QColor> tokens[] = {
        {QLatin1String("@window"), palette.window},       {QLatin1String("@panel"), palette.panel},
        {QLatin1String("@alternate"), palette.alternate}, {QLatin1String("@line"), palette.line},
        {QLatin1String("@hover"), palette.hover},         {QLatin1String("@selection"), palette.selection},
        {QLatin1String("@text"), palette.text},           {QLatin1String("@secondaryText"), palette.secondaryText},
        {QLatin1String("@accent"), palette.accent},       {QLatin1String("@quiet"), palette.quiet},
    };
    for (const auto &[name, colour] : tokens)
        sheet.replace(name, colour.name());
    return sheet.replace(QLatin1String("@variant"), palette.isDark ? QLatin1String("dark") : QLatin1String("light"));
}

} // namespace tk::ui
