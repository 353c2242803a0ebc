#include "runtime/signal_watcher.h"

#include <QSocketNotifier>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace tk::runtime {

namespace {

constexpr std::array<int, 3> watched{SIGTERM, SIGINT, SIGHUP};

// A signal handler has no object: this is the one thing it can reach.
std::atomic<int> g_writeEnd{-1};

extern "C" void passOn(int number)
{
    const int saved = errno;
    const auto byte = char(number);
    static_cast<void>(!::write(g_writeEnd, &byte, 1)); // a full pipe already tells of signals
    errno = saved;
}

} // namespace

struct SignalWatcher::Handlers
{
    std::array<int, 2> ends{-1, -1}; // read, write
    std::array<struct sigaction, watched.size()> former{};
    bool installed = false;
};

SignalWatcher::SignalWatcher(QObject *parent)
    : QObject(parent)
    , m_handlers(std::make_unique<Handlers>())
{}

SignalWatcher::~SignalWatcher()
{
    if (!m_handlers->installed)
        return;
    for (size_t i = 0; i < watched.size(); ++i)
        ::sigaction(watched[i], &m_handlers->former[i], nullptr);
    g_writeEnd = -1;
    m_notifier.reset();
    for (const int end : m_handlers->ends)
        ::close(end);
}

Status SignalWatcher::start()
{
    if (g_writeEnd != -1)
        return Error{Error::Kind::Config, QStringLiteral("signals are watched already: one watcher per process")};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, m_handlers->ends.data()) != 0)
        return Error{
            Error::Kind::Config,
            QStringLiteral("cannot watch for signals: %1; raise the limit of open files").arg(qt_error_string(errno))};
    g_writeEnd = m_handlers->ends[1];
    m_notifier = std::make_unique<QSocketNotifier>(m_handlers->ends[0], QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, &SignalWatcher::read);
    struct sigaction action = {};
    action.sa_handler = passOn;
    action.sa_flags = SA_RESTART;
    for (size_t i = 0; i < watched.size(); ++i)
        ::sigaction(watched[i], &action, &m_handlers->former[i]);
    m_handlers->installed = true;
    return ok();
}

void SignalWatcher::read()
{
    std::array<char, 64> numbers;
    const ssize_t count = ::read(m_handlers->ends[0], numbers.data(), numbers.size());
    for (ssize_t i = 0; i < count; ++i) {
        if (numbers[size_t(i)] == SIGHUP)
            Q_EMIT reload();
        else
            Q_EMIT terminate(++m_terminations);
    }
}

} // namespace tk::runtime
