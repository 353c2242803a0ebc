#include "app/lanes.h"

#include "app/service_settings.h"

#include <QDir>

#include <algorithm>

namespace tk::app {

namespace {

constexpr milliseconds feedGrace{2'000};
constexpr milliseconds historyGrace{2'000};

} // namespace

Lanes::Lanes(Engine engine, runtime::ServiceHost &host)
    : m_engine(std::move(engine))
    , m_host(host)
{}

std::shared_ptr<ExchangeLane> Lanes::find(const QString &name) const
{
    const auto found = std::ranges::find_if(m_lanes, [&](const auto &lane) { return lane->name() == name; });
    return found == m_lanes.end() ? nullptr : *found;
}

QStringList Lanes::names() const
{
    QStringList names;
    for (const auto &lane : m_lanes)
        names.append(lane->name());
    return names;
}

void Lanes::storeBegunAnew(const QString &why)
{
    for (const auto &lane : m_lanes)
        lane->storeBegunAnew(why);
}

Status Lanes::follow()
{
    const std::vector<config::ExchangeSettings> &wanted = m_engine.settings().exchanges;
    for (const QString &name : names()) {
        if (std::ranges::find(wanted, name, &config::ExchangeSettings::name) == wanted.end())
            remove(name);
    }
    for (const config::ExchangeSettings &exchange : wanted) {
        const auto lane = find(exchange.name);
        if (!lane) {
            if (const Status status = add(exchange); !status)
                return status;
            continue;
        }
        const auto feed = feedSettingsOf(exchange);
        const auto history = historySettingsOf(exchange);
        if (!feed)
            return feed.error();
        if (!history)
            return history.error();
        lane->setSettings(*feed, *history);
    }
    return ok();
}

// History first, which hears of feed; then nothing of the exchange is said any more. What it stored stays.
void Lanes::remove(const QString &name)
{
    const std::shared_ptr<ExchangeLane> lane = find(name);
    std::erase(m_lanes, lane);
    m_leaving.push_back(lane);
    *m_several = m_lanes.size() > 1;
    if (m_engine.leaves)
        m_engine.leaves(name);
    m_host.remove(lane->historyName(), [this, lane] {
        m_host.remove(lane->feedName(), [this, lane] {
            std::erase(m_leaving, lane);
            if (m_engine.gone)
                m_engine.gone(lane->name());
        });
    });
}

Status Lanes::add(const config::ExchangeSettings &exchange)
{
    const exchange::CatalogEntry *entry = m_engine.catalog.find(exchange.name);
    if (!entry)
        return m_engine.catalog.makeAdapter(exchange.name).error();
    if (std::ranges::any_of(m_leaving, [&](const auto &lane) { return lane->name() == exchange.name; }))
        return Error{Error::Kind::Refused,
                     QStringLiteral("%1 is still stopping: reload the configuration once more").arg(exchange.name)};
    auto feed = feedSettingsOf(exchange);
    auto history = historySettingsOf(exchange);
    if (!feed)
        return feed.error();
    if (!history)
        return history.error();
    const QDir folder(m_engine.settings().engine.data_dir);
    auto lane =
        std::make_shared<ExchangeLane>(ExchangeLane::Engine{.board = m_engine.board,
                                                            .metrics = m_engine.metrics,
                                                            .clock = m_engine.clock,
                                                            .store = m_store,
                                                            .queue = m_engine.queue,
                                                            .ledger = folder.filePath(QStringLiteral("ledger.sqlite")),
                                                            .beatOf = m_engine.beatOf,
                                                            .several = m_several},
                                       *entry, m_lastNumber++);
    // Before history, which tells feed its instruments as soon as it knows them; stopped after it.
    if (m_engine.live) {
        m_engine.health.require(lane->feedName());
        m_host.add(lane->feedName(), lane->feed(std::move(feed).value()), feedGrace);
    }
    m_host.add(lane->historyName(), lane->history(std::move(history).value()), historyGrace);
    m_lanes.push_back(std::move(lane));
    *m_several = m_lanes.size() > 1;
    return ok();
}

Result<feed::FeedSettings> Lanes::feedSettingsOf(const config::ExchangeSettings &exchange) const
{
    auto settings = feedSettings(m_engine.settings(), exchange);
    if (settings && m_engine.wakeup_pause)
        settings->wakeup_pause = *m_engine.wakeup_pause;
    if (settings && m_engine.rotate_after)
        settings->rotate_after = *m_engine.rotate_after;
    return settings;
}

Result<history::HistorySettings> Lanes::historySettingsOf(const config::ExchangeSettings &exchange) const
{
    auto settings = historySettings(m_engine.settings(), exchange);
    if (settings)
        settings->keep_filled = m_engine.keep_filled;
    return settings;
}

} // namespace tk::app
