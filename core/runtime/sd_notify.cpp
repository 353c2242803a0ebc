#include "runtime/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace tk::runtime {

namespace {

QByteArray statusLine(const QString &text)
{
    return "STATUS=" + text.toUtf8().replace('\n', ' ');
}

} // namespace

SdNotify::SdNotify()
    : SdNotify(qgetenv("NOTIFY_SOCKET"), qgetenv("WATCHDOG_USEC"), qgetenv("WATCHDOG_PID"))
{}

SdNotify::SdNotify(const QByteArray &socket, const QByteArray &watchdogUsec, const QByteArray &watchdogPid)
{
    sockaddr_un address = {};
    if (socket.isEmpty() || size_t(socket.size()) >= sizeof(address.sun_path) || (socket[0] != '/' && socket[0] != '@'))
        return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket.constData(), size_t(socket.size()));
    if (socket[0] == '@') // the abstract name space
        address.sun_path[0] = '\0';
    m_address = QByteArray(reinterpret_cast<const char *>(&address),
                           qsizetype(offsetof(sockaddr_un, sun_path)) + socket.size());
    m_descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    const qint64 usec = watchdogUsec.toLongLong();
    const bool meansUs = watchdogPid.isEmpty() || watchdogPid.toLongLong() == ::getpid();
    if (usec > 0 && meansUs)
        m_watchdogInterval = std::chrono::milliseconds(std::max<qint64>(usec / 2000, 1));
}

SdNotify::~SdNotify()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

void SdNotify::send(const QByteArray &lines) const
{
    if (m_descriptor < 0)
        return;
    // The manager may be gone, or restart: nothing to do about that here.
    static_cast<void>(::sendto(m_descriptor, lines.constData(), size_t(lines.size()), MSG_NOSIGNAL | MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr *>(m_address.constData()), socklen_t(m_address.size())));
}

void SdNotify::ready(const QString &status)
{
    send("READY=1\n" + statusLine(status));
}

void SdNotify::status(const QString &text)
{
    send(statusLine(text));
}

void SdNotify::reloading()
{
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    send("RELOADING=1\nMONOTONIC_USEC=" + QByteArray::number(qint64(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000));
}

void SdNotify::stopping(const QString &status)
{
    send("STOPPING=1\n" + statusLine(status));
}

void SdNotify::watchdog()
{
    send("WATCHDOG=1");
}

} // namespace tk::runtime
