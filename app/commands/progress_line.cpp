#include "app/commands/progress_line.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace tk::app {

using namespace std::chrono_literals;

ProgressLine::ProgressLine(QString unit)
    : m_unit(std::move(unit))
    , m_terminal(::isatty(STDERR_FILENO) == 1)
{}

ProgressLine::~ProgressLine()
{
    if (m_shown && m_terminal)
        std::fputc('\n', stderr);
}

QString ProgressLine::text(qint64 done, qint64 total, const QString &rest, int width, const QString &unit)
{
    const double part = total > 0 ? std::clamp(double(done) / double(total), 0.0, 1.0) : 0.0;
    const int full = int(part * width);
    return QStringLiteral("[%1%2] %3 %  %4 / %5 %6%7")
        .arg(QString(full, u'#'), QString(width - full, u'-'))
        .arg(int(part * 100), 3)
        .arg(done)
        .arg(total)
        .arg(unit)
        .arg(rest.isEmpty() ? QString() : QStringLiteral(", ") + rest);
}

void ProgressLine::show(qint64 done, qint64 total, const QString &rest)
{
    const RealTime::time_point now = RealTime::now();
    const std::chrono::milliseconds pause = m_terminal ? 100ms : 10'000ms;
    if (m_toldAt && now - *m_toldAt < pause)
        return;
    m_toldAt = now;
    m_shown = true;
    const QString line = text(done, total, rest, 30, m_unit);
    std::fprintf(stderr, m_terminal ? "\r%s\033[K" : "%s\n", qUtf8Printable(line));
}

} // namespace tk::app
