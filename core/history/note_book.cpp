#include "history/note_book.h"

#include "base/logging.h"

#include <algorithm>
#include <utility>

namespace tk::history {

namespace {

constexpr milliseconds notesEvery{5'000};

} // namespace

NoteBook::NoteBook(QString exchange)
    : m_exchange(std::move(exchange))
{}

void NoteBook::note(HistoryNote::Kind kind, const QString &pair, qint64 count, TimeSpan span, const QString &detail)
{
    HistoryNote &told = m_notes[kind];
    told.kind = kind;
    told.exchange = m_exchange;
    told.from = told.count == 0 ? span.from : std::min(told.from, span.from);
    told.to = std::max(told.to, span.to);
    told.count += count;
    if (!told.pairs.contains(pair))
        told.pairs.append(pair);
    if (!detail.isEmpty())
        told.detail = detail;
}

void NoteBook::noteAnew(HistoryNote::Kind kind, qint64 count, const QString &detail)
{
    HistoryNote &told = m_notes[kind];
    told.kind = kind;
    told.exchange = m_exchange;
    told.count = count;
    told.detail = detail;
}

std::vector<HistoryNote> NoteBook::take(MonotonicTime now)
{
    if (m_notes.empty() || now < m_notesAt)
        return {};
    m_notesAt = now + notesEvery;
    std::vector<HistoryNote> taken;
    for (const auto &[kind, told] : std::exchange(m_notes, {})) {
        const char *what =
            kind == HistoryNote::Kind::ClosesMissed ? "the exchange's closed mark did not come"
            : kind == HistoryNote::Kind::Corrected  ? "the exchange corrected candles; the value of its history is kept"
            : kind == HistoryNote::Kind::Impossible ? "the exchange told candles that cannot be; left out"
            : kind == HistoryNote::Kind::LedgerLost ? "the gap ledger was removed or damaged, and began anew"
                                                    : "the store began anew and is filled again";
        qCWarning(lcHistory).noquote() << what << logField(u"count", QString::number(told.count))
                                       << logField(u"pairs", told.pairs.mid(0, 6).join(u','))
                                       << logField(u"detail", told.detail);
        taken.push_back(told);
    }
    return taken;
}

} // namespace tk::history
