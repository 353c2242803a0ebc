// "testex": a second venue for tests of many exchanges in one engine. It lists the same symbols as the first, speaks
// its wire through another simulator, and differs in what an engine may assume of none: its candles carry no trade
// counts, its connections carry few streams and want a text from the client now and then, requests are counted in
// sliding windows, of each endpoint, too, and its lists come in short pages. Known to tests alone.
#pragma once

#include "exchange/catalog.h"
#include "support/exchange/sim_settings.h"

namespace tk::test {

inline const QString testex = QStringLiteral("testex");

exchange::CatalogEntry testexEntry();

// What its simulator does otherwise than that of the other.
sim::SimManners testexManners();

// What the program is built with, and testex.
const exchange::Catalog &catalogWithTestex();

} // namespace tk::test
