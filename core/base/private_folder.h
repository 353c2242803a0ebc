// A folder that is nobody else's business, made with what is missing above it: prices are no secret, but hosts, events
// and dead letters may be. Whoever makes the data folder again after it was removed makes it so.
#pragma once

#include <QString>

namespace tk {

// Mode 0700 for each folder that is made; what is there keeps its own. False, with errno, where it cannot be.
bool makePrivateFolder(const QString &folder);

} // namespace tk
