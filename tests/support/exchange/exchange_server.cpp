#include "support/exchange/exchange_server.h"

#include "market/pair.h"
#include "support/exchange/certificates.h"
#include "support/exchange/control_api.h"
#include "support/exchange/json_text.h"
#include "support/exchange/rest_api.h"
#include "support/exchange/ws_hub.h"
#include "support/exchange/ws_session.h"

#include <QJsonObject>
#include <QUrlQuery>

#include <limits>

namespace tk::sim {

namespace {

constexpr milliseconds tickSpan{50}; // on the simulated clock
constexpr qint64 attemptsWindowMs = 300'000;

net::HttpServer::Limits serverLimits()
{
    net::HttpServer::Limits limits;
    limits.connections = 4096;
    limits.idle = std::chrono::seconds(60);
    return limits;
}

net::HttpResponse refusal(int status, const QByteArray &message = {})
{
    net::HttpResponse response;
    response.status = status;
    response.headers.fields = {{"Content-Type", "text/html"}};
    if (status == 429)
        response.headers.fields.emplace_back("Retry-After", "60");
    response.body = message.isEmpty() ? "<html><h1>" + QByteArray::number(status) + "</h1></html>" : message;
    return response;
}

} // namespace

ExchangeServer::ExchangeServer(SimSettings settings, std::shared_ptr<const Clock> clock, QObject *parent)
    : QObject(parent)
    , m_market(std::make_unique<Market>(std::move(settings), std::move(clock)))
    , m_listenKeys(std::make_unique<ListenKeys>())
    , m_restApi(std::make_unique<RestApi>(*m_market, *m_listenKeys))
    , m_hub(std::make_unique<WsHub>(*m_market))
    , m_controlApi(std::make_unique<ControlApi>(*this))
    , m_rest([this](const auto &request, const auto &, const auto &reply) { m_restApi->handle(request, reply); },
             serverLimits())
    , m_ws(
          [this](const auto &, const auto &, const auto &reply) {
              reply(std::exchange(m_refusal, {}).value_or(refusal(400, "this port takes websocket upgrades")));
          },
          serverLimits())
    , m_control([this](const auto &request, const auto &, const auto &reply) { reply(m_controlApi->handle(request)); })
{
    m_ws.setUpgrade(
        [this](const auto &request, auto &socket, const auto &rest) { return upgrade(request, socket, rest); });
    m_tick.setTimerType(Qt::PreciseTimer);
    m_tick.setInterval(std::clamp(m_market->clock->timerDelay(tickSpan), milliseconds(1), milliseconds(10)));
    connect(&m_tick, &QTimer::timeout, this, &ExchangeServer::tick);
}

ExchangeServer::~ExchangeServer() = default;

Status ExchangeServer::listen()
{
    const SimSettings &settings = m_market->settings;
    if (settings.tls) {
        QString folder = settings.tlsFolder;
        if (folder.isEmpty()) {
            m_temporary = std::make_unique<QTemporaryDir>();
            folder = m_temporary->path();
        }
        Result<Certificates> certificates = Certificates::load(folder);
        if (!certificates)
            return certificates.error();
        m_certificates = std::make_unique<Certificates>(std::move(certificates).value());
        m_rest.setTls(m_certificates->configuration(CertificateKind::Good));
        m_ws.setTls(m_certificates->configuration(CertificateKind::Good));
    }
    m_restPort = settings.restPort;
    m_wsPort = settings.wsPort;
    if (const Status status = resumeListening(); !status)
        return status;
    if (const Status status = m_control.listen(QHostAddress(settings.host), settings.controlPort); !status)
        return status;
    m_tick.start();
    return ok();
}

Status ExchangeServer::listenWs()
{
    if (m_ws.port() != 0)
        return ok();
    const Status status = m_ws.listen(QHostAddress(m_market->settings.host), m_wsPort);
    if (status)
        m_wsPort = m_ws.port();
    return status;
}

Status ExchangeServer::resumeListening()
{
    m_halted = false;
    if (m_rest.port() == 0) {
        if (const Status status = m_rest.listen(QHostAddress(m_market->settings.host), m_restPort); !status)
            return status;
        m_restPort = m_rest.port();
    }
    return m_wsRefusing ? ok() : listenWs();
}

void ExchangeServer::stopListening()
{
    m_halted = true;
    m_rest.close();
    m_ws.close();
    m_hub->dropAll();
}

QUrl ExchangeServer::url(const char *scheme, quint16 port, bool secure) const
{
    QUrl url;
    url.setScheme(QLatin1String(scheme) + (secure ? QStringLiteral("s") : QString()));
    url.setHost(m_market->settings.host);
    url.setPort(port);
    return url;
}

QUrl ExchangeServer::restUrl() const
{
    return url("http", m_restPort, m_market->settings.tls);
}

QUrl ExchangeServer::wsUrl() const
{
    return url("ws", m_wsPort, m_market->settings.tls);
}

QUrl ExchangeServer::controlUrl() const
{
    return url("http", m_control.port(), false);
}

QString ExchangeServer::authorityFile() const
{
    return m_certificates ? m_certificates->authorityFile() : QString();
}

std::optional<net::HttpResponse> ExchangeServer::refuseUpgrade()
{
    const qint64 now = m_market->steadyMs();
    while (!m_attempts.empty() && m_attempts.front() <= now - attemptsWindowMs)
        m_attempts.pop_front();
    if (m_attempts.size() >= size_t(m_market->settings.attemptsPer5Minutes))
        return refusal(429);
    m_attempts.push_back(now);
    if (ActiveFault *fault = m_market->faults.find(Fault::Handshake)) {
        if (const auto status = int(fault->number("status", 0)); status > 0) {
            ++fault->uses;
            return refusal(status);
        }
    }
    return {};
}

bool ExchangeServer::upgrade(const net::HttpRequest &request, std::unique_ptr<QTcpSocket> &socket,
                             const QByteArray &rest)
{
    m_refusal = refuseUpgrade();
    const std::optional<WsTarget> target = WsTarget::parse(request.path(), request.query());
    const QByteArray key = request.headers.value("Sec-WebSocket-Key");
    if (!m_refusal && !target)
        m_refusal = refusal(404);
    if (!m_refusal && (key.isEmpty() || request.headers.value("Sec-WebSocket-Version") != "13"))
        m_refusal = refusal(400);
    if (m_refusal) {
        ++m_market->stats.handshakesRefused;
        return false;
    }
    socket->write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: " +
                  net::acceptKey(key) + "\r\n\r\n");
    m_hub->adopt(std::move(socket), *target, rest);
    return true;
}

