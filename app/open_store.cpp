#include "app/open_store.h"

#include "store/embedded/embedded_store.h"
#include "store/influx/influx_reader.h"

namespace tk::app {

Result<std::unique_ptr<store::StoreReader>> openReader(const config::Settings &settings, std::function<UtcTime()> now,
                                                       const std::atomic<bool> *stop)
{
    if (!usesInflux(settings)) {
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(settings.engine.data_dir));
        return store.openReader();
    }
    auto reader = std::make_unique<store::influx::InfluxReader>(settings.store.influx, std::move(now), stop);
    if (const auto api = reader->connect(); !api)
        return api.error();
    return std::unique_ptr<store::StoreReader>(std::move(reader));
}

} // namespace tk::app
