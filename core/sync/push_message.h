// What is said in the frames of a push, as values. Whatever a payload holds, it becomes a value within its bounds or an
// error. Pure.
#pragma once

#include "sync/push_frame.h"
#include "sync/row_blocks.h"
#include "sync/sync_run.h"

#include <QList>

namespace tk::sync {

inline constexpr quint32 mostPlans = 200'000;
inline constexpr size_t mostWants = 1'000; // that are not answered yet
inline constexpr qint64 mostRowsOfFile = 20'000'000;

// How the files are to be kept; the feeder needs no configuration of its own.
struct PushBegin
{
    static constexpr FrameKind kind = FrameKind::Begin;
    quint32 protocol = pushProtocol;
    QString version{};
    UtcTime now{};
    milliseconds history{};
    milliseconds interval{}; // between two pushes
    QString freqtrade{};     // "auto", or a version
    bool full = false;
    quint32 plans = 0;  // how many follow
    QByteArray known{}; // digestOf() the receipts that the collector has
};

// Some of the plans, in their order.
struct PushPlans
{
    static constexpr FrameKind kind = FrameKind::Plans;
    std::vector<FilePlan> plans;
};

struct PushWant
{
    static constexpr FrameKind kind = FrameKind::Want;
    quint32 id = 0;
    quint32 plan = 0; // its place among the plans
    Timeframe timeframe = Timeframe::M1;
    UtcTime from{};
    std::vector<RowBlock> have{}; // blocks of the file: those that the store has just the same are not sent
};

// A page of what was wanted.
struct PushRows
{
    static constexpr FrameKind kind = FrameKind::Rows;
    quint32 id = 0;
    bool last = false;
    Rows rows{};
};

struct PushNoRows
{
    static constexpr FrameKind kind = FrameKind::NoRows;
    quint32 id = 0;
    QString why;
};

// Of each file that is not simply as it was.
struct PushFile
{
    static constexpr FrameKind kind = FrameKind::File;
    SyncReport::Row row;
};

// What a file holds, and proves it.
struct PushReceipt
{
    static constexpr FrameKind kind = FrameKind::Receipt;
    QString file; // below the datadir
    qint64 rows = 0;
    UtcTime first{};
    UtcTime last{};
    qint64 bytes = 0;
    QByteArray sha256; // hexadecimal

    bool operator==(const PushReceipt &) const = default;
};

struct PushDone
{
    static constexpr FrameKind kind = FrameKind::Done;
    quint32 unchanged = 0;
    bool stopped = false;
    bool all = false; // the receipts that were sent are all there are; else those that have changed
};

struct PushFail
{
    static constexpr FrameKind kind = FrameKind::Fail;
    Error error{};
};

// Not longer than a frame may be: of plans and rows no more are given at once.
template <typename Message>
QByteArray pushFrame(const Message &message);

// Of a frame of the message's kind.
template <typename Message>
Result<Message> readPush(const Frame &frame);

// The same for the same receipts, in whatever order.
QByteArray digestOf(std::vector<PushReceipt> receipts);

} // namespace tk::sync
