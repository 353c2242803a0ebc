#include "app/gui/single_window.h"

#include "base/logging.h"

#include <QCryptographicHash>
#include <QDir>
#include <QLocalServer>
#include <QLocalSocket>
#include <QStandardPaths>

namespace tk::app {

namespace {

constexpr int answerWithin = 1'000; // ms; before there is a window, so waiting blocks nobody

} // namespace

SingleWindow::SingleWindow(const QString &subject)
{
    const QByteArray hash = QCryptographicHash::hash(subject.toUtf8(), QCryptographicHash::Sha256).toHex().left(16);
    QString folder = QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation);
    if (folder.isEmpty())
        folder = QDir::tempPath();
    m_name = QDir(folder).filePath(QStringLiteral("tapekeeper-window-%1.sock").arg(QString::fromLatin1(hash)));
}

SingleWindow::~SingleWindow() = default;

bool SingleWindow::claim()
{
    QLocalSocket other;
    other.connectToServer(m_name);
    if (other.waitForConnected(answerWithin)) {
        other.write("raise\n");
        other.waitForBytesWritten(answerWithin);
        return false;
    }
    m_server = std::make_unique<QLocalServer>();
    m_server->setSocketOptions(QLocalServer::UserAccessOption);
    QLocalServer::removeServer(m_name); // of a window that crashed
    if (!m_server->listen(m_name))
        qCWarning(lcApp).noquote() << "a second start will open a second window:" << m_server->errorString();
    connect(m_server.get(), &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket *socket = m_server->nextPendingConnection()) {
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
            socket->disconnectFromServer();
            Q_EMIT raiseWanted();
        }
    });
    return true;
}

} // namespace tk::app
