// A gap: a span of one stream in which data may be missing. Known to the ledger before anybody repairs it.
#pragma once

#include "market/stream.h"

#include <array>

namespace tk {

enum class GapState : quint8 {
    Open,       // found, not yet repaired
    Repairing,  // a job is fetching it
    Closed,     // the store confirmed the repair, or nothing was missing after all
    Unfillable, // the exchange does not have it; `reason` says why
    Refused,    // our own database will not take it; `reason` has its words. Asked again when it changed its mind
};

inline constexpr std::array<std::string_view, 5> gapStateNames{"open", "repairing", "closed", "unfillable", "refused"};

constexpr std::string_view gapStateName(GapState state)
{
    return gapStateNames[size_t(state)];
}

struct Gap
{
    qint64 id = 0; // given by the ledger
    StreamKey stream{};
    UtcTime from{};  // first moment that may be missing
    UtcTime to{};    // first moment that is there again; 0 while the stream is still down
    QString cause{}; // "connection lost: no data for 15 s", "holes found at start", ...
    GapState state = GapState::Open;
    QString reason{};  // why unfillable, or how it was closed
    UtcTime opened{};  // when it was recorded
    UtcTime settled{}; // when it was closed or found unfillable; 0 before

    bool isSettled() const { return state == GapState::Closed || state == GapState::Unfillable; }
};

} // namespace tk
