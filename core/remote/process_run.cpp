#include "remote/process_run.h"

#ifdef Q_OS_LINUX
#include <csignal>
#include <sys/prctl.h>
#endif

namespace tk::remote {

namespace {

constexpr qsizetype mostErr = 64 << 10;
constexpr int killWithin = 2'000; // ms

} // namespace

void endWithThisThread(QProcess &process)
{
#ifdef Q_OS_LINUX
    process.setChildProcessModifier([] { ::prctl(PR_SET_PDEATHSIG, SIGTERM); });
#else
    Q_UNUSED(process)
#endif
}

void tieToThisThread(QProcess &process)
{
    process.setStandardInputFile(QProcess::nullDevice());
    endWithThisThread(process);
}

ProcessRun::ProcessRun(QObject *parent)
    : QObject(parent)
{
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this, [this] {
        m_end.late = true;
        m_process.kill();
    });
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &ProcessRun::read);
    connect(&m_process, &QProcess::readyReadStandardError, this, &ProcessRun::read);
    connect(&m_process, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        m_end.code = status == QProcess::NormalExit ? code : -1;
        finish();
    });
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error != QProcess::FailedToStart)
            return;
        m_end.started = false;
        m_end.err = m_process.errorString().toUtf8();
        finish();
    });
}

ProcessRun::~ProcessRun()
{
    cancel();
}

void ProcessRun::start(const QString &program, const QStringList &arguments, milliseconds deadline)
{
    m_end = {};
    m_told = false;
    m_deadline.start(deadline);
    tieToThisThread(m_process);
    m_process.start(program, arguments);
}

void ProcessRun::cancel()
{
    m_told = true;
    m_deadline.stop();
    if (!isRunning())
        return;
    m_process.kill();
    m_process.waitForFinished(killWithin);
}

void ProcessRun::read()
{
    m_end.out += m_process.readAllStandardOutput();
    m_end.err += m_process.readAllStandardError();
    m_end.err.truncate(mostErr);
    if (m_end.out.size() <= mostOut)
        return;
    m_end.endless = true;
    m_process.kill();
}

void ProcessRun::finish()
{
    m_deadline.stop();
    read();
    if (std::exchange(m_told, true))
        return;
    Q_EMIT ended(m_end);
}

} // namespace tk::remote
