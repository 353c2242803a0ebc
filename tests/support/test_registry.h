// One binary per room, many test classes in it: each file says TK_TEST(Class, name) and runs as `test_room name`.
#pragma once

#include <QObject>
#include <QStringList>
#include <QTest>

#include <functional>
#include <memory>

namespace tk::test {

using Factory = std::function<std::unique_ptr<QObject>()>;

bool registerTest(const char *name, Factory factory);

// test_room [NAME] [Qt Test's own options]: one registered test, or all of them. The exit code of the program.
int runRegistered(QStringList arguments);

} // namespace tk::test

#define TK_TEST(Class, name)                                                                                           \
    [[maybe_unused]] static const bool registered_##name =                                                             \
        tk::test::registerTest(#name, [] { return std::make_unique<Class>(); })
