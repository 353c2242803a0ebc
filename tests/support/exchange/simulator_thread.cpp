#include "support/exchange/simulator_thread.h"

#include <optional>
#include <type_traits>

namespace tk::sim {

template <typename F>
auto SimulatorThread::call(F function) const
{
    using R = std::invoke_result_t<F>;
    if constexpr (std::is_void_v<R>) {
        QMetaObject::invokeMethod(m_server.get(), std::move(function), Qt::BlockingQueuedConnection);
    } else {
        std::optional<R> result;
        QMetaObject::invokeMethod(
            m_server.get(), [&] { result = function(); }, Qt::BlockingQueuedConnection);
        return *std::move(result);
    }
}

SimulatorThread::SimulatorThread(SimSettings settings, std::shared_ptr<const Clock> clock)
{
    QObject starter; // something that lives in the thread, to make the server there
    m_thread.setObjectName(QStringLiteral("exchange-simulator"));
    m_thread.start();
    starter.moveToThread(&m_thread);
    QMetaObject::invokeMethod(
        &starter,
        [&] {
            m_server = std::make_unique<ExchangeServer>(std::move(settings), std::move(clock));
            m_status = m_server->listen();
            starter.moveToThread(nullptr); // so that it may die here
        },
        Qt::BlockingQueuedConnection);
}

SimulatorThread::~SimulatorThread()
{
    QObject::connect(
        &m_thread, &QThread::finished, m_server.get(), [this] { m_server.reset(); }, Qt::DirectConnection);
    m_thread.quit();
    m_thread.wait();
}

QUrl SimulatorThread::restUrl() const
{
    return call([this] { return m_server->restUrl(); });
}

QUrl SimulatorThread::wsUrl() const
{
    return call([this] { return m_server->wsUrl(); });
}

QUrl SimulatorThread::controlUrl() const
{
    return call([this] { return m_server->controlUrl(); });
}

QString SimulatorThread::authorityFile() const
{
    return call([this] { return m_server->authorityFile(); });
}

int SimulatorThread::addFault(const FaultSpec &spec)
{
    return call([&] {
        const Result<int> added = m_server->setFault(spec);
        return added ? *added : 0;
    });
}

void SimulatorThread::clearFault(int id)
{
    call([&] { m_server->clearFault(id); });
}

void SimulatorThread::clearFaults()
{
    call([this] { m_server->clearFaults(); });
}

std::vector<Candle> SimulatorThread::truth(const QString &symbol, Timeframe timeframe, TimeSpan span) const
{
    return call([&] { return m_server->truth(symbol, timeframe, span); });
}

std::vector<FundingPoint> SimulatorThread::truthFunding(const QString &symbol, TimeSpan span) const
{
    return call([&] { return m_server->truthFunding(symbol, span); });
}

QStringList SimulatorThread::symbols() const
{
    return call([this] { return m_server->symbols(); });
}

SimStats SimulatorThread::stats() const
{
    return call([this] { return m_server->stats(); });
}

QJsonArray SimulatorThread::sent() const
{
    return call([this] { return m_server->sent(); });
}

QJsonArray SimulatorThread::connections() const
{
    return call([this] { return m_server->connections(); });
}

void SimulatorThread::stopListening()
{
    call([this] { m_server->stopListening(); });
}

void SimulatorThread::resumeListening()
{
    call([this] { (void)m_server->resumeListening(); });
}

bool SimulatorThread::closeConnection(int id, quint16 code, const QByteArray &reason)
{
    return call([&] { return m_server->closeConnection(id, code, reason); });
}

void SimulatorThread::listInstrument(const QString &symbol, UtcTime onboard, int tradesPerHour)
{
    call([&] { (void)m_server->listInstrument(symbol, onboard, tradesPerHour); });
}

void SimulatorThread::delist(const QString &symbol, UtcTime at)
{
    call([&] { (void)m_server->delist(symbol, at); });
}

bool SimulatorThread::sendUserEvent(const QByteArray &apiKey, const QByteArray &event)
{
    return call([&] { return m_server->sendUserEvent(apiKey, event); });
}

} // namespace tk::sim
