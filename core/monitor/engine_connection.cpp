#include "monitor/engine_connection.h"

#include "link/link_client.h"

#include <QDateTime>

#include <random>

namespace tk::monitor {

EngineConnection::EngineConnection(Way way, QObject *parent)
    : EngineConnection(std::move(way), Retry{}, parent)
{}

EngineConnection::EngineConnection(Way way, Retry retry, QObject *parent)
    : QObject(parent)
    , m_way(std::move(way))
    , m_backoff(retry.first, retry.most, std::random_device{}())
{
    using link::EngineLink;
    EngineLink *link = m_way.link.get();
    connect(link, &EngineLink::connected, this, [this] { m_way.link->watch(m_series); });
    connect(link, &EngineLink::failed, this, &EngineConnection::retry);
    connect(link, &EngineLink::snapshot, this, [this](const QJsonObject &state) {
        m_lastSeen = fromMs(QDateTime::currentMSecsSinceEpoch());
        m_backoff.reset();
        m_trouble = {};
        Q_EMIT snapshot(state);
        setState(State::Connected);
    });
    connect(link, &EngineLink::changes, this, [this](const QJsonObject &part) {
        m_lastSeen = fromMs(QDateTime::currentMSecsSinceEpoch());
        Q_EMIT changes(part);
    });
    connect(link, &EngineLink::wentSilent, this, [this] {
        if (m_state != State::Connected)
            return;
        // Signs of life alone are not counted as seen; but until so long ago there were some.
        m_lastSeen = std::max(m_lastSeen, fromMs(QDateTime::currentMSecsSinceEpoch()) - link::LinkClient::silence);
        setState(State::Silent);
    });
    connect(link, &EngineLink::heardAgain, this, [this] {
        if (m_state == State::Silent)
            setState(State::Connected);
    });
    connect(link, &EngineLink::progressed, this, [this](qint64 id, const QJsonObject &progress) {
        const auto open = m_open.constFind(id);
        if (open == m_open.cend() || !open->context || !open->progress)
            return;
        const Progress told = open->progress; // it may ask again, and move the table
        told(progress);
    });
    connect(link, &EngineLink::finished, this, [this](qint64 id, const QJsonValue &result) { end(id, result); });
    connect(link, &EngineLink::refused, this, [this](qint64 id, const Error &error) { end(id, error); });
    m_retryTimer.setSingleShot(true);
    connect(&m_retryTimer, &QTimer::timeout, this, [this] { m_way.open(); });
}

EngineConnection::~EngineConnection()
{
    m_way.link->disconnect(this);
}

void EngineConnection::start()
{
    m_way.open();
}

void EngineConnection::setSeries(const QStringList &series)
{
    if (series == m_series)
        return;
    m_series = series;
    if (m_way.link->isConnected())
        m_way.link->watch(m_series);
}

qint64 EngineConnection::ask(const QString &command, const QJsonObject &args, QObject *context, Done done,
                             Progress progress)
{
    if (!m_way.link->isConnected()) {
        const QPointer<QObject> asker(context);
        QMetaObject::invokeMethod(
            this,
            [asker, done, name = m_way.name] {
                if (asker)
                    done(Error{Error::Kind::Network, tr("not connected to the engine (%1)").arg(name), true});
            },
            Qt::QueuedConnection);
        return 0;
    }
    const qint64 id = m_way.link->request(command, args);
    m_open.insert(id, {context, std::move(done), std::move(progress)});
    return id;
}

void EngineConnection::end(qint64 id, const Result<QJsonValue> &result)
{
    const Open open = m_open.take(id);
    if (open.context && open.done)
        open.done(result);
}

void EngineConnection::retry(const Error &error)
{
    m_trouble = error;
    if (m_state == State::Connected || m_state == State::Silent)
        setState(State::Lost);
    else
        Q_EMIT stateChanged(); // the cause may be another one
    m_retryTimer.start(m_backoff.next());
}

void EngineConnection::setState(State state)
{
    if (state == m_state)
        return;
    m_state = state;
    Q_EMIT stateChanged();
}

} // namespace tk::monitor
