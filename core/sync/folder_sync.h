// Brings the files of one folder up to the store: reads no more of either than it must, and rewrites only what changed.
// Synchronous; one thread.
#pragma once

#include "config/settings.h"
#include "feather/reader.h"
#include "feather/writer.h"
#include "sync/layout.h"
#include "sync/merge.h"
#include "sync/receipts.h"
#include "sync/row_check.h"
#include "sync/row_source.h"

#include <atomic>
#include <functional>

namespace tk::sync {

enum class FileState : quint8 {
    Written,
    Unchanged,
    Rebuilt, // was unreadable, lies beside now; written anew from the store
    Busy,    // unreadable, but somebody wrote it a moment ago: the next run looks again
    Refused, // not to be touched: of a form or unit that is not ours
    Failed,
};

QString fileStateName(FileState state);

struct FileReport
{
    QString name;
    FileState state = FileState::Unchanged;
    qint64 added = 0;
    qint64 replaced = 0;
    qint64 left_out = 0; // rows of the store that cannot be
    qint64 rows = 0;
    UtcTime last{};
    qint64 bytes = 0; // written
    QString note{};

    bool isGood() const { return left_out == 0 && (state == FileState::Written || state == FileState::Unchanged); }
    bool isAsBefore() const { return state == FileState::Unchanged && isGood(); } // there is nothing to say of it
};

class FolderSync
{
public:
    struct Options
    {
        QString folder;
        config::SyncSettings settings;
        bool full = false; // compare every file with all of the store
        std::chrono::milliseconds lock_patience{10'000};
        std::chrono::milliseconds busy_patience{3'000};  // how long a file that is being written is waited for
        std::chrono::milliseconds settled_after{30'000}; // a file that nobody wrote to for so long is no better later
    };
    using Progress = std::function<void(qint64 done, qint64 all, const QString &what)>;

    FolderSync(Options options, RowSource &source, UtcTime now, const std::atomic<bool> &stop, Progress progress);

    // An error only when nothing can be done at all; what goes wrong with one file stands in its report.
    Result<std::vector<FileReport>> run(std::vector<FilePlan> plans);

private:
    // What is known of a file that lies staged, until the swap says how it went.
    struct Pending
    {
        FilePlan plan;
        Receipt receipt;
        FileReport report;
    };
    struct Damage
    {
        FilePlan plan;
        QString name;
        QString reason;
    };

    struct Held // a file's content
    {
        feather::Table table;
        LoadedFile loaded;
        ImpossibleInFile bad; // not in the table any more
    };

    Result<Held> hold(const FilePlan &plan, const QString &path, const FileStamp &stamp);
    void chooseLayout(const QString &exchange);
    QStringList namesToCompare(const std::vector<FilePlan> &plans) const;
    bool hasNews(const FilePlan &plan, const Receipt &receipt) const;
    std::optional<RowSource::Wish> wishFor(const FilePlan &plan, bool compare) const;
    UtcTime readFrom(const Receipt *known, bool whole) const;
    void process(const FilePlan &plan, bool compare);
    Status setAside(const QString &name, const QString &aside) const;
    Status tellImpossible(const ImpossibleInFile &bad, qint64 refilled, FileReport &report) const;
    static QString leftOutText(const Rows &ours); // empty: nothing was
    void repair(const Damage &damage, std::chrono::steady_clock::time_point until);
    void flush();
    void finish(FileReport report);

    UtcTime rereadFrom(const FilePlan &plan, const feather::Table &table, UtcTime storeLast) const;
    QByteArray digestOf(const QByteArray &bytes) const;
    Status stage(const QString &name, const feather::Table &table, const FileStamp &stamp, Receipt &receipt,
                 FileReport &report);

    Options m_options;
    RowSource &m_source;
    UtcTime m_now;
    const std::atomic<bool> &m_stop;
    Progress m_progress;

    Layout m_layout;
    Receipts m_receipts;
    bool m_receiptsChanged = false;
    feather::Reader m_feather;
    feather::Writer m_writer;
    FileSwap m_swap;
    std::vector<Pending> m_pending;
    std::vector<Damage> m_damaged;
    std::vector<FilePlan> m_overtaken;
    std::vector<FileReport> m_reports;
};

} // namespace tk::sync
