// The quick reader of frames: one pass over an event written as the exchange writes nearly all of them. It decides only
// what it is sure of; everything else is left to the full reader, which must come to the same result
// (tst_plain_frames).
#pragma once

#include "exchange/binance_usdm/frame_fields.h"

#include <optional>

namespace tk::exchange::binance {

// An event, bare or as {"stream":..,"data":..}: its scalars in any order and at most objects "k" and "o" of scalars in
// it; ASCII without blanks, escapes, lists or answers to requests. Returns the event's own object, `into` holds its
// fields. Nothing for any other text, good or broken; then `into` is worthless. 64 readable bytes must follow the
// frame.
std::optional<std::string_view> readPlain(std::string_view frame, FrameFields &into);

} // namespace tk::exchange::binance
