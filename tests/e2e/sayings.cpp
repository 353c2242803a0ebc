#include "sayings.h"

#include <algorithm>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

constexpr auto aftershock = 60s;      // reconnecting, and what is asked for again
constexpr size_t mostSayings = 5'000; // counts change in them

} // namespace

void Sayings::begin(MonotonicTime now)
{
    m_begin = now;
    m_known.clear();
    m_all.clear();
}

void Sayings::shake(MonotonicTime now)
{
    m_shakenUntil = now + aftershock;
}

void Sayings::hear(const QString &face, const QString &text, bool complaint, MonotonicTime now)
{
    const bool shaken = now < m_shakenUntil;
    const QString key = QStringLiteral("%1%2%3 %4").arg(complaint).arg(shaken).arg(face, text);
    if (!isListening() || m_all.size() >= mostSayings || m_known.contains(key))
        return;
    m_known.insert(key);
    m_all.push_back({.face = face,
                     .text = text,
                     .complaint = complaint,
                     .after = std::chrono::duration_cast<milliseconds>(now - m_begin),
                     .shaken = shaken});
}

std::map<QString, milliseconds> Sayings::firstComplaints() const
{
    std::map<QString, milliseconds> first;
    for (const Saying &saying : m_all) {
        if (saying.complaint)
            first.try_emplace(saying.face, saying.after);
    }
    return first;
}

bool Sayings::contain(const QString &word) const
{
    return std::ranges::any_of(m_all,
                               [&](const Saying &saying) { return saying.text.contains(word, Qt::CaseInsensitive); });
}

QString Sayings::text() const
{
    QStringList lines;
    for (const Saying &saying : m_all)
        lines.append(QStringLiteral("  %1 after %2%3%4: %5")
                         .arg(saying.face, ageText(saying.after), saying.complaint ? QStringLiteral("!") : QString(),
                              saying.shaken ? QStringLiteral(" (shaken)") : QString(), saying.text));
    constexpr qsizetype shown = 60;
    return lines.mid(0, shown).join(u'\n');
}

} // namespace tk::test
