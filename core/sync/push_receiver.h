// The feeder's end of a push: merges what a collector sends into the files here, exactly as a sync from a store at hand
// would, and answers with receipts. It asks for what the files lack, so that nobody has to remember what was sent.
// Synchronous; one thread.
#pragma once

#include "sync/sync_run.h"

#include <chrono>

namespace tk::sync {

class PushReceiver
{
public:
    struct Options
    {
        QString datadir;
        QString version; // of this program
        int in = 0;      // descriptors; a pipe each
        int out = 1;
        std::chrono::milliseconds silence{120'000}; // of the collector, before it is given up
        std::chrono::milliseconds lock_patience{10'000};
        std::chrono::milliseconds busy_patience{3'000};
        std::chrono::milliseconds settled_after{30'000};
    };

    explicit PushReceiver(Options options)
        : m_options(std::move(options))
    {}

    // What was told to the collector as well, as far as it could be.
    Result<SyncReport> run();

private:
    Options m_options;
};

} // namespace tk::sync
