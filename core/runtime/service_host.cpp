#include "runtime/service_host.h"

#include "base/logging.h"

#include <algorithm>
#include <utility>

namespace tk::runtime {

ServiceHost::~ServiceHost()
{
    m_leaving.clear();
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
    if (m_started && m_ready == m_running) // nobody is starting, who would go on with this one
        startNext();
}

void ServiceHost::remove(const QString &name, std::function<void()> done)
{
    const auto entry = std::ranges::find(m_entries, name, [](const Entry &one) { return one.service->name(); });
    if (entry == m_entries.end() || m_stopping)
        return; // what stops, stops as a whole
    ServiceThread *service = entry->service.get();
    const std::chrono::milliseconds grace = entry->grace;
    const bool running = size_t(entry - m_entries.begin()) < m_running;
    service->disconnect(this);
    m_leaving.push_back(std::move(entry->service));
    m_entries.erase(entry);
    m_running -= running ? 1 : 0;
    m_ready -= running && service->isReady() ? 1 : 0;
    connect(
        service, &ServiceThread::ended, this, [this, service, done = std::move(done)] { left(service, done); },
        Qt::QueuedConnection); // it must not go within its own signal
    service->stop(grace);
    if (m_started && m_ready == m_running)
        startNext(); // it may have been the one that the next waited for
}

void ServiceHost::left(ServiceThread *service, const std::function<void()> &done)
{
    if (!service->isHung())
        std::erase_if(m_leaving, [service](const auto &one) { return one.get() == service; });
    if (done)
        done();
    endIfAllHave();
}

void ServiceHost::start()
{
    m_started = true;
    if (m_running == 0 && !m_stopping)
        startNext();
}

void ServiceHost::startNext()
{
    if (m_stopping)
        return;
    if (m_running == m_entries.size()) {
        if (m_ready == m_entries.size() && !std::exchange(m_toldReady, true))
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
    if (m_running == 0)
        return endIfAllHave();
    const Entry &last = m_entries[m_running - 1];
    connect(last.service.get(), &ServiceThread::ended, this, [this](bool clean) {
        m_clean = m_clean && clean;
        --m_running;
        stopLast();
    });
    last.service->stop(last.grace);
}

// Never from within stop(): the caller may not have connected yet.
void ServiceHost::endIfAllHave()
{
    const bool leaving = std::ranges::any_of(m_leaving, [](const auto &one) { return !one->isEnded(); });
    if (!m_stopping || m_running > 0 || leaving || std::exchange(m_toldStopped, true))
        return;
    QMetaObject::invokeMethod(
        this, [this] { Q_EMIT allStopped(m_clean); }, Qt::QueuedConnection);
}

bool ServiceHost::isHung() const
{
    return std::ranges::any_of(m_entries, [](const Entry &entry) { return entry.service->isHung(); }) ||
           std::ranges::any_of(m_leaving, [](const auto &one) { return one->isHung(); });
}

} // namespace tk::runtime
