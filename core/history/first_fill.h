// The first fill: how much it wants, how far it is, and a word in the log while it runs. Pure but for the log; history
// thread.
#pragma once

#include "history/backfill.h"

namespace tk::history {

class FirstFill
{
public:
    const FillProgress &progress() const { return m_fill; }

    void planLater(MonotonicTime now); // what a request weighs is asked first
    void plan(MonotonicTime now);
    void wants(qint64 candles); // of one series more
    void fetched(qint64 candles) { m_fill.fetched += candles; }
    void lacks(qint64 candles) { m_fill.wanted -= candles; } // the exchange does not have them
    // Everything is planned. True while there is something to fetch.
    bool begin(size_t jobs);
    void beginAnew() { m_fill = {}; } // the store did

    // How it goes, now and then. True once, when the last of it is stored (`idle`: nothing is under way).
    bool tell(MonotonicTime now, int requestsLeft, bool idle, const std::pair<QString, QString> &spent);

private:
    FillProgress m_fill;
    MonotonicTime m_fillToldAt{};
};

} // namespace tk::history
