#include "blast_server.h"

#include "net/websocket_codec.h"

#include <QSslSocket>
#include <QTcpServer>

namespace tk::bench {

namespace {

constexpr qsizetype writeSize = 64 * 1024;
constexpr qint64 backlog = 256 * 1024;
constexpr int patience = 30'000;

class Door final : public QTcpServer
{
public:
    std::unique_ptr<QSslSocket> accepted;

protected:
    void incomingConnection(qintptr descriptor) override
    {
        accepted = std::make_unique<QSslSocket>();
        accepted->setSocketDescriptor(descriptor);
    }
};

} // namespace

BlastServer::BlastServer(Load load, std::optional<QSslConfiguration> tls)
    : m_load(std::move(load))
    , m_tls(std::move(tls))
{
    start();
    while (m_port == 0 && !isFinished())
        QThread::yieldCurrentThread();
}

BlastServer::~BlastServer()
{
    m_over = true;
    wait();
}

void BlastServer::run()
{
    Door door;
    if (!door.listen(QHostAddress::LocalHost))
        return;
    m_port = door.serverPort();
    while (!door.accepted && !m_over)
        door.waitForNewConnection(100);
    if (!door.accepted)
        return;
    QSslSocket &socket = *door.accepted;
    if (m_tls) {
        socket.setSslConfiguration(*m_tls);
        socket.startServerEncryption();
        if (!socket.waitForEncrypted(patience))
            return;
    }
    QByteArray head;
    while (!head.contains("\r\n\r\n")) {
        if (!socket.bytesAvailable() && !socket.waitForReadyRead(patience))
            return;
        head += socket.readAll();
    }
    const QByteArray lower = head.toLower();
    const qsizetype at = lower.indexOf("sec-websocket-key:") + 18;
    const QByteArray key = head.mid(at, head.indexOf("\r\n", at) - at).trimmed();
    socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        net::acceptKey(key) + "\r\n\r\n");
    for (int repeat = 0; repeat < m_load.repeats; ++repeat) {
        for (qsizetype from = 0; from < m_load.frames.size(); from += writeSize) {
            socket.write(m_load.frames.constData() + from, std::min(writeSize, m_load.frames.size() - from));
            while (socket.bytesToWrite() > backlog) {
                if (m_over || !socket.waitForBytesWritten(patience))
                    return;
            }
        }
    }
    socket.write(m_load.last);
    while (!m_over && socket.state() == QAbstractSocket::ConnectedState) {
        if (socket.bytesToWrite() > 0)
            socket.waitForBytesWritten(100);
        else
            socket.waitForReadyRead(100);
        socket.readAll();
    }
}

} // namespace tk::bench
