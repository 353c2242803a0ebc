#include "app/host_push.h"

#include "remote/data_files.h"
#include "remote/process_run.h"

namespace tk::app {

namespace {

constexpr qint64 mostWaiting = 1 << 20; // bytes handed over and not taken by ssh yet
constexpr qsizetype mostErrors = 16 << 10;
constexpr int killWithin = 2'000; // ms

// The shell's own codes.
constexpr int notExecutable = 126;
constexpr int notFound = 127;
constexpr int sshFailed = 255;

} // namespace

HostPush::HostPush(Options options, store::StoreReader &reader, const std::atomic<bool> &stop, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_stop(stop)
{
    config::SyncSettings settings = m_options.sync;
    settings.interval = m_options.host.push_every;
    m_sender =
        std::make_unique<sync::PushSender>(sync::PushSender::Options{.settings = std::move(settings),
                                                                     .full = m_options.full,
                                                                     .version = QStringLiteral(TAPEKEEPER_VERSION),
                                                                     .known = m_options.known,
                                                                     .now = m_options.now},
                                           reader, stop);
    m_silence.setSingleShot(true);
    m_silence.setInterval(m_options.silence);
    connect(&m_silence, &QTimer::timeout, this, [this] {
        const QString instead = m_sender->heardInstead();
        end(Error{
            Error::Kind::Timeout,
            QStringLiteral("%1: not a word%3 within %2 s%4")
                .arg(m_target.text())
                .arg(double(m_options.silence.count()) / 1000.0)
                .arg(instead.isEmpty() ? QString() : QStringLiteral(" of tapekeeper"),
                     instead.isEmpty() ? QString() : QStringLiteral("; what came begins with \"%1\"").arg(instead)),
            true});
    });
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &HostPush::read);
    connect(&m_process, &QProcess::readyReadStandardError, this, [this] {
        m_errors += m_process.readAllStandardError();
        m_errors.truncate(mostErrors);
    });
    connect(&m_process, &QProcess::bytesWritten, this, [this] {
        m_silence.start();
        give();
    });
    connect(&m_process, &QProcess::finished, this, &HostPush::finished);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            end(Error{Error::Kind::Config, QStringLiteral("ssh could not be started: install openssh-client")});
    });
}

HostPush::~HostPush()
{
    m_ended = true;
    m_process.disconnect(this);
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.kill();
    m_process.waitForFinished(killWithin);
}

void HostPush::start()
{
    const auto target = remote::SshTarget::of(m_options.host);
    if (!target) {
        QMetaObject::invokeMethod(
            this, [this, error = target.error()] { end(error); }, Qt::QueuedConnection);
        return;
    }
    m_target = *target;
    const QString script =
        QStringLiteral("exec %1 sync --receive --datadir %2")
            .arg(remote::shellFolder(m_options.host.push_program), remote::shellFolder(m_options.host.push));
    remote::endWithThisThread(m_process);
    m_silence.start();
    m_process.start(QStringLiteral("ssh"),
                    remote::sshConverse(m_target, {QStringLiteral("sh"), QStringLiteral("-c"), script}));
}

void HostPush::read()
{
    m_silence.start();
    const QByteArray bytes = m_process.readAllStandardOutput();
    m_received += bytes.size();
    if (const Status understood = m_sender->receive(bytes); !understood)
        return end(Error{understood.error().kind,
                         QStringLiteral("%1: %2").arg(m_target.text(), understood.error().message),
                         understood.error().retryable});
    if (m_sender->isDone())
        return end(m_sender->report());
    give();
}

void HostPush::give()
{
    while (!m_ended && m_sender->hasMore() && m_process.bytesToWrite() < mostWaiting) {
        if (m_stop)
            return end(Error{Error::Kind::Cancelled, QStringLiteral("%1: stopped").arg(m_target.text())});
        const auto bytes = m_sender->next();
        if (!bytes)
            return end(bytes.error()); // of the store here
        m_silence.start();             // the store may have taken its time
        m_sent += bytes->size();
        m_process.write(*bytes);
    }
}

Error HostPush::errorOf(int code) const
{
    const QString said = QString::fromUtf8(m_errors).trimmed().section(u'\n', -1);
    const auto error = [&](const QString &what) {
        return Error{Error::Kind::Remote, QStringLiteral("%1: %2").arg(m_target.text(), what), true};
    };
    if (code == notFound || code == notExecutable)
        return error(QStringLiteral("there is no %1 that could receive: install the package tapekeeper-server there, "
                                    "or name it with push_program (%2)")
                         .arg(m_options.host.push_program, said));
    if (code == sshFailed || code < 0)
        return remote::sshError(m_target, m_errors);
    return error(QStringLiteral("%1 ended before it was done, with code %2%3")
                     .arg(m_options.host.push_program)
                     .arg(code)
                     .arg(said.isEmpty() ? QString() : QStringLiteral(": ") + said));
}

void HostPush::finished(int code, QProcess::ExitStatus status)
{
    if (m_process.bytesAvailable() > 0)
        read();
    m_errors += m_process.readAllStandardError();
    end(errorOf(status == QProcess::NormalExit ? code : -1));
}

void HostPush::end(const Result<sync::PushReport> &result)
{
    if (std::exchange(m_ended, true))
        return;
    m_silence.stop();
    m_process.kill(); // where it is not at its end anyway
    Q_EMIT ended(result);
}

} // namespace tk::app
