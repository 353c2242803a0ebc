// What time it is for the engine that is shown: its clock may differ from ours (another host, a drill's fast clock),
// and ages are told by it. Between two messages it runs as ours does; when the engine is gone it stands still, so that
// no age looks fresher or older than it was when last seen.
#pragma once

#include "base/time.h"

#include <QElapsedTimer>

namespace tk::monitor {

class EngineClock
{
public:
    void set(UtcTime now)
    {
        m_told = now;
        m_since.start();
    }
    void stop()
    {
        m_told = now();
        m_since.invalidate();
    }
    bool isKnown() const { return toMs(m_told) != 0; }
    UtcTime now() const { return m_since.isValid() ? m_told + milliseconds(m_since.elapsed()) : m_told; }

private:
    UtcTime m_told{};
    QElapsedTimer m_since;
};

} // namespace tk::monitor
