#include "support/test_registry.h"

#include <QCoreApplication>
#include <QStandardPaths>

#include <cstdio>
#include <map>
#include <string>

namespace tk::test {

namespace {

std::map<std::string, Factory> &tests()
{
    static std::map<std::string, Factory> all;
    return all;
}

} // namespace

bool registerTest(const char *name, Factory factory)
{
    return tests().emplace(name, std::move(factory)).second;
}

} // namespace tk::test

// test_room [NAME] [Qt Test's own options]: one registered test, or all of them.
int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    QStringList arguments = QCoreApplication::arguments();
    std::string chosen;
    if (arguments.size() > 1 && tk::test::tests().contains(arguments.at(1).toStdString()))
        chosen = arguments.takeAt(1).toStdString();
    int failures = 0;
    for (const auto &[name, factory] : tk::test::tests()) {
        if (!chosen.empty() && name != chosen)
            continue;
        const std::unique_ptr<QObject> test = factory();
        failures += QTest::qExec(test.get(), arguments);
    }
    return failures > 0 ? 1 : 0;
}
