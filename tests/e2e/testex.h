// "testex": a second venue for tests of many exchanges in one engine. It lists the same symbols as the first, speaks
// its wire through another simulator, and differs in what an engine may assume of none: its candles carry no trade
// counts, its pages are short and its connections carry few streams. Known to tests alone.
#pragma once

#include "exchange/catalog.h"

namespace tk::test {

inline const QString testex = QStringLiteral("testex");

exchange::CatalogEntry testexEntry();

// What the program is built with, and testex.
const exchange::Catalog &catalogWithTestex();

} // namespace tk::test
