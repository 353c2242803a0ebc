#include "feed/connection_plan.h"

namespace tk::feed {

std::vector<PlannedConnection> planConnections(const StreamTable &table, std::span<const StreamId> streams,
                                               int capacity)
{
    // route -> pair -> streams; pairs keep the order in which they first appear.
    std::map<QByteArray, std::vector<std::vector<StreamId>>> routes;
    std::map<std::pair<QByteArray, quint32>, size_t> groupOf;
    for (const StreamId id : streams) {
        const StreamEntry &entry = table.at(id);
        auto &groups = routes[entry.spec.route];
        const auto [known, isNew] = groupOf.try_emplace({entry.spec.route, entry.pair}, groups.size());
        if (isNew)
            groups.emplace_back();
        groups[known->second].push_back(id);
    }
    std::vector<PlannedConnection> plan;
    for (const auto &[route, groups] : routes) {
        PlannedConnection current{route, {}};
        for (const std::vector<StreamId> &group : groups) {
            for (size_t first = 0; first < group.size(); first += size_t(capacity)) {
                const size_t count = std::min(group.size() - first, size_t(capacity));
                if (current.streams.size() + count > size_t(capacity)) {
                    plan.push_back(std::move(current));
                    current = {route, {}};
                }
                current.streams.insert(current.streams.end(), group.begin() + qsizetype(first),
                                       group.begin() + qsizetype(first + count));
            }
        }
        if (!current.streams.empty())
            plan.push_back(std::move(current));
    }
    return plan;
}

} // namespace tk::feed
