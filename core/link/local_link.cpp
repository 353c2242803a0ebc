#include "link/local_link.h"

#include <QCoreApplication>
#include <QPointer>

namespace tk::link {

LocalLink::LocalLink(LinkServer &server, QObject *parent)
    : EngineLink(parent)
    , m_server(server)
{
    m_watcher.snapshot = [this](const QJsonObject &state) { Q_EMIT snapshot(state); };
    m_watcher.changes = [this](const QJsonObject &part) { Q_EMIT changes(part); };
}

LocalLink::~LocalLink()
{
    m_server.removeWatcher(m_watcher);
}

void LocalLink::open()
{
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_connected = true;
            Q_EMIT connected();
        },
        Qt::QueuedConnection);
}

void LocalLink::close()
{
    if (!std::exchange(m_connected, false))
        return;
    m_server.removeWatcher(m_watcher);
    const Error gone{Error::Kind::Network, tr("the engine has ended"), true};
    const QPointer<LocalLink> self(this);
    for (const qint64 id : std::exchange(m_open, {})) {
        Q_EMIT refused(id, gone);
        if (!self)
            return;
    }
    Q_EMIT failed(gone);
}

Hello LocalLink::engine() const
{
    return {protocolVersion, QStringLiteral(TAPEKEEPER_VERSION), QCoreApplication::applicationPid()};
}

qint64 LocalLink::request(const QString &command, const QJsonObject &args)
{
    const qint64 id = ++m_lastId;
    m_open.insert(id);
    const QPointer<LocalLink> self(this);
    // From the event loop, as over a socket: no answer comes from within request().
    const auto later = [self](auto &&told) {
        if (self)
            QMetaObject::invokeMethod(self, std::forward<decltype(told)>(told), Qt::QueuedConnection);
    };
    Reply reply(Reply::Sink{[later, self, id](const QJsonObject &progress) {
                                later([self, id, progress] {
                                    if (self->m_open.contains(id))
                                        Q_EMIT self->progressed(id, progress);
                                });
                            },
                            [later, self, id](const QJsonValue &result) {
                                later([self, id, result] {
                                    if (self->m_open.remove(id))
                                        Q_EMIT self->finished(id, result);
                                });
                            },
                            [later, self, id](const Error &error) {
                                later([self, id, error] {
                                    if (self->m_open.remove(id))
                                        Q_EMIT self->refused(id, error);
                                });
                            },
                            [self, id] { return self && self->m_open.contains(id); }});
    QMetaObject::invokeMethod(
        &m_server, [server = &m_server, command, args, reply] { server->handler().run(command, args, reply); },
        Qt::QueuedConnection);
    return id;
}

void LocalLink::watch(const QStringList &series)
{
    m_watcher.series = series;
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_connected)
                m_server.addWatcher(m_watcher);
        },
        Qt::QueuedConnection);
}

} // namespace tk::link