void ExchangeServer::tick()
{
    const qint64 now = m_market->nowMs();
    if (m_market->faults.expire(now))
        faultsChanged();
    expireListenKeys(now);
    m_hub->tick(now);
    ++m_market->stats.ticks;
}

void ExchangeServer::expireListenKeys(qint64 now)
{
    for (const QByteArray &key : m_listenKeys->takeExpired(now)) {
        QByteArray event = "{\"e\":\"listenKeyExpired\",\"E\":";
        appendNumber(event, m_market->serverMs(m_market->nowMs()));
        m_hub->userEvent(key, event + ",\"listenKey\":\"" + key + "\"}");
    }
}

// Brings what is not decided frame by frame in line with the active faults.
void ExchangeServer::faultsChanged()
{
    m_market->skewMs = 0;
    bool refuse = false;
    auto certificate = CertificateKind::Good;
    for (const ActiveFault &fault : m_market->faults.active()) {
        if (fault.fault == Fault::ClockSkew)
            m_market->skewMs = fault.ms("offset", 10'000);
        if (fault.fault != Fault::Handshake)
            continue;
        refuse = refuse || fault.flag("refuse");
        if (const QString tls = fault.text("tls"); !tls.isEmpty())
            certificate = tls == QLatin1String("expired") ? CertificateKind::Expired : CertificateKind::WrongName;
    }
    if (m_certificates) {
        m_rest.setTls(m_certificates->configuration(certificate));
        m_ws.setTls(m_certificates->configuration(certificate));
    }
    m_wsRefusing = refuse;
    if (refuse)
        m_ws.close(); // open websockets were handed over and stay
    else if (!m_halted)
        (void)listenWs();
    m_hub->faultsChanged();
}

Result<int> ExchangeServer::setFault(const FaultSpec &given)
{
    FaultSpec spec = given;
    const std::optional<Fault> kind = faultFromName(spec.fault);
    const auto ofSymbol = [&]() -> Contract * {
        const QString symbol = spec.parameters.value(QLatin1String("symbol")).toString();
        return m_market->universe.find(symbol.toUtf8());
    };
    const qint64 now = m_market->nowMs();
    if ((kind == Fault::Quiet || kind == Fault::Delist) && !ofSymbol())
        return Error{Error::Kind::Config, QStringLiteral("%1 needs \"symbol\", one that exists").arg(spec.fault)};
    if (kind == Fault::Quiet && spec.duration.count() == 0)
        spec.duration = std::chrono::minutes(5);
    const Result<int> added = m_market->faults.add(spec, now);
    if (!added)
        return added;
    ActiveFault fault = m_market->faults.active().back();
    bool done = false; // strikes once and is over
    if (kind == Fault::Quiet) {
        addQuietSpan(*ofSymbol(), now, now + spec.duration.count());
        m_market->tape.forget(*ofSymbol());
    } else if (kind == Fault::Delist) {
        (void)delist(spec.parameters.value(QLatin1String("symbol")).toString(), fromMs(now + fault.ms("in", 0)));
        done = true;
    } else if (kind == Fault::Close) {
        m_hub->closeMatching(fault);
        done = true;
    } else if (kind == Fault::ListenKeyExpired) {
        expireListenKeys(std::numeric_limits<qint64>::max());
        done = true;
    }
    if (done)
        m_market->faults.remove(*added);
    faultsChanged();
    return added;
}

bool ExchangeServer::clearFault(int id)
{
    const bool found = m_market->faults.remove(id);
    faultsChanged();
    return found;
}

void ExchangeServer::clearFaults()
{
    m_market->faults.clear();
    faultsChanged();
}

QJsonArray ExchangeServer::faults() const
{
    return m_market->faults.toJson(m_market->nowMs());
}

std::vector<Candle> ExchangeServer::truth(const QString &symbol, Timeframe timeframe, TimeSpan span) const
{
    std::vector<Candle> candles;
    const Contract *contract = m_market->universe.find(symbol.toUtf8());
    if (!contract)
        return candles;
    const qint64 now = m_market->nowMs();
    UtcTime open = candleOpen(timeframe, std::max(span.from, fromMs(contract->onboardMs)));
    if (open < span.from)
        open = nextCandleOpen(timeframe, open);
    for (; open < span.to; open = nextCandleOpen(timeframe, open)) {
        if (toMs(nextCandleOpen(timeframe, open)) > now)
            break;
        if (const auto sum = m_market->tape.candle(*contract, timeframe, toMs(open), now))
            candles.push_back(toCandle(*contract, toMs(open), *sum));
    }
    return candles;
}

std::vector<FundingPoint> ExchangeServer::truthFunding(const QString &symbol, TimeSpan span) const
{
    std::vector<FundingPoint> points;
    const Contract *contract = m_market->universe.find(symbol.toUtf8());
    if (!contract || !contract->hasFunding())
        return points;
    const qint64 interval = contract->fundingHours * 3'600'000LL;
    const qint64 end = std::min(toMs(span.to) - 1, m_market->nowMs() - 3);
    const QString quote = QString::fromUtf8(contract->quote);
    const Pair pair{QString::fromUtf8(contract->base), quote, quote};
    const qint64 from = std::max(toMs(span.from), contract->onboardMs);
    for (qint64 due = (from + interval - 1) / interval * interval; due <= std::min(end, contract->deliveryMs);
         due += interval) {
        const auto point = [&](qint64 rate, bool special) {
            FundingPoint made;
            made.exchange = QStringLiteral("binance-usdm");
            made.pair = pair.unified();
            made.time = fromMs(due);
            const QByteArray text = decimal(rate, 8);
            made.rate = *DecimalText::from(std::string_view(text.data(), size_t(text.size())));
            made.special = special;
            points.push_back(made);
        };
        const Funding funding = fundingAt(*contract, due);
        point(funding.rate, false);
        if (hasSpecialFunding(*contract, due))
            point(specialRate(funding), true);
    }
    return points;
}

QStringList ExchangeServer::symbols(const QByteArray &status) const
{
    QStringList list;
    for (const auto &contract : m_market->universe.contracts()) {
        if (contract->family == 1 && contract->contractType == "PERPETUAL" && contract->quote == "USDT" &&
            contract->status(m_market->nowMs()) == status)
            list << QString::fromUtf8(contract->symbol);
    }
    return list;
}

Status ExchangeServer::listInstrument(const QString &symbol, UtcTime onboard, int tradesPerHour)
{
    if (!m_market->universe.list(symbol.toUtf8(), toMs(onboard), tradesPerHour))
        return Error{Error::Kind::Config, QStringLiteral("%1 is listed already").arg(symbol)};
    return ok();
}

Status ExchangeServer::delist(const QString &symbol, UtcTime at)
{
    Contract *contract = m_market->universe.find(symbol.toUtf8());
    if (!contract)
        return Error{Error::Kind::Config, QStringLiteral("there is no %1").arg(symbol)};
    contract->deliveryMs = std::max(toMs(at), m_market->nowMs()); // what has traded has traded
    m_market->tape.forget(*contract);
    return ok();
}

SimStats ExchangeServer::stats() const
{
    return m_market->stats;
}

QJsonArray ExchangeServer::sent() const
{
    return m_hub->sentJson();
}

QJsonArray ExchangeServer::connections() const
{
    return m_hub->sessionsJson();
}

bool ExchangeServer::closeConnection(int id, quint16 code, const QByteArray &reason)
{
    return m_hub->closeSession(id, code, reason);
}

bool ExchangeServer::sendUserEvent(const QByteArray &apiKey, const QByteArray &event)
{
    const QByteArray key = m_listenKeys->find(apiKey);
    if (key.isEmpty())
        return false;
    m_hub->userEvent(key, event);
    return true;
}

UtcTime ExchangeServer::now() const
{
    return m_market->clock->utcNow();
}

} // namespace tk::sim
