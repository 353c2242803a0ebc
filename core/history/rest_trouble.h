// What keeps REST of an exchange from working: told as often as helps, and until when nothing is asked. History thread.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "base/tell_limit.h"

#include <QString>

namespace tk::history {

class RestTrouble
{
public:
    struct Circumstances // for the log
    {
        milliseconds paused_for{0}; // by the budget
        size_t jobs_waiting = 0;
        bool instruments_known = false;
    };

    RestTrouble(const Clock &clock, QString exchange);

    const QString &text() const { return m_text; } // empty when it works
    UtcTime since() const { return m_text.isEmpty() ? UtcTime{} : m_since; }
    bool isHeld(MonotonicTime now) const { return now < m_heldUntil; }
    MonotonicTime heldUntil() const { return m_heldUntil; }

    void hold();                      // longer each time, until it works
    void holdFor(milliseconds pause); // so long

    void fell(const QString &what, const Circumstances &circumstances);
    void works(); // an answer came that says what was asked for
    // The last word of the log is never the wrong one: what may not be told now is told later. Call now and then.
    void tellWorking();

private:
    const Clock *m_clock;
    QString m_exchange;
    QString m_text;
    UtcTime m_since{};
    MonotonicTime m_heldUntil{};
    Backoff m_backoff;
    TellLimit m_limit;        // of both, that it does not work and that it works again
    bool m_toldLast = false;  // the last word in the log was that it does not work
    MonotonicTime m_toldAt{}; // the same text is told again after
};

} // namespace tk::history
