#include "app/gui/run_window.h"

#include "app/gui/window_session.h"

#include <QApplication>

namespace tk::app {

int runWindow(int argc, char *argv[], const CommandLine &line)
{
    const QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("tapekeeper"));
    QApplication::setApplicationDisplayName(QStringLiteral("Tapekeeper"));
    QApplication::setDesktopFileName(QStringLiteral("tapekeeper"));
    QApplication::setApplicationVersion(QStringLiteral(TAPEKEEPER_VERSION));
    WindowSession session(line);
    session.start();
    return QApplication::exec();
}

} // namespace tk::app
