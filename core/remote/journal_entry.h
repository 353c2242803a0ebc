// One entry of a systemd journal, as `journalctl -o json` prints it (reference: operations §3). Pure.
#pragma once

#include "base/time.h"

#include <QByteArray>
#include <QString>

#include <optional>

namespace tk::remote {

struct JournalEntry
{
    UtcTime time{};
    QString unit{};
    int priority = 6; // 0 the worst, 7 for debugging
    QString message{};
    QString cursor{}; // to go on behind it
};

// Nothing for what is no entry. Bytes that are no text are replaced; control characters stay out.
std::optional<JournalEntry> parseJournalLine(const QByteArray &line);

// What of a journal is wanted. Both must hold.
struct JournalFilter
{
    QString text{};       // somewhere in the message, whatever its case; empty: any
    int max_priority = 7; // 4: warnings and worse

    bool takes(const JournalEntry &entry) const
    {
        return entry.priority <= max_priority && (text.isEmpty() || entry.message.contains(text, Qt::CaseInsensitive));
    }
};

} // namespace tk::remote
