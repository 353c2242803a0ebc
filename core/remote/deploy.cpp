#include "remote/deploy.h"

#include "base/regular_file.h"

#include <QFileInfo>
#include <QLocale>
#include <QUuid>

#include <cerrno>
#include <fcntl.h>

namespace tk::remote {

using namespace std::chrono_literals;
using State = CheckStep::State;

namespace {

constexpr milliseconds askWithin = 30s;
constexpr milliseconds verifyWithin = 120s; // a version and a configuration are looked at with the program itself
constexpr milliseconds stuckAfter = 30s;
constexpr milliseconds followEvery = 500ms;
constexpr milliseconds followAgain = 2s;     // after a lost connection
constexpr milliseconds restartWithin = 200s; // systemd's own limits for a stop and a start
constexpr milliseconds beginWithin = 10s;
constexpr int endWithin = 1'000; // ms, of a killed upload
constexpr qint64 chunk = 256 << 10;
constexpr qint64 spare = 1 << 20; // bytes beside the files: the log, a link, a configuration
constexpr qsizetype mostJournal = 16;

QString sizeText(qint64 bytes)
{
    return QLocale::c().formattedDataSize(bytes);
}

const DeployLine *find(const std::vector<DeployLine> &lines, const QString &kind, const QString &name = {})
{
    const auto found = std::ranges::find_if(
        lines, [&](const DeployLine &line) { return line.kind == kind && (name.isEmpty() || line.name == name); });
    return found == lines.end() ? nullptr : &*found;
}

} // namespace

QString deployEndName(DeployEnd end)
{
    switch (end) {
    case DeployEnd::Done:
        return QStringLiteral("deployed");
    case DeployEnd::Unchanged:
        return QStringLiteral("unchanged");
    case DeployEnd::RolledBack:
        return QStringLiteral("rolled back");
    case DeployEnd::Broken:
        return QStringLiteral("broken");
    case DeployEnd::Unknown:
        break;
    }
    return QStringLiteral("unknown");
}

Deployment::Deployment(DeployPlan plan, const SshTarget &target, const QString &controlSocket, QObject *parent)
    : QObject(parent)
    , m_plan(std::move(plan))
    , m_channel(target, controlSocket)
    , m_id(QUuid::createUuid().toString(QUuid::Id128).left(12))
{
    m_stuck.setSingleShot(true);
    connect(&m_stuck, &QTimer::timeout, this, [this] {
        refuse(QStringLiteral("upload"), QStringLiteral("nothing went on for 30 s: the connection hangs"));
    });
    m_again.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, &Deployment::follow);
}

Deployment::~Deployment()
{
    endUpload();
}

void Deployment::tell(const QString &name, State state, const QString &text)
{
    m_steps.push_back({name, state, text});
    Q_EMIT stepped(m_steps.back());
}

void Deployment::finish(DeployEnd end, const QString &verdict)
{
    if (std::exchange(m_ended, true))
        return;
    m_end = end;
    m_verdict = verdict;
    m_again.stop();
    endUpload();
    // Not from within an answer of the channel, or a signal of the upload.
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_channel.close();
            Q_EMIT finished();
        },
        Qt::QueuedConnection);
}

// Before the launch nothing has changed, whatever went wrong. What has arrived goes; where the connection has gone, the
// next deployment clears it away.
void Deployment::refuse(const QString &step, const QString &why)
{
    if (m_ended)
        return;
    tell(step, State::Bad, why);
    endUpload();
    const QString verdict = why + QStringLiteral("; nothing was changed");
    if (!m_arrived)
        return finish(DeployEnd::Unchanged, verdict);
    m_channel.run(deployForget(m_plan, m_id), askWithin, this,
                  [this, verdict](const HostChannel::Answer &) { finish(DeployEnd::Unchanged, verdict); });
}

Status Deployment::open(const QString &name, const QString &remoteName)
{
    auto local = std::make_unique<Local>();
    local->content = std::make_unique<QFile>(name);
    if (!QFileInfo::exists(name))
        return Error{Error::Kind::Config, QStringLiteral("there is no file %1").arg(name)};
    const int descriptor = openRegular(name, O_RDONLY, Links::Follow);
    if (descriptor < 0 || !local->content->open(descriptor, QIODevice::ReadOnly, QFile::AutoCloseHandle))
        return Error{
            Error::Kind::Config,
            QStringLiteral("%1 cannot be read: %2").arg(name, fileErrorText(descriptor < 0 ? -descriptor : EIO))};
    local->file = {remoteName, local->content->size(), {}};
    m_files.push_back(std::move(local));
    return ok();
}

