// The spool's small file: how far each lane is confirmed, its newest number, and whether the last run ended in order.
#pragma once

#include "store/posix_file.h"
#include "store/spool/spool.h"

#include <optional>

namespace tk::store {

struct Positions
{
    struct OfLane
    {
        quint64 acknowledged = 0;
        quint64 last = 0; // numbers up to it were given away, whatever files are left

        bool operator==(const OfLane &) const = default;
    };
    PerLane<OfLane> lanes{};
    bool closed_cleanly = false;

    bool operator==(const Positions &) const = default;
};

// Two slots in one file of fixed size, written in turns: a torn write harms the older slot only, and a full disk harms
// none, because nothing has to be allocated. (A temporary file and a rename would fail just when room must be made.)
class PositionFile
{
public:
    enum class Found { Nothing, Positions, Unreadable };

    // Reads the newer sound slot, or creates the file.
    Result<Found> open(const QString &file);
    const Positions &positions() const { return m_positions; } // as they are on the disk

    bool isThere() const { return m_file.isNamed(m_name); } // false: removed or replaced since

    // Durable on return. Nothing is written where nothing changed.
    Status save(const Positions &positions);

    static constexpr qint64 fileSize = 8192;

private:
    PosixFile m_file;
    QString m_name;
    Positions m_positions;
    quint64 m_generation = 0; // of m_positions; its lowest bit names the slot
    bool m_sound = false;     // m_positions is what a slot holds
};

} // namespace tk::store
