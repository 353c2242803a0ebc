#include "link/socket_path.h"

#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace tk::link {

namespace {

// Of 107, less what QLocalServer adds while it makes the socket in a folder of its own beside the final place.
constexpr qsizetype directBytes = 90;

} // namespace

Result<SocketPath> SocketPath::of(const QString &socketFile)
{
    if (QFile::encodeName(socketFile).size() <= directBytes)
        return SocketPath(socketFile, -1);
    const QFileInfo info(socketFile);
    const QString folder = info.absolutePath();
    const int descriptor = ::open(QFile::encodeName(folder).constData(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return Error{
            Error::Kind::Config,
            QStringLiteral("cannot open the folder %1: %2; check data_dir").arg(folder, qt_error_string(errno))};
    const QString name = QStringLiteral("/proc/self/fd/%1/%2").arg(descriptor).arg(info.fileName());
    SocketPath path(name, descriptor);
    if (!QFileInfo::exists(QStringLiteral("/proc/self/fd/%1").arg(descriptor)) ||
        QFile::encodeName(name).size() > directBytes)
        return Error{
            Error::Kind::Config,
            QStringLiteral("the socket path %1 is longer than the %2 bytes this system allows: choose a shorter "
                           "[engine] data_dir")
                .arg(socketFile)
                .arg(directBytes)};
    return path;
}

SocketPath::SocketPath(SocketPath &&other) noexcept
    : m_name(std::move(other.m_name))
    , m_folder(std::exchange(other.m_folder, -1))
{}

SocketPath &SocketPath::operator=(SocketPath &&other) noexcept
{
    std::swap(m_name, other.m_name);
    std::swap(m_folder, other.m_folder);
    return *this;
}

SocketPath::~SocketPath()
{
    if (m_folder >= 0)
        ::close(m_folder);
}

} // namespace tk::link
