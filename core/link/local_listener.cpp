#include "link/local_listener.h"

#include "base/clock.h"
#include "base/logging.h"

#include <QFile>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace tk::link {

namespace {

using namespace std::chrono_literals;

constexpr int backlog = 128;

quint64 inodeOf(const QByteArray &path)
{
    struct stat status
    {};
    return ::lstat(path.constData(), &status) == 0 && S_ISSOCK(status.st_mode) ? quint64(status.st_ino) : 0;
}

Error listenError(const QByteArray &path, const QString &why)
{
    return Error{Error::Kind::Config, QStringLiteral("cannot listen at %1: %2").arg(QFile::decodeName(path), why)};
}

MonotonicTime now()
{
    return SystemClock().now(); // descriptors are real, whatever clock the records live on
}

qint64 processAt(int descriptor)
{
    ucred peer{};
    socklen_t size = sizeof(peer);
    return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? qint64(peer.pid) : 0;
}

} // namespace

LocalListener::LocalListener(QObject *parent)
    : QObject(parent)
    , m_backoff(100ms, 5s, 1)
{
    m_retry.setSingleShot(true);
    connect(&m_retry, &QTimer::timeout, this, [this] {
        if (m_notifier)
            m_notifier->setEnabled(true);
        acceptAll();
    });
}

LocalListener::~LocalListener()
{
    m_notifier.reset();
    if (m_descriptor < 0)
        return;
    ::close(m_descriptor);
    if (m_inode != 0 && inodeOf(m_path) == m_inode)
        ::unlink(m_path.constData());
}

Status LocalListener::listen(const QString &path)
{
    m_path = QFile::encodeName(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (size_t(m_path.size()) >= sizeof(address.sun_path))
        return listenError(m_path, QStringLiteral("the name is too long"));
    std::memcpy(address.sun_path, m_path.constData(), size_t(m_path.size()));
    struct stat there
    {};
    if (::lstat(m_path.constData(), &there) == 0) {
        if (!S_ISSOCK(there.st_mode))
            return listenError(m_path, QStringLiteral("something else has this name; move it away"));
        ::unlink(m_path.constData());
    }
    m_descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (m_descriptor < 0)
        return listenError(m_path, qt_error_string(errno));
    // Before it has a name: at no moment may anybody else open it.
    (void)::fchmod(m_descriptor, 0600);
    if (::bind(m_descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) < 0 ||
        ::chmod(m_path.constData(), 0600) < 0 || ::listen(m_descriptor, backlog) < 0) {
        const int reason = errno;
        ::close(std::exchange(m_descriptor, -1));
        return listenError(m_path, qt_error_string(reason));
    }
    m_inode = inodeOf(m_path);
    m_notifier = std::make_unique<QSocketNotifier>(m_descriptor, QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, &LocalListener::acceptAll);
    return ok();
}

void LocalListener::acceptAll()
{
    while (m_descriptor >= 0) {
        const int descriptor = ::accept4(m_descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor >= 0) {
            m_backoff.reset();
            if (std::exchange(m_short, false) && m_tell.allow(now()))
                qCInfo(lcLink) << "local clients are heard again";
            Q_EMIT accepted(descriptor, processAt(descriptor));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            pause(errno);
        return;
    }
}

// Whoever waits is heard as soon as there is room; looking at once again would only turn in a circle.
void LocalListener::pause(int error)
{
    m_notifier->setEnabled(false);
    m_retry.start(m_backoff.next());
    if (!std::exchange(m_short, true) && m_tell.allow(now()))
        qCCritical(lcLink).noquote() << "local clients have to wait:" << qt_error_string(error)
                                     << "(raise the limit of open files: ulimit -n, LimitNOFILE=); trying again";
}

} // namespace tk::link
