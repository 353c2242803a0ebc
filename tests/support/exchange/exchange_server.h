// A simulated Binance USD-M on loopback ports: REST, websocket and control. Lives in the thread that creates it.
// Everything follows from seed and clock, so two servers, or one before and after a restart, tell the same.
#pragma once

#include "base/clock.h"
#include "market/records.h"
#include "net/http_server.h"
#include "support/exchange/faults.h"
#include "support/exchange/sim_settings.h"

#include <QJsonArray>
#include <QObject>
#include <QTemporaryDir>
#include <QTimer>
#include <QUrl>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace tk::sim {

class Certificates;
class ControlApi;
class ListenKeys;
class RestApi;
class WsHub;
struct Market;

class ExchangeServer final : public QObject
{
    Q_OBJECT
public:
    ExchangeServer(SimSettings settings, std::shared_ptr<const Clock> clock, QObject *parent = nullptr);
    ~ExchangeServer() override;

    Status listen();
    QUrl restUrl() const;
    QUrl wsUrl() const;
    QUrl controlUrl() const;
    QString authorityFile() const; // PEM of the test CA; empty without TLS

    // The exchange is down: ports closed, connections reset. And up again, on the same ports.
    void stopListening();
    Status resumeListening();

    Result<int> setFault(const FaultSpec &spec); // its number
    bool clearFault(int id);
    void clearFaults();
    QJsonArray faults() const;

    // What history says in the end: final candles with open times in [from, to).
    std::vector<Candle> truth(const QString &symbol, Timeframe timeframe, TimeSpan span) const;
    std::vector<FundingPoint> truthFunding(const QString &symbol, TimeSpan span) const;
    QStringList symbols(const QByteArray &status = "TRADING") const; // perpetual USDT contracts

    // A new contract that trades from `onboard` on; an end for one there is (SETTLING from then on).
    Status listInstrument(const QString &symbol, UtcTime onboard, int tradesPerHour = 600);
    Status delist(const QString &symbol, UtcTime at);

    SimStats stats() const;
    QJsonArray sent() const; // per stream: frames, closed candles
    QJsonArray connections() const;
    bool closeConnection(int id, quint16 code, const QByteArray &reason = {}); // code 1006: a reset
    bool sendUserEvent(const QByteArray &apiKey, const QByteArray &event);
    UtcTime now() const;

private:
    void tick();
    void faultsChanged();
    void expireListenKeys(qint64 now);
    std::optional<net::HttpResponse> refuseUpgrade();
    bool upgrade(const net::HttpRequest &request, std::unique_ptr<QTcpSocket> &socket, const QByteArray &rest);
    Status listenWs();
    QUrl url(const char *scheme, quint16 port, bool secure) const;

    std::unique_ptr<Market> m_market;
    std::unique_ptr<ListenKeys> m_listenKeys;
    std::unique_ptr<RestApi> m_restApi;
    std::unique_ptr<WsHub> m_hub;
    std::unique_ptr<ControlApi> m_controlApi;
    std::unique_ptr<Certificates> m_certificates;
    std::unique_ptr<QTemporaryDir> m_temporary; // for certificates
    net::HttpServer m_rest;
    net::HttpServer m_ws;
    net::HttpServer m_control;
    quint16 m_restPort = 0;
    quint16 m_wsPort = 0;
    bool m_halted = false;
    bool m_wsRefusing = false;
    std::optional<net::HttpResponse> m_refusal; // of the upgrade being handled
    std::deque<qint64> m_attempts;              // on the steady clock
    QTimer m_tick;
};

} // namespace tk::sim
