// One run over everything that is stored: which files there ought to be, folder by folder. Synchronous; one thread.
#pragma once

#include "sync/folder_sync.h"

namespace tk::sync {

struct SyncReport
{
    struct Row
    {
        QString folder;
        FileReport file;
    };
    std::vector<Row> files;
    bool stopped = false; // before everything was looked at

    bool isGood() const;
    qint64 count(FileState state) const;
    qint64 added() const;
    qint64 bytes() const;
    QString summary() const; // "492 files: 164 written (164 rows, 8.1 MB), 328 unchanged"
};

struct SyncOptions
{
    config::SyncSettings settings{};
    bool full = false;
    std::chrono::milliseconds lock_patience{10'000};
    std::chrono::milliseconds busy_patience{3'000};
    std::chrono::milliseconds settled_after{30'000};
};

// The files of these plans (sorted by exchange), wherever their rows come from.
Result<SyncReport> syncFiles(const SyncOptions &options, const std::vector<FilePlan> &plans, RowSource &source,
                             const std::function<UtcTime()> &now, const std::atomic<bool> &stop,
                             const FolderSync::Progress &progress);

// All files, from a store at hand.
class SyncRun
{
public:
    using Options = SyncOptions;

    SyncRun(Options options, store::StoreReader &reader, std::function<UtcTime()> now, const std::atomic<bool> &stop,
            FolderSync::Progress progress);

    Result<SyncReport> run();

    // What the last runs left, for everybody to check.
    static Result<std::vector<std::pair<QString, Receipt>>> receipts(const config::SyncSettings &settings);

private:
    Options m_options;
    store::StoreReader &m_reader;
    std::function<UtcTime()> m_now;
    const std::atomic<bool> &m_stop;
    FolderSync::Progress m_progress;
};

} // namespace tk::sync
