#include "runtime/service_host.h"

#include "base/logging.h"

#include <algorithm>
#include <utility>

namespace tk::runtime {

ServiceHost::~ServiceHost()
{
    while (!m_entries.empty())
        m_entries.pop_back();
}

void ServiceHost::add(const QString &name, ServiceThread::Factory make, std::chrono::milliseconds grace)
{
    auto service = std::make_unique<ServiceThread>(name, std::move(make));
    ServiceThread *thread = service.get();
    connect(thread, &ServiceThread::failed, this, [this, name](const Error &error) {
        qCCritical(lcRuntime).noquote() << name << "failed:" << error.message;
        m_clean = false;
        Q_EMIT failed(name, error);
        stop();
    });
    connect(thread, &ServiceThread::ready, this, [this] {
        ++m_ready;
        startNext();
    });
    m_entries.push_back({std::move(service), grace});
}

void ServiceHost::start()
{
    if (m_running == 0 && !m_stopping)
        startNext();
}

void ServiceHost::startNext()
{
    if (m_stopping)
        return;
    if (m_running == m_entries.size()) {
        if (m_ready == m_entries.size())
            Q_EMIT allReady();
        return;
    }
    m_entries[m_running++].service->start();
}

void ServiceHost::stop()
{
    if (std::exchange(m_stopping, true))
        return;
    stopLast();
}

void ServiceHost::stopLast()
{
    while (m_running > 0 && m_entries[m_running - 1].service->isEnded()) // a failed one went before it was asked
        --m_running;
    if (m_running == 0) {
        // Never from within stop(): the caller may not have connected yet.
        QMetaObject::invokeMethod(
            this, [this] { Q_EMIT allStopped(m_clean); }, Qt::QueuedConnection);
        return;
    }
    const Entry &last = m_entries[m_running - 1];
    connect(last.service.get(), &ServiceThread::ended, this, [this](bool clean) {
        m_clean = m_clean && clean;
        --m_running;
        stopLast();
    });
    last.service->stop(last.grace);
}

bool ServiceHost::isHung() const
{
    return std::any_of(m_entries.begin(), m_entries.end(), [](const Entry &entry) { return entry.service->isHung(); });
}

} // namespace tk::runtime
