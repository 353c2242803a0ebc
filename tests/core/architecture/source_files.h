// The sources that users run, for tests that read them all.
#pragma once

#include <QString>

#include <functional>

namespace tk::test {

// Each C++ file of core, app and ui: its path below `root`, and its text.
void forEachSource(const QString &root, const std::function<void(const QString &path, const QString &text)> &look);

} // namespace tk::test
