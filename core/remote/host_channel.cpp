#include "remote/host_channel.h"

#include <QDir>
#include <QFile>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds lookEvery = 20ms;
constexpr milliseconds openWithin = 12s; // ssh's own limit is 10 s for the network and the handshake
constexpr int endWithin = 1'000;         // ms, of a master that was asked to go
constexpr qsizetype mostSaid = 16 << 10;

// A socket's path may be 104 bytes long, and ssh adds some of its own while it makes it.
constexpr qsizetype longestFolder = 60;

QString program()
{
    return QStringLiteral("ssh");
}

} // namespace

QString controlFolderTemplate()
{
    const QString folder = QDir::tempPath();
    return (folder.size() > longestFolder ? QStringLiteral("/tmp") : folder) + QStringLiteral("/tapekeeper-ssh-XXXXXX");
}

HostChannel::HostChannel(SshTarget target, QString controlSocket, QObject *parent)
    : QObject(parent)
    , m_target(std::move(target))
    , m_socket(std::move(controlSocket))
{
    connect(&m_look, &QTimer::timeout, this, &HostChannel::look);
    m_timeout.setSingleShot(true);
    connect(&m_timeout, &QTimer::timeout, this, [this] {
        drop(Error{Error::Kind::Timeout, QStringLiteral("%1 does not answer over ssh").arg(m_target.text()), true});
    });
    connect(&m_run, &ProcessRun::ended, this, &HostChannel::ended);
}

HostChannel::~HostChannel()
{
    m_run.cancel();
    endMaster();
}

QStringList HostChannel::argumentsFor(const QString &script) const
{
    return sshOverMaster(m_target, m_socket, {QStringLiteral("sh"), QStringLiteral("-c"), script});
}

void HostChannel::run(const Script &script, milliseconds deadline, QObject *context, Done done)
{
    m_jobs.push_back({script, deadline, context, std::move(done)});
    if (m_open)
        next();
    else
        open();
}

void HostChannel::whenOpen(QObject *context, std::function<void(const Status &)> done)
{
    m_waiters.push_back({context, std::move(done)});
    if (!m_open)
        return open();
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_open)
                for (const Waiter &waiter : std::exchange(m_waiters, {}))
                    if (waiter.context)
                        waiter.done(ok());
        },
        Qt::QueuedConnection);
}

void HostChannel::open()
{
    if (m_master)
        return;
    QFile::remove(m_socket);
    m_masterSaid.clear();
    m_master = std::make_unique<QProcess>();
    QProcess *master = m_master.get();
    tieToThisThread(*master);
    connect(master, &QProcess::readyReadStandardError, this, [this, master] {
        m_masterSaid += master->readAllStandardError();
        if (m_masterSaid.size() > mostSaid)
            m_masterSaid = m_masterSaid.right(mostSaid);
    });
    // Queued: dropping deletes the process, and this may be its own signal.
    connect(
        master, &QProcess::finished, this,
        [this, master] {
            if (master != m_master.get())
                return;
            m_masterSaid += master->readAllStandardError();
            drop(sshError(m_target, m_masterSaid));
        },
        Qt::QueuedConnection);
    connect(
        master, &QProcess::errorOccurred, this,
        [this, master](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart && master == m_master.get())
                drop(Error{Error::Kind::Config, QStringLiteral("ssh could not be started: install openssh-client")});
        },
        Qt::QueuedConnection);
    master->setStandardOutputFile(QProcess::nullDevice());
    m_timeout.start(openWithin);
    m_look.start(lookEvery);
    master->start(program(), sshMaster(m_target, m_socket));
}

void HostChannel::look()
{
    if (!QFile::exists(m_socket))
        return;
    m_look.stop();
    m_timeout.stop();
    m_open = true;
    Q_EMIT opened();
    for (const Waiter &waiter : std::exchange(m_waiters, {})) {
        if (waiter.context)
            waiter.done(ok());
    }
    next();
}

void HostChannel::next()
{
    if (m_busy || !m_open)
        return;
    while (!m_jobs.empty() && !m_jobs.front().context)
        m_jobs.pop_front();
    if (m_jobs.empty())
        return;
    m_busy = true;
    const Job &job = m_jobs.front();
    m_run.start(program(), argumentsFor(job.script.text()), job.deadline);
}

void HostChannel::ended(const ProcessEnd &end)
{
    if (!m_busy || m_jobs.empty())
        return;
    m_busy = false;
    const Job job = std::move(m_jobs.front());
    m_jobs.pop_front();
    const auto tell = [&](const Answer &answer) {
        if (job.context)
            job.done(answer);
    };
    const auto error = [&](Error::Kind kind, const QString &what) {
        return Error{kind, QStringLiteral("%1: %2").arg(m_target.text(), what), true};
    };
    if (end.late) {
        // The master may hang as well: whatever comes next begins with a new one.
        const Error late = error(Error::Kind::Timeout,
                                 QStringLiteral("no answer within %1 s").arg(double(job.deadline.count()) / 1000.0));
        tell(late);
        return drop(late);
    }
    if (end.endless) {
        tell(error(Error::Kind::Remote, QStringLiteral("the answer is longer than 64 MiB")));
        return next();
    }
    Answer answer = job.script.answer(end.out);
    if (answer) {
        tell(answer);
        return next();
    }
    const bool connectionLost = end.code == 255 || end.code < 0;
    const Error lostError =
        connectionLost ? sshError(m_target, end.err) : error(answer.error().kind, answer.error().message);
    tell(lostError);
    if (connectionLost)
        return drop(lostError);
    next();
}

void HostChannel::endMaster()
{
    m_look.stop();
    m_timeout.stop();
    m_open = false;
    if (m_master) {
        m_master->disconnect(this);
        m_master->terminate(); // it takes its socket along
        if (m_master->state() != QProcess::NotRunning && !m_master->waitForFinished(endWithin)) {
            m_master->kill();
            m_master->waitForFinished(endWithin);
        }
        m_master.release()->deleteLater(); // we may be called out of one of its signals
    }
    QFile::remove(m_socket);
}

void HostChannel::drop(const Error &error)
{
    m_busy = false;
    m_run.cancel();
    endMaster();
    const std::deque<Job> jobs = std::exchange(m_jobs, {});
    const std::vector<Waiter> waiters = std::exchange(m_waiters, {});
    const QPointer<HostChannel> alive(this);
    for (const Job &job : jobs) {
        if (job.context)
            job.done(error);
    }
    for (const Waiter &waiter : waiters) {
        if (waiter.context)
            waiter.done(error);
    }
    if (alive)
        Q_EMIT lost(error);
}

void HostChannel::close()
{
    if (!m_master && m_jobs.empty())
        return;
    drop(Error{Error::Kind::Cancelled, QStringLiteral("%1: the connection was closed").arg(m_target.text())});
}

} // namespace tk::remote
