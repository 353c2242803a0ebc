#include "remote/host_key.h"

#include "base/regular_file.h"
#include "config/settings.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds stepWithin = 15s;
constexpr qint64 mostBytes = 64 << 20; // of a file of host keys

QByteArray content(const QString &name)
{
    const auto file = readSmallFile(name, mostBytes);
    return file ? file->bytes : QByteArray();
}

} // namespace

QString HostKey::fingerprint() const
{
    return QStringLiteral("SHA256:") +
           QString::fromLatin1(QCryptographicHash::hash(blob, QCryptographicHash::Sha256)
                                   .toBase64(QByteArray::Base64Encoding | QByteArray::OmitTrailingEquals));
}

std::vector<HostKey> parseKnownHosts(const QByteArray &text)
{
    std::vector<HostKey> keys;
    for (const QByteArray &line : text.split('\n')) {
        const QList<QByteArray> words = line.simplified().split(' ');
        if (words.size() < 3 || line.startsWith('#') || line.startsWith('@'))
            continue;
        const auto blob = QByteArray::fromBase64Encoding(words[2], QByteArray::AbortOnBase64DecodingErrors);
        if (blob && !blob.decoded.isEmpty())
            keys.push_back({QString::fromUtf8(words[0]), QString::fromUtf8(words[1]), blob.decoded});
    }
    return keys;
}

QString keyStateName(KeyState state)
{
    switch (state) {
    case KeyState::Known:
        return QStringLiteral("known");
    case KeyState::Unknown:
        return QStringLiteral("unknown");
    case KeyState::Changed:
        break;
    }
    return QStringLiteral("changed");
}

HostKeyCheck::HostKeyCheck(SshTarget target, QObject *parent)
    : QObject(parent)
    , m_target(std::move(target))
{
    connect(
        &m_run, &ProcessRun::ended, this,
        [this](const ProcessEnd &end) {
            const auto then = std::exchange(m_then, {});
            if (!end.started)
                return fail(Error::Kind::Config, QStringLiteral("ssh could not be started: install openssh-client"));
            if (end.late)
                return fail(Error::Kind::Timeout,
                            QStringLiteral("no answer within %1 s")
                                .arg(std::chrono::duration_cast<std::chrono::seconds>(stepWithin).count()));
            if (then)
                then(end);
        },
        Qt::QueuedConnection); // the next step starts the same process
}

void HostKeyCheck::fail(Error::Kind kind, const QString &what)
{
    Q_EMIT failed(Error{kind, QStringLiteral("%1: %2").arg(m_target.text(), what), true});
}

void HostKeyCheck::step(const QString &program, const QStringList &arguments,
                        std::function<void(const ProcessEnd &)> then)
{
    m_then = std::move(then);
    m_run.start(program, arguments, stepWithin);
}

void HostKeyCheck::look()
{
    m_report = {};
    m_report.file = m_target.known_hosts.isEmpty() ? config::expandHome(QStringLiteral("~/.ssh/known_hosts"))
                                                   : m_target.known_hosts;
    const QString shown = m_folder.filePath(QStringLiteral("shown"));
    QFile::remove(shown);
    // The way there is ssh's own, with its configuration and the host in between. It ends at the login, with an error.
    step(QStringLiteral("ssh"), sshKeyProbe(m_target, shown), [this, shown](const ProcessEnd &end) {
        const std::vector<HostKey> keys = parseKnownHosts(content(shown));
        if (keys.empty()) {
            Q_EMIT failed(sshError(m_target, end.err));
            return;
        }
        m_report.shown = keys.back();
        // The names in that file may be hashed: ssh-keygen finds them.
        step(QStringLiteral("ssh-keygen"),
             {QStringLiteral("-F"), m_report.shown.name.section(u',', 0, 0), QStringLiteral("-f"), m_report.file},
             [this](const ProcessEnd &lookup) { compare(lookup.out); });
    });
}

void HostKeyCheck::compare(const QByteArray &lookup)
{
    m_report.known = parseKnownHosts(lookup);
    const bool same =
        std::ranges::any_of(m_report.known, [this](const HostKey &key) { return key.blob == m_report.shown.blob; });
    m_report.state = same ? KeyState::Known : m_report.known.empty() ? KeyState::Unknown : KeyState::Changed;
    if (!m_wanted.isEmpty())
        return take();
    Q_EMIT looked(m_report);
}

void HostKeyCheck::trust(const QString &fingerprint)
{
    m_wanted = fingerprint;
    look();
}

void HostKeyCheck::take()
{
    const QString wanted = std::exchange(m_wanted, {});
    if (m_report.shown.fingerprint() != wanted)
        return fail(Error::Kind::Refused, QStringLiteral("it shows the key %1, not %2: nothing was changed")
                                              .arg(m_report.shown.fingerprint(), wanted));
    if (m_report.state == KeyState::Known) {
        Q_EMIT trusted(m_report);
        return;
    }
    if (m_report.state == KeyState::Unknown)
        return store();
    step(QStringLiteral("ssh-keygen"),
         {QStringLiteral("-R"), m_report.shown.name.section(u',', 0, 0), QStringLiteral("-f"), m_report.file},
         [this](const ProcessEnd &end) {
             if (end.code == 0)
                 store();
             else
                 fail(Error::Kind::Storage, QStringLiteral("the old key could not be removed from %1: %2")
                                                .arg(m_report.file, QString::fromUtf8(end.err).trimmed()));
         });
}

void HostKeyCheck::store()
{
    QDir().mkpath(QFileInfo(m_report.file).absolutePath());
    QByteArray text = content(m_report.file);
    if (!text.isEmpty() && !text.endsWith('\n'))
        text += '\n';
    const HostKey &key = m_report.shown;
    text += key.name.toUtf8() + ' ' + key.type.toUtf8() + ' ' + key.blob.toBase64() + '\n';
    QSaveFile file(m_report.file);
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit())
        return fail(Error::Kind::Storage,
                    QStringLiteral("%1 cannot be written: %2").arg(m_report.file, file.errorString()));
    Q_EMIT trusted(m_report);
}

} // namespace tk::remote
