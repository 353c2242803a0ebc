// What history found out and people have not been told yet: bundled, since one cause concerns many pairs and an event
// each would say less. History thread.
#pragma once

#include "history/history_note.h"
#include "market/records.h"

#include <map>
#include <vector>

namespace tk::history {

class NoteBook
{
public:
    explicit NoteBook(QString exchange);

    // Adds to what waits of that kind.
    void note(HistoryNote::Kind kind, const QString &pair, qint64 count, TimeSpan span, const QString &detail);
    // The store or the ledger began anew: only the newest count holds.
    void noteAnew(HistoryNote::Kind kind, qint64 count, const QString &detail = {});

    // All that waits, every few seconds; nothing in between. Written to the log here.
    std::vector<HistoryNote> take(MonotonicTime now);

private:
    QString m_exchange;
    std::map<HistoryNote::Kind, HistoryNote> m_notes; // not told yet
    MonotonicTime m_notesAt{};
};

} // namespace tk::history
