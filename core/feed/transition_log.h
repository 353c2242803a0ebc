// What the log says of streams that change their state: one line per kind of change, however many it concerns. Pure but
// for the log.
#pragma once

#include "feed/stream_table.h"

#include <span>

namespace tk::feed {

struct TransitionLine
{
    StreamState to = StreamState::Live;
    QString text;  // "26 streams stale: BTC/USDT:USDT 1m candles, ... and 21 more"
    QString cause; // of the first of them

    bool isGood() const { return to == StreamState::Live || to == StreamState::Ended; }
};

// Streams that became sick or ended, or that are live after they were sick; the first few are named.
std::vector<TransitionLine> transitionLines(const StreamTable &table, std::span<const StreamTransition> transitions);

void logTransitions(const StreamTable &table, std::span<const StreamTransition> transitions);

} // namespace tk::feed
