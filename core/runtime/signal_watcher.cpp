#include "runtime/signal_watcher.h"

#include <QSocketNotifier>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace tk::runtime {

namespace {

constexpr std::array<int, 3> watched{SIGTERM, SIGINT, SIGHUP};

// A signal handler has no object: this is the one thing it can reach.
std::atomic<int> g_writeEnd{-1};

// When it came, and not when somebody found the time to read of it.
struct Note
{
    qint64 ms;
    int number;
};

extern "C" void passOn(int number)
{
    const int saved = errno;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const Note note{qint64(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000, number};
    static_cast<void>(!::write(g_writeEnd, &note, sizeof(note))); // a full pipe already tells of signals
    errno = saved;
}

} // namespace

struct SignalWatcher::Handlers
{
    std::array<int, 2> ends{-1, -1}; // read, write
    std::array<struct sigaction, watched.size()> former{};
    bool installed = false;
};

SignalWatcher::SignalWatcher(QObject *parent, std::chrono::milliseconds moment)
    : QObject(parent)
    , m_handlers(std::make_unique<Handlers>())
    , m_moment(moment)
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
    std::array<Note, 16> notes;
    const ssize_t size = ::read(m_handlers->ends[0], notes.data(), sizeof(notes));
    for (size_t i = 0; ssize_t((i + 1) * sizeof(Note)) <= size; ++i) {
        if (notes[i].number == SIGHUP) {
            Q_EMIT reload();
            continue;
        }
        const std::chrono::milliseconds at(notes[i].ms);
        if (++m_signals == 1)
            m_first = at;
        if (m_signals == 1 || m_signals > 2 || at - m_first >= m_moment)
            Q_EMIT terminate(++m_terminations);
    }
}

} // namespace tk::runtime
