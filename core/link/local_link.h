// The way to an engine in the same process: the same commands and the same live state, without a socket and without
// text. Lives in the thread of the LinkServer, which must outlive it.
#pragma once

#include "link/engine_link.h"
#include "link/link_server.h"

#include <QSet>

namespace tk::link {

class LocalLink final : public EngineLink
{
    Q_OBJECT
public:
    explicit LocalLink(LinkServer &server, QObject *parent = nullptr);
    ~LocalLink() override;

    void open();  // ends in connected()
    void close(); // the engine is about to go: open requests are refused, and failed() follows

    bool isConnected() const override { return m_connected; }
    Hello engine() const override;
    qint64 request(const QString &command, const QJsonObject &args = {}) override;
    void watch(const QStringList &series = {}) override;

private:
    LinkServer &m_server;
    LinkServer::Watcher m_watcher;
    QSet<qint64> m_open;
    qint64 m_lastId = 0;
    bool m_connected = false;
};

} // namespace tk::link
