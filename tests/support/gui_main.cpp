// The main of test rooms with windows. Without a display, or a word on which platform to use, it needs no screen.
#include "support/test_registry.h"

#include <QApplication>
#include <QStandardPaths>

int main(int argc, char *argv[])
{
    const auto unset = [](const char *name) { return qEnvironmentVariableIsEmpty(name); };
    if (unset("QT_QPA_PLATFORM") && unset("DISPLAY") && unset("WAYLAND_DISPLAY"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    const QApplication application(argc, argv);
    QApplication::setQuitOnLastWindowClosed(false); // tests close their windows
    QStandardPaths::setTestModeEnabled(true);
    return tk::test::runRegistered(QApplication::arguments());
}
