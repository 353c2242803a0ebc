// Where the rows of a file come from: a store at hand, or a store at the other end of a connection.
#pragma once

#include "sync/file_plan.h"
#include "sync/rows.h"

namespace tk::sync {

class RowSource
{
public:
    struct Wish
    {
        FilePlan plan;
        UtcTime from{};
    };

    virtual ~RowSource() = default;

    // What rows() is going to be asked for, most probably and in this order: who is far away may fetch ahead.
    virtual void expect(const std::vector<Wish> &wishes) = 0;

    // What the store has for the file from that time on.
    virtual Result<Rows> rows(const FilePlan &plan, UtcTime from) = 0;
};

} // namespace tk::sync
