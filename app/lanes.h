// The lanes of an engine: one for each [[exchange]] table, coming and going with it while the others run. Main thread.
#pragma once

#include "app/exchange_lane.h"
#include "config/settings.h"
#include "runtime/service_host.h"
#include "telemetry/health.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace tk::app {

class Lanes
{
public:
    struct Engine // what they use of it; it outlives their services
    {
        Switchboard &board;
        telemetry::Metrics &metrics;
        telemetry::HealthBoard &health;
        std::shared_ptr<const Clock> clock;
        std::shared_ptr<BoundedQueue<RecordBatch>> queue;
        const exchange::Catalog &catalog;
        std::function<const config::Settings &()> settings;
        std::function<std::function<void()>(const QString &loop)> beatOf;
        std::function<void(const QString &exchange)> leaves{}; // its table is gone, its services end
        std::function<void(const QString &exchange)> gone{};   // they have ended
        bool live = true;                                      // false: history alone, no feed
        bool keep_filled = true;
        std::optional<std::chrono::microseconds> wakeup_pause{}; // instead of what the settings say
        std::optional<milliseconds> rotate_after{};
    };

    Lanes(Engine engine, runtime::ServiceHost &host);

    void setStore(std::shared_ptr<store::StoreFactory> store) { m_store = std::move(store); } // before the first lane

    // A lane for each exchange of the settings; those that stay hear what changed of them.
    Status follow();

    QStringList names() const;
    void storeBegunAnew(const QString &why);

private:
    Status add(const config::ExchangeSettings &exchange);
    void remove(const QString &name);
    std::shared_ptr<ExchangeLane> find(const QString &name) const;
    Result<feed::FeedSettings> feedSettingsOf(const config::ExchangeSettings &exchange) const;
    Result<history::HistorySettings> historySettingsOf(const config::ExchangeSettings &exchange) const;

    Engine m_engine;
    runtime::ServiceHost &m_host;
    std::shared_ptr<store::StoreFactory> m_store;
    std::vector<std::shared_ptr<ExchangeLane>> m_lanes;
    std::vector<std::shared_ptr<ExchangeLane>> m_leaving; // removed, their services not ended yet
    int m_lastNumber = 0;
    std::shared_ptr<std::atomic<bool>> m_several = std::make_shared<std::atomic<bool>>(false);
};

} // namespace tk::app
