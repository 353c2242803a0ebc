// Lets frames of a few milliseconds gather before the thread wakes: at thousands of frames a second the wake-up, not
// the work, is the cost (a fifth of the CPU at 5,000 frames/s for 2 ms of latency). Install in the thread it serves.
#pragma once

#include <QObject>

#include <chrono>

namespace tk::feed {

class WakeupCoalescer : public QObject
{
    Q_OBJECT
public:
    explicit WakeupCoalescer(std::chrono::microseconds pause, QObject *parent = nullptr);

private:
    std::chrono::microseconds m_pause;
};

} // namespace tk::feed
