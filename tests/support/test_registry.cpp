#include "support/test_registry.h"

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

int runRegistered(QStringList arguments)
{
    std::string chosen;
    if (arguments.size() > 1 && tests().contains(arguments.at(1).toStdString()))
        chosen = arguments.takeAt(1).toStdString();
    int failures = 0;
    for (const auto &[name, factory] : tests()) {
        if (!chosen.empty() && name != chosen)
            continue;
        const std::unique_ptr<QObject> test = factory();
        failures += QTest::qExec(test.get(), arguments);
    }
    return failures > 0 ? 1 : 0;
}

} // namespace tk::test
