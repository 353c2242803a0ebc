// Starts the services of a program one after the other and stops them in the opposite order, each by its deadline.
// Lives in the main thread.
#pragma once

#include "runtime/service_thread.h"

#include <vector>

namespace tk::runtime {

class ServiceHost final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    ~ServiceHost() override; // last added first, whatever state they are in

    // Consumers before producers: what is added first is started first and stopped last. Before start() only.
    void add(const QString &name, ServiceThread::Factory make, std::chrono::milliseconds grace);

    // Each service starts once the one before is ready. When one cannot, the others are stopped.
    void start();

    // May come at any time, and more than once; ends in allStopped().
    void stop();

    bool isStopping() const { return m_stopping; }
    bool isHung() const; // some thread can never be joined: end the process without destructors

Q_SIGNALS:
    void allReady();
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

    std::vector<Entry> m_entries;
    size_t m_ready = 0;
    size_t m_running = 0; // of m_entries, from the front: started and not ended
    bool m_stopping = false;
    bool m_clean = true;
};

} // namespace tk::runtime
