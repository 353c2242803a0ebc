// Records that a store did not take before its service had to end: how many, and of what. Pure.
#pragma once

#include "market/records.h"
#include "market/stream_span.h"

#include <vector>

namespace tk::store {

struct GivenUp
{
    size_t records = 0;
    TimeSpan span{};                 // of all of them
    std::vector<StreamSpan> spans{}; // by stream, on the grid of those that have one
};

GivenUp givenUp(const std::vector<RecordBatch> &batches);

} // namespace tk::store
