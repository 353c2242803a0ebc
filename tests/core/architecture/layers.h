// The rule of the house (docs/architecture.md): which room may include which. Reads #include lines, nothing else.
#pragma once

#include <QStringList>

namespace tk::test {

// Every #include line below `root` (which holds core/ and app/) that breaks the rule, as "file:line what".
QStringList layerViolations(const QString &root);

} // namespace tk::test