void Deployment::start(const QString &program, const QString &configuration)
{
    Status opened = open(program, m_plan.is_package ? QStringLiteral("new.deb") : QStringLiteral("tapekeeper"));
    if (opened && !configuration.isEmpty())
        opened = open(configuration, QStringLiteral("tapekeeper.toml"));
    if (!opened) {
        tell(QStringLiteral("look"), State::Bad, opened.error().message);
        return finish(DeployEnd::Unchanged, opened.error().message);
    }
    ask(deployLook(m_plan), QStringLiteral("look"), QStringLiteral("look"), &Deployment::looked);
}

void Deployment::ask(const Script &script, const QString &part, const QString &step,
                     void (Deployment::*next)(const Lines &))
{
    m_channel.run(script, verifyWithin, this, [this, part, step, next](const HostChannel::Answer &answer) {
        if (m_ended)
            return;
        if (!answer)
            return refuse(step, answer.error().message);
        const Lines lines = parseDeployLines(answer->value(part).out);
        for (const DeployLine &line : lines) {
            if (line.kind == QLatin1String("step"))
                tell(line.name, line.state == QLatin1String("ok") ? State::Good : State::Bad, line.text);
        }
        if (const DeployLine *refused = find(lines, QStringLiteral("refuse")))
            return refuse(refused->name.isEmpty() ? step : refused->name, refused->text);
        (this->*next)(lines);
    });
}

void Deployment::looked(const Lines &lines)
{
    const auto fact = [&](const char *name) {
        const DeployLine *line = find(lines, QStringLiteral("fact"), QLatin1String(name));
        return line ? line->text : QString();
    };
    const QString current = fact("current").section(u'/', -1);
    QString text = QStringLiteral("%1 is %2, with %3")
                       .arg(m_plan.unit, fact("state"),
                            current.isEmpty() ? QStringLiteral("no release of %1 yet").arg(fact("folder")) : current);
    if (m_plan.is_package)
        text = QStringLiteral("%1 is %2").arg(m_plan.unit, fact("state"));
    if (!fact("unfinished").isEmpty())
        text += QStringLiteral("; the deployment before was cut off, and nobody watched what runs now");
    tell(QStringLiteral("look"), State::Good, text);

    qint64 wanted = spare;
    for (const auto &local : m_files)
        wanted += local->file.size;
    const qint64 free = fact("free").toLongLong() << 10;
    if (free < wanted)
        return refuse(
            QStringLiteral("space"),
            QStringLiteral("%1 has %2 free, and %3 are needed").arg(fact("folder"), sizeText(free), sizeText(wanted)));
    tell(QStringLiteral("space"), State::Good, QStringLiteral("%1 free").arg(sizeText(free)));
    if (!m_ended)
        send();
}

void Deployment::send()
{
    const Local &local = *m_files[m_sending];
    m_arrived = true;
    m_upload = std::make_unique<QProcess>();
    QProcess *process = m_upload.get();
    tieToThisThread(*process);
    process->setStandardInputFile({}); // a pipe of ours
    process->setStandardOutputFile(QProcess::nullDevice());
    connect(process, &QProcess::started, this, &Deployment::feed);
    connect(process, &QProcess::bytesWritten, this, [this](qint64 bytes) {
        m_stuck.start(stuckAfter);
        m_sentBytes += bytes;
        qint64 total = 0;
        for (const auto &one : m_files)
            total += one->file.size;
        Q_EMIT progressed(m_sentBytes, total);
        feed();
    });
    connect(
        process, &QProcess::finished, this,
        [this, process](int code) {
            if (process == m_upload.get())
                sent(process->readAllStandardError(), code);
        },
        Qt::QueuedConnection);
    m_stuck.start(stuckAfter);
    process->start(QStringLiteral("ssh"), m_channel.argumentsFor(deployUpload(m_plan, m_id, local.file)));
}

void Deployment::feed()
{
    Local &local = *m_files[m_sending];
    while (m_upload && m_upload->bytesToWrite() < chunk && local.content->isOpen()) {
        const QByteArray piece = local.content->read(chunk);
        local.hash.addData(piece);
        m_upload->write(piece);
        if (local.content->atEnd()) {
            local.content->close();
            m_upload->closeWriteChannel(); // once everything is written
        }
    }
}

