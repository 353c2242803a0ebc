#include "app/fill_bar.h"

#include <cstdio>

#include <unistd.h>

namespace tk::app {

FillBar::FillBar()
    : m_terminal(::isatty(STDERR_FILENO) == 1)
{}

QString FillBar::text(const history::FillProgress &fill, int width)
{
    const double part = fill.wanted > 0 ? std::min(1.0, double(fill.fetched) / double(fill.wanted)) : 1.0;
    const int full = int(part * width);
    return QStringLiteral("[%1%2] %3 %  %4 / %5 candles, %6 requests left")
        .arg(QString(full, u'#'), QString(width - full, u'-'))
        .arg(int(part * 100), 3)
        .arg(fill.fetched)
        .arg(fill.wanted)
        .arg(fill.requests_left);
}

void FillBar::show(const history::FillProgress &fill)
{
    if (!m_terminal || (!fill.active && !m_shown))
        return;
    std::fprintf(stderr, "\r%s\033[K%s", qUtf8Printable(text(fill, 40)), fill.active ? "" : "\n");
    m_shown = fill.active;
}

} // namespace tk::app
