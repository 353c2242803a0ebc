// The exchange's clock beside ours: how far they are apart, when to ask again, and a word where somebody must look at
// NTP. The caller asks the exchange. History thread.
#pragma once

#include "base/clock.h"
#include "base/clock_watch.h"
#include "market/timeframe.h"

#include <QString>

namespace tk::history {

class ExchangeClock
{
public:
    // `finalAfter`: its close, a candle is final over REST.
    ExchangeClock(const Clock &clock, QString exchange, milliseconds finalAfter);

    milliseconds offset() const { return m_offset; } // the exchange's clock minus ours
    UtcTime now() const { return m_clock->utcNow() + m_offset; }
    UtcTime lastClosed(Timeframe timeframe) const; // end of what REST can give as final

    // Once a minute, sooner where the last answer was slow or none came, and at once when our clock was set.
    bool isDue();
    void asked();
    void notAnswered();
    // `told` by the exchange to a question that was sent at `sent` by our clock, `roundTrip` before now.
    void answered(UtcTime told, UtcTime sent, milliseconds roundTrip);

    milliseconds finalAfter() const { return m_finalAfter; }

private:
    const Clock *m_clock;
    QString m_exchange;
    milliseconds m_finalAfter;
    milliseconds m_offset{0};
    ClockWatch m_watch;
    MonotonicTime m_askAt{};
    MonotonicTime m_tellAt{}; // an offset that lasts is warned of again
};

} // namespace tk::history
