// Where the rows of a file come from: a store at hand, or a store at the other end of a connection.
#pragma once

#include "feather/table.h"
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
        bool exists = false; // the file; else there is nothing to compare with
    };

    virtual ~RowSource() = default;

    // What rows() is going to be asked for, most probably and in this order: who is far away may fetch ahead.
    virtual void expect(const std::vector<Wish> &wishes) = 0;

    // What the store has for the file from that time on. Rows that are the same in `have`, which is the file as it is,
    // may be left out.
    virtual Result<Rows> rows(const FilePlan &plan, UtcTime from, const feather::Table &have) = 0;
};

} // namespace tk::sync
