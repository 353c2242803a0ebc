// SIGTERM, SIGINT and SIGHUP as Qt signals in the thread that owns this object. One at a time per process.
#pragma once

#include "base/result.h"

#include <QObject>

#include <chrono>
#include <memory>

class QSocketNotifier;

namespace tk::runtime {

class SignalWatcher final : public QObject
{
    Q_OBJECT
public:
    // What comes within `moment` of the first one is the same wish: process managers, and `timeout`, signal a process
    // and then its group.
    explicit SignalWatcher(QObject *parent = nullptr, std::chrono::milliseconds moment = std::chrono::seconds(1));
    ~SignalWatcher() override; // puts the former handlers back

    Status start();

Q_SIGNALS:
    // 1: stop in order. 2 and more: whoever asks is impatient, by a second one later or by a third one at any time.
    void terminate(int count);
    void reload();

private:
    void read();

    struct Handlers;
    std::unique_ptr<Handlers> m_handlers;
    std::unique_ptr<QSocketNotifier> m_notifier;
    std::chrono::milliseconds m_moment;
    std::chrono::milliseconds m_first{0}; // of the system's monotonic clock
    int m_signals = 0;
    int m_terminations = 0;
};

} // namespace tk::runtime
