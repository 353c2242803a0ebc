// The main of test rooms that need no windows.
#include "support/test_registry.h"

#include <QCoreApplication>
#include <QStandardPaths>

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    return tk::test::runRegistered(QCoreApplication::arguments());
}
