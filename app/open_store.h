// Which store the configuration means: the one place that chooses between the embedded one and InfluxDB.
#pragma once

#include "config/settings.h"
#include "store/store.h"

#include <atomic>
#include <functional>
#include <memory>

namespace tk::app {

inline bool usesInflux(const config::Settings &settings)
{
    return settings.store.kind == QLatin1String("influx");
}

// For commands, beside a running engine and without one. Where nothing can have been stored yet, the error says so.
// `stop`, where it is given, ends a call that waits for a database; it must live as long as the reader.
Result<std::unique_ptr<store::StoreReader>> openReader(const config::Settings &settings, std::function<UtcTime()> now,
                                                       const std::atomic<bool> *stop = nullptr);

} // namespace tk::app