void Deployment::sent(const QByteArray &said, int code)
{
    m_stuck.stop();
    const QString step = QStringLiteral("upload");
    if (code == 255)
        return refuse(step, sshError(m_channel.target(), said).message);
    if (code != 0) {
        const QString last = QString::fromUtf8(said).trimmed().section(u'\n', -1);
        return refuse(step, last.isEmpty() ? QStringLiteral("not everything arrived") : last);
    }
    Local &local = *m_files[m_sending];
    local.file.sha256 = local.hash.result().toHex();
    endUpload();
    if (++m_sending < m_files.size())
        return send();
    tell(step, State::Good, sizeText(m_sentBytes));
    if (m_ended)
        return;
    std::vector<DeployFile> files;
    for (const auto &one : m_files)
        files.push_back(one->file);
    ask(deployVerify(m_plan, m_id, files), QStringLiteral("verify"), QStringLiteral("checksum"), &Deployment::verified);
}

void Deployment::verified(const Lines &)
{
    if (m_ended)
        return;
    m_launched = true; // from when it may have begun
    m_patience.setRemainingTime(2 * (m_plan.within + m_plan.hold + restartWithin));
    m_channel.run(deployLaunch(m_plan, m_id, m_files.front()->file), askWithin, this,
                  [this](const HostChannel::Answer &) {
                      // Lost on the way or not: the log tells whether it has begun.
                      m_begin.setRemainingTime(beginWithin);
                      follow();
                  });
}

void Deployment::follow()
{
    m_channel.run(deployFollow(m_plan), askWithin, this, [this](const HostChannel::Answer &answer) {
        if (m_ended)
            return;
        if (answer)
            return followed(answer->value(QStringLiteral("log")).out, answer->value(QStringLiteral("works")).code == 0);
        if (m_patience.hasExpired())
            return finish(DeployEnd::Unknown,
                          QStringLiteral("the host goes on by itself, but does not tell: %1; the end of it will be in "
                                         "deploy.log of %2")
                              .arg(answer.error().message, m_plan.folder));
        m_again.start(followAgain);
    });
}

void Deployment::followed(const QByteArray &log, bool works)
{
    const Lines lines = parseDeployLines(log);
    const DeployLine *begin = find(lines, QStringLiteral("begin"));
    if (!begin || begin->text != m_id) {
        if (m_told > 0)
            return finish(DeployEnd::Unknown,
                          QStringLiteral("its end was not seen: another deployment has begun there since"));
        if (m_begin.hasExpired())
            return refuse(QStringLiteral("switch"), works ? QStringLiteral("another deployment is in work there")
                                                          : QStringLiteral("the host did not begin with it"));
        m_again.start(followEvery);
        return;
    }
    for (; m_told < lines.size(); ++m_told) {
        const DeployLine &line = lines[m_told];
        if (line.kind == QLatin1String("step"))
            tell(line.name, line.state == QLatin1String("ok") ? State::Good : State::Bad, line.text);
        else if (line.kind == QLatin1String("journal") && m_journal.size() < mostJournal)
            m_journal.append(line.text);
        else if (line.kind == QLatin1String("end"))
            return finish(line.name == QLatin1String("done")          ? DeployEnd::Done
                          : line.name == QLatin1String("unchanged")   ? DeployEnd::Unchanged
                          : line.name == QLatin1String("rolled-back") ? DeployEnd::RolledBack
                                                                      : DeployEnd::Broken,
                          line.text);
        if (m_ended)
            return;
    }
    if (!works || m_patience.hasExpired())
        return finish(DeployEnd::Unknown,
                      QStringLiteral("the host was cut off in the midst of it: look at deploy.log in "
                                     "%1, and at the unit")
                          .arg(m_plan.folder));
    m_again.start(followEvery);
}

void Deployment::cancel()
{
    if (m_ended)
        return;
    if (!m_launched)
        return refuse(QStringLiteral("upload"), QStringLiteral("interrupted"));
    finish(DeployEnd::Unknown,
           QStringLiteral("interrupted here; the host ends it by itself, well or rolled back: deploy.log in %1")
               .arg(m_plan.folder));
}

void Deployment::endUpload()
{
    m_stuck.stop();
    if (!m_upload)
        return;
    m_upload->disconnect(this);
    m_upload->kill();
    m_upload->waitForFinished(endWithin);
    m_upload.release()->deleteLater(); // we may be in its signal
}

} // namespace tk::remote
