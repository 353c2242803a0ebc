// Which store the configuration means: the one place that chooses between the embedded one and InfluxDB.
#pragma once

#include "config/settings.h"
#include "store/store.h"

#include <functional>
#include <memory>

namespace tk::app {

inline bool usesInflux(const config::Settings &settings)
{
    return settings.store.kind == QLatin1String("influx");
}

// For commands, beside a running engine and without one. Where nothing can have been stored yet, the error says so.
Result<std::unique_ptr<store::StoreReader>> openReader(const config::Settings &settings, std::function<UtcTime()> now);

} // namespace tk::app
