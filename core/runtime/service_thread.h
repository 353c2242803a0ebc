// One service and its thread, seen from the thread that owns this object: commands in, events out.
#pragma once

#include "runtime/service.h"

#include <QThread>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>

namespace tk::runtime {

class ServiceThread final : public QObject
{
    Q_OBJECT
public:
    using Factory = std::function<std::unique_ptr<Service>()>; // called in the service's thread

    ServiceThread(const QString &name, Factory make, QObject *parent = nullptr);
    ~ServiceThread() override; // waits for the thread; a hung one must be left to the end of the process

    void start();

    // Asks the service to stop, at once or as soon as it is ready. What has not stopped after `grace` has its event
    // loop ended; what does not even notice that within the same time again is hung.
    void stop(std::chrono::milliseconds grace);

    QString name() const;
    bool isReady() const { return m_ready; }
    bool isEnded() const { return m_ended; }
    bool isHung() const { return m_hung; }

Q_SIGNALS:
    void ready();                        // start() was good
    void failed(const tk::Error &error); // to start, while running, or by stopping unasked
    void ended(bool clean);              // once; the service is gone, unless it is hung
    void stopRequested();                // to the service

private:
    class Thread;
    void onReady();
    void onGrace();
    void onFinished();
    void end();

    std::unique_ptr<Thread> m_thread;
    QTimer m_grace;
    bool m_started = false;
    bool m_ready = false;
    bool m_stopping = false;
    bool m_failed = false;
    bool m_clean = true;
    bool m_quitting = false;
    bool m_hung = false;
    bool m_ended = false;
};

} // namespace tk::runtime
