// The durable way between the engine and a database: what was appended is on the disk, and stays there until the
// database has confirmed it, and a while longer. Line protocol in, line protocol out; knows nothing of databases.
// Thread-safe: whoever appends waits for the others who do, and nobody else.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <QByteArray>
#include <QString>

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace tk::store {

// A lane is delivered in its order, apart from the others. When the disk is full, the first lane goes first.
enum class Lane : quint8 {
    Candles, // and settled funding rates: history has them all
    Marks,   // mark prices and predicted rates: history has the minute's price
    Ticks,   // trades, liquidations, tickers, depth: nobody has them again
};
inline constexpr std::array<Lane, 3> allLanes{Lane::Candles, Lane::Marks, Lane::Ticks};
template <typename T>
using PerLane = std::array<T, allLanes.size()>;

std::string_view laneName(Lane lane); // "candles", "marks", "ticks": also the folder's name

struct SpoolEntry
{
    Lane lane = Lane::Candles;
    quint64 seq = 0;    // from 1, ascending within the lane, never used twice
    UtcTime taken{};    // when it was appended
    QByteArray lines{}; // whole lines, each ended by a line feed
};

// Something on the disk that could not be read back and was passed over.
struct SpoolDamage
{
    QString file;
    qint64 offset = 0;
    qint64 bytes = 0;
    QString what; // "torn tail", "checksum", "no record", "number out of order", the system's words
};

struct SpoolFigures
{
    struct OfLane
    {
        quint64 last_seq = 0;         // of the newest entry; 0: none ever
        quint64 acknowledged_seq = 0; // everything up to it is confirmed
        qint64 waiting_entries = 0;
        qint64 waiting_bytes = 0; // of lines not yet acknowledged
        UtcTime oldest_waiting{}; // 0: nothing waits
    };
    PerLane<OfLane> lanes{};
    qint64 bytes_on_disk = 0; // what is acknowledged and kept included
    qint64 max_size = 0;
    quint64 evicted_entries = 0; // not acknowledged, and removed for want of room
    quint64 damaged_bytes = 0;

    qint64 waitingBytes() const;
    UtcTime oldestWaiting() const; // 0: nothing waits
};

// A lane that was lost: its files were removed or replaced while in use.
struct SpoolLoss
{
    Lane lane = Lane::Candles;
    qint64 waiting_entries = 0; // that nobody has confirmed
    UtcTime oldest_waiting{};   // 0: nothing waited
};

struct SpoolOptions
{
    QString folder;                     // created, for the owner alone
    qint64 max_size = qint64(20) << 30; // bytes on the disk
    std::chrono::milliseconds keep_acknowledged = std::chrono::hours(24);
    qint64 segment_size = qint64(64) << 20; // at most max_size / 16

    // What is about to be removed although nobody confirmed it, oldest first. Called in the appending thread, which
    // may ask the spool anything but append to it.
    std::function<void(const std::vector<SpoolEntry> &)> onEvicted{};
    // Called in whichever thread found it.
    std::function<void(const SpoolDamage &)> onDamage{};
};

class Spool
{
public:
    virtual ~Spool() = default;

    // One durable step: on return all lines are synced to the disk. Gives the last seq of each lane that got lines, 0
    // for the others. On an error nothing is promised, and the same call may be repeated: a line delivered twice is
    // the same point. Makes room within max_size, and on a full disk, in this order: what is acknowledged, oldest
    // first; then waiting candles, marks, ticks.
    virtual Result<PerLane<quint64>> append(const PerLane<QByteArray> &lines, UtcTime taken) = 0;

    // Entries behind `after`, in order, acknowledged or not, up to `max_bytes` of lines but one at least; none at the
    // end. What was evicted or damaged is passed over.
    virtual Result<std::vector<SpoolEntry>> read(Lane lane, quint64 after, qint64 max_bytes) = 0;

    // The database confirmed every entry up to `seq`.
    virtual void acknowledge(Lane lane, quint64 seq) = 0;

    // The seq before the first kept entry that was taken at or after `since`: what read() wants to begin there.
    virtual quint64 before(Lane lane, UtcTime since) = 0;

    // Makes acknowledgements durable and then removes what is acknowledged and older than keep_acknowledged. About
    // once a second.
    virtual Status maintain(UtcTime now) = 0;

    // Says that this run ends in order, with everything on the disk. The next open() can tell.
    virtual Status closeCleanly(UtcTime now) = 0;
    virtual bool wasClosedCleanly() const = 0;

    // False where its files were removed or replaced while in use: what is appended then is on no disk. Never waits.
    virtual bool isWhole() = 0;
    // Makes it whole again: lanes that were lost begin anew, empty, and their numbers go on. What lies in their place
    // is set aside. Tells what went.
    virtual Result<std::vector<SpoolLoss>> mend() = 0;

    virtual SpoolFigures figures() const = 0;
};

// Opens the folder, cuts off what a crash tore, says what is damaged. An error where the folder cannot be used at all.
Result<std::unique_ptr<Spool>> openSpool(SpoolOptions options);

} // namespace tk::store
