// Recorded frames, told again to every connection from its own beginning.
#pragma once

#include "support/exchange/market.h"

#include <QByteArray>
#include <QList>

#include <unordered_map>
#include <vector>

namespace tk::sim {

class WsSession;

class Replay
{
public:
    explicit Replay(Market &market); // reads the files of the settings; a file that cannot be read is an empty one

    void advance(WsSession &session);
    qsizetype size() const { return m_frames.size(); }

private:
    struct Position
    {
        qsizetype next = 0;
        qint64 startMs = 0;
    };

    Market &m_market;
    QList<QByteArray> m_frames;                    // encoded
    std::vector<qint64> m_times;                   // ms after the first
    std::unordered_map<int, Position> m_positions; // by connection
};

} // namespace tk::sim
