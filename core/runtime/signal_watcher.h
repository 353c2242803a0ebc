// SIGTERM, SIGINT and SIGHUP as Qt signals in the thread that owns this object. One at a time per process.
#pragma once

#include "base/result.h"

#include <QObject>

#include <memory>

class QSocketNotifier;

namespace tk::runtime {

class SignalWatcher final : public QObject
{
    Q_OBJECT
public:
    explicit SignalWatcher(QObject *parent = nullptr);
    ~SignalWatcher() override; // puts the former handlers back

    Status start();

Q_SIGNALS:
    // 1: stop in order. 2 and more: whoever asks is impatient.
    void terminate(int count);
    void reload();

private:
    void read();

    struct Handlers;
    std::unique_ptr<Handlers> m_handlers;
    std::unique_ptr<QSocketNotifier> m_notifier;
    int m_terminations = 0;
};

} // namespace tk::runtime
