// Which streams share a connection: one route each, all streams of a pair together, at most so many. Pure.
#pragma once

#include "feed/stream_table.h"

#include <map>
#include <span>
#include <vector>

namespace tk::feed {

struct PlannedConnection
{
    QByteArray route;
    std::vector<StreamId> streams;
};

// Groups streams in the given order; a pair's streams are not split unless they alone exceed `capacity`.
std::vector<PlannedConnection> planConnections(const StreamTable &table, std::span<const StreamId> streams,
                                               int capacity);

// What a sick connection needs. `due`: streams on it whose silence means something; `sick`: how many of them are.
// A connection that still brings data of one of them is left to it: what is healthy is never cut for what is sick.
enum class Healing { None, MoveSick, ReplaceConnection };
constexpr Healing chooseHealing(int due, int sick)
{
    if (sick == 0)
        return Healing::None;
    return sick == due ? Healing::ReplaceConnection : Healing::MoveSick;
}

} // namespace tk::feed
