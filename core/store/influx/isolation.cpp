#include "store/influx/isolation.h"

#include <QSet>

#include <algorithm>

namespace tk::store::influx {

namespace {

// From here on a server that keeps failing is asked whether it fails on these lines (§7, poison).
constexpr int suspiciousFailures = 10;
constexpr milliseconds suspiciousFor{60'000};
constexpr int failuresOfPiece = 2;

} // namespace

Isolation::Isolation(QByteArray lines)
    : m_lines(std::move(lines))
{
    Piece all;
    for (qsizetype at = 0; at < m_lines.size();) {
        const qsizetype end = m_lines.indexOf('\n', at);
        if (end < 0) { // never sent by us; whole all the same
            m_lines.append('\n');
            continue;
        }
        all.lines.push_back({at, end + 1 - at});
        at = end + 1;
    }
    if (!all.lines.empty())
        m_pieces.push_back(std::move(all));
}

QByteArray Isolation::piece() const
{
    if (m_whole)
        return m_lines;
    QByteArray text;
    for (const Line &line : m_pieces.front().lines)
        text.append(m_lines.constData() + line.at, line.size);
    return text;
}

QByteArray Isolation::deliveredLines() const
{
    if (m_refusedAt.empty())
        return m_lines;
    std::vector<Line> refused = m_refusedAt;
    std::ranges::sort(refused, {}, &Line::at);
    QByteArray text;
    text.reserve(m_lines.size());
    qsizetype at = 0;
    for (const Line &line : refused) {
        text.append(m_lines.constData() + at, line.at - at);
        at = line.at + line.size;
    }
    text.append(m_lines.constData() + at, m_lines.size() - at);
    return text;
}

void Isolation::answered(const Reply &reply, MonotonicTime now)
{
    if (m_pieces.empty())
        return;
    ++m_pieces.front().attempts;
    switch (reply.verdict) {
    case Verdict::Delivered:
        if (!m_pieces.front().control)
            m_control = {m_pieces.front().lines.front()};
        ++m_accepted;
        m_failures = 0;
        m_pieces.pop_front();
        break;
    case Verdict::TooLarge:
        if (m_pieces.front().lines.size() > 1)
            split();
        else if (reply.status == 0)
            break; // a single line and no answer: the connection, not the size
        else
            refuseFront(reply);
        break;
    case Verdict::BadLines:
        refuseBad(reply);
        break;
    case Verdict::ComeAgain:
        if (reply.status >= 500)
            serverFailed(reply, now);
        else
            m_failures = 0;
        break;
    case Verdict::WrongPlace:
    case Verdict::NotAllowed:
        break;
    }
}

void Isolation::split()
{
    Piece &front = m_pieces.front();
    const auto middle = front.lines.begin() + std::ptrdiff_t(front.lines.size() / 2);
    Piece second{.lines = {middle, front.lines.end()}, .attempts = front.attempts};
    front.lines.erase(middle, front.lines.end());
    front.failures = 0;
    m_pieces.insert(m_pieces.begin() + 1, std::move(second));
    m_whole = false;
}

void Isolation::refuseFront(const Reply &reply)
{
    const Piece &front = m_pieces.front();
    if (!front.control) {
        m_refused.push_back({textOf(front.lines.front()), reply, front.attempts});
        m_refusedAt.push_back(front.lines.front());
    }
    m_pieces.pop_front();
    m_whole = false;
}

void Isolation::refuseBad(const Reply &reply)
{
    Piece &front = m_pieces.front();
    if (front.lines.size() == 1) {
        refuseFront(reply);
        return;
    }
    // The lines that the answer names go at once, where the text is the whole line; the rest is sent again, since the
    // answer tells one reason and one shard's count at best (§0).
    QSet<QByteArray> named;
    for (const QByteArray &line : reply.bad_lines)
        named.insert(line);
    std::vector<Line> rest;
    for (const Line &line : front.lines) {
        if (!named.isEmpty() && named.contains(textOf(line))) {
            m_refused.push_back({textOf(line), reply, front.attempts});
            m_refusedAt.push_back(line);
        } else {
            rest.push_back(line);
        }
    }
    m_whole = false;
    if (rest.size() == front.lines.size())
        split();
    else if (rest.empty())
        m_pieces.pop_front();
    else
        front.lines = std::move(rest);
}

void Isolation::serverFailed(const Reply &reply, MonotonicTime now)
{
    if (!m_suspect) {
        if (m_failures++ == 0)
            m_failingSince = now;
        if (m_failures < suspiciousFailures || now - m_failingSince < suspiciousFor)
            return;
        m_failures = 0;
        if (m_pieces.front().lines.size() < 2 && m_control.empty() && m_pieces.size() < 2)
            return; // nothing to compare it with
        m_suspect = true;
        if (m_pieces.front().lines.size() > 1)
            split();
        return;
    }
    Piece &front = m_pieces.front();
    if (front.control) { // it took this line before: the server is at fault, not the lines
        restore();
        return;
    }
    if (front.failures++ == 0)
        front.accepted_then = m_accepted;
    if (front.failures >= failuresOfPiece && m_accepted > front.accepted_then) {
        if (front.lines.size() > 1)
            split();
        else
            refuseFront(reply);
        return;
    }
    const bool enough =
        std::ranges::all_of(m_pieces, [](const Piece &piece) { return piece.failures >= failuresOfPiece; });
    if (enough && m_control.empty()) {
        restore();
        return;
    }
    // The others are tried before this one again; when it is the last, a line that was accepted before.
    m_pieces.push_back(std::move(front));
    m_pieces.pop_front();
    if (enough)
        m_pieces.push_front({.lines = m_control, .control = true});
}

void Isolation::restore()
{
    Piece all;
    for (Piece &piece : m_pieces) {
        if (!piece.control)
            all.lines.insert(all.lines.end(), piece.lines.begin(), piece.lines.end());
        all.attempts = std::max(all.attempts, piece.attempts);
    }
    std::ranges::sort(all.lines, {}, &Line::at); // the later of two values must be sent later
    m_pieces.clear();
    m_pieces.push_back(std::move(all));
    m_suspect = false;
    m_failures = 0;
}

} // namespace tk::store::influx
