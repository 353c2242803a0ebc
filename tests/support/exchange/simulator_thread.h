// An ExchangeServer on a thread of its own, for tests in the same process. All methods may be called from any thread
// but the simulator's, and wait for it.
#pragma once

#include "support/exchange/exchange_server.h"

#include <QThread>

#include <memory>

namespace tk::sim {

class SimulatorThread
{
public:
    // Listens when it returns; status() tells a failure.
    SimulatorThread(SimSettings settings, std::shared_ptr<const Clock> clock);
    ~SimulatorThread();
    SimulatorThread(const SimulatorThread &) = delete;
    SimulatorThread &operator=(const SimulatorThread &) = delete;

    Status status() const { return m_status; }
    QUrl restUrl() const;
    QUrl wsUrl() const;
    QUrl controlUrl() const;
    QString authorityFile() const; // PEM of the CA to trust; empty without TLS

    int addFault(const FaultSpec &spec); // its number; 0: there is no such fault
    void clearFault(int id);
    void clearFaults();

    std::vector<Candle> truth(const QString &symbol, Timeframe timeframe, TimeSpan span) const;
    std::vector<FundingPoint> truthFunding(const QString &symbol, TimeSpan span) const;
    QStringList symbols() const;
    SimStats stats() const;
    QJsonArray sent() const;
    QJsonArray connections() const;

    void stopListening();
    void resumeListening();
    bool closeConnection(int id, quint16 code, const QByteArray &reason = {});
    void listInstrument(const QString &symbol, UtcTime onboard, int tradesPerHour = 600);
    void delist(const QString &symbol, UtcTime at);
    bool sendUserEvent(const QByteArray &apiKey, const QByteArray &event);

private:
    template <typename F>
    auto call(F function) const;

    QThread m_thread;
    std::unique_ptr<ExchangeServer> m_server; // lives in m_thread
    Status m_status = ok();
};

} // namespace tk::sim
