// A stretch of time of one stream.
#pragma once

#include "market/records.h"
#include "market/stream.h"

namespace tk {

struct StreamSpan
{
    StreamKey stream;
    TimeSpan span;
};

} // namespace tk
