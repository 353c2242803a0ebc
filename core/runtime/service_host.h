// Starts the services of a program one after the other and stops them in the opposite order, each by its deadline.
// Lives in the main thread.
#pragma once

#include "runtime/service_thread.h"

#include <functional>
#include <memory>
#include <vector>

namespace tk::runtime {

class ServiceHost final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    ~ServiceHost() override; // last added first, whatever state they are in

    // Consumers before producers: what is added first is started first and stopped last. While the others run it is
    // started as soon as they are ready.
    void add(const QString &name, ServiceThread::Factory make, std::chrono::milliseconds grace);

    // Stops this service alone; the others go on. `done` is called when its thread has ended, or is given up.
    void remove(const QString &name, std::function<void()> done);

    // Each service starts once the one before is ready. When one cannot, the others are stopped.
    void start();

    // May come at any time, and more than once; ends in allStopped().
    void stop();

    bool isStopping() const { return m_stopping; }
    bool isHung() const; // some thread can never be joined: end the process without destructors

Q_SIGNALS:
    void allReady();                                             // once
    void failed(const QString &service, const tk::Error &error); // then everything stops
    void allStopped(bool clean);                                 // once

private:
    struct Entry
    {
        std::unique_ptr<ServiceThread> service;
        std::chrono::milliseconds grace;
    };

    void startNext();
    void stopLast();
    void left(ServiceThread *service, const std::function<void()> &done);
    void endIfAllHave();

    std::vector<Entry> m_entries;
    std::vector<std::unique_ptr<ServiceThread>> m_leaving; // removed, and not ended; a hung one stays
    size_t m_ready = 0;
    size_t m_running = 0; // of m_entries, from the front: started and not ended
    bool m_started = false;
    bool m_toldReady = false;
    bool m_stopping = false;
    bool m_toldStopped = false;
    bool m_clean = true;
};

} // namespace tk::runtime
