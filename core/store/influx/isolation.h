// A body of lines on its way: sent whole, and cut smaller and smaller where the server refuses it, until every line is
// delivered or known to be at fault. Correct for all products, since sending a line again changes nothing (reference
// influx §7). Pure.
#pragma once

#include "base/clock.h"
#include "store/influx/dialect.h"

#include <QByteArray>

#include <deque>
#include <vector>

namespace tk::store::influx {

class Isolation
{
public:
    struct Refused
    {
        QByteArray line; // without its line feed
        Reply reply;
        int attempts = 0;
    };

    explicit Isolation(QByteArray lines); // whole lines, each ended by a line feed

    bool isDone() const { return m_pieces.empty(); }
    QByteArray piece() const; // what to send now; whole lines

    // What the server said to that piece. WrongPlace and NotAllowed change nothing: nobody looked at the lines.
    void answered(const Reply &reply, MonotonicTime now);

    // Found to be at fault so far; the rest of a body that is done was delivered.
    const std::vector<Refused> &refused() const { return m_refused; }
    bool isWhole() const { return m_whole; } // nothing was cut yet
    qsizetype bytes() const { return m_lines.size(); }
    const QByteArray &lines() const { return m_lines; }
    QByteArray deliveredLines() const; // of a body that is done

private:
    struct Line
    {
        qsizetype at = 0;
        qsizetype size = 0; // with its line feed
    };
    struct Piece
    {
        std::vector<Line> lines{};
        int attempts = 0;
        int failures = 0;          // 5xx, while the server is under suspicion to fail on these very lines
        quint64 accepted_then = 0; // m_accepted when it failed first
        bool control = false;      // a line that was accepted before, sent again to see whether the server works
    };

    void split();
    void refuseBad(const Reply &reply);
    void serverFailed(const Reply &reply, MonotonicTime now);
    void refuseFront(const Reply &reply);
    void restore();
    QByteArray textOf(const Line &line) const { return m_lines.sliced(line.at, line.size - 1); }

    QByteArray m_lines;
    std::deque<Piece> m_pieces;
    std::vector<Refused> m_refused;
    std::vector<Line> m_refusedAt;
    bool m_whole = true;

    // A server that answers 5xx again and again to one piece, and takes others, fails on a line of it.
    bool m_suspect = false;
    int m_failures = 0;
    MonotonicTime m_failingSince{};
    quint64 m_accepted = 0;
    std::vector<Line> m_control; // one line that was accepted, or none
};

} // namespace tk::store::influx
