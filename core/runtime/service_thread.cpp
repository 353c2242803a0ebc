#include "runtime/service_thread.h"

#include "base/logging.h"

#include <exception>
#include <utility>

namespace tk::runtime {

class ServiceThread::Thread final : public QThread
{
public:
    Thread(ServiceThread *owner, Factory make)
        : m_owner(owner)
        , m_make(std::move(make))
    {}

protected:
    void run() override
    {
        try {
            serve();
        } catch (const std::exception &e) { // no exception leaves a thread
            tellFailed(Error{Error::Kind::Storage,
                             QStringLiteral("%1 met an exception: %2; this is a fault of the program, please report it")
                                 .arg(objectName(), QString::fromUtf8(e.what()))});
        }
    }

private:
    void serve()
    {
        const std::unique_ptr<Service> service = m_make(); // sockets and timers get the right thread
        connect(service.get(), &Service::failed, service.get(), [this](const Error &error) { tellFailed(error); });
        // Queued: whoever emits stopped() may be deep inside the service, which goes when exec() returns.
        connect(
            service.get(), &Service::stopped, service.get(), [this] { quit(); }, Qt::QueuedConnection);
        connect(m_owner, &ServiceThread::stopRequested, service.get(), &Service::stop);
        if (const Status started = service->start(); !started) {
            tellFailed(started.error());
            return;
        }
        // Events for the owner travel as calls, so that its signals are always emitted in its own thread.
        QMetaObject::invokeMethod(
            m_owner, [owner = m_owner] { owner->onReady(); }, Qt::QueuedConnection);
        exec();
    }

    void tellFailed(const Error &error)
    {
        const auto tell = [owner = m_owner, error] {
            owner->m_failed = true;
            Q_EMIT owner->failed(error);
        };
        QMetaObject::invokeMethod(m_owner, tell, Qt::QueuedConnection);
    }

    ServiceThread *m_owner;
    Factory m_make;
};

ServiceThread::ServiceThread(const QString &name, Factory make, QObject *parent)
    : QObject(parent)
    , m_thread(std::make_unique<Thread>(this, std::move(make)))
{
    m_thread->setObjectName(name);
    m_grace.setSingleShot(true);
    connect(&m_grace, &QTimer::timeout, this, &ServiceThread::onGrace);
    connect(m_thread.get(), &QThread::finished, this, &ServiceThread::onFinished, Qt::QueuedConnection);
}

ServiceThread::~ServiceThread()
{
    m_thread->quit();
    m_thread->wait(); // returns: services never block
}

QString ServiceThread::name() const
{
    return m_thread->objectName();
}

void ServiceThread::start()
{
    if (std::exchange(m_started, true))
        return;
    m_thread->start();
}

void ServiceThread::stop(std::chrono::milliseconds grace)
{
    if (std::exchange(m_stopping, true))
        return;
    if (!m_started || m_thread->isFinished()) {
        QMetaObject::invokeMethod(
            this, [this] { end(); }, Qt::QueuedConnection);
        return;
    }
    m_grace.start(grace);
    if (m_ready)
        Q_EMIT stopRequested();
}

void ServiceThread::onReady()
{
    m_ready = true;
    Q_EMIT ready();
    if (m_stopping) // stop() may come before the service exists
        Q_EMIT stopRequested();
}

void ServiceThread::onGrace()
{
    m_clean = false;
    if (!std::exchange(m_quitting, true)) {
        qCWarning(lcRuntime).noquote() << name() << "did not stop in time: its loop is ended";
        m_thread->quit();
        m_grace.start();
        return;
    }
    qCCritical(lcRuntime).noquote() << name() << "is hung: its thread does not even notice that it shall end";
    m_hung = true;
    end();
}

void ServiceThread::onFinished()
{
    m_grace.stop();
    if (!m_stopping && !m_failed) {
        m_failed = true;
        Q_EMIT failed(Error{Error::Kind::Cancelled, QStringLiteral("%1 stopped without being asked to").arg(name())});
    }
    m_clean = m_clean && !m_failed;
    end();
}

void ServiceThread::end()
{
    if (!std::exchange(m_ended, true))
        Q_EMIT ended(m_clean);
}

} // namespace tk::runtime
