// Keys of hosts: what a host shows, what is known of it, and taking one up, which happens by an order alone.
#pragma once

#include "remote/process_run.h"
#include "remote/ssh_command.h"

#include <QTemporaryDir>

#include <functional>

namespace tk::remote {

struct HostKey
{
    QString name{}; // as it stands in known_hosts: "host", or "[host]:port"
    QString type{}; // "ssh-ed25519"
    QByteArray blob{};

    QString fingerprint() const; // "SHA256:...", as ssh-keygen prints it
};

// Lines of a known_hosts file, or what ssh-keygen -F prints; comments and what cannot be read are left out.
std::vector<HostKey> parseKnownHosts(const QByteArray &text);

enum class KeyState : quint8 { Known, Unknown, Changed };
QString keyStateName(KeyState state);

struct KeyReport
{
    KeyState state = KeyState::Unknown;
    HostKey shown{};              // by the host, now
    std::vector<HostKey> known{}; // for that name
    QString file{};               // where an accepted key goes
};

// Asks the host for its key and compares it with the known ones. Then, if wanted, takes it up.
class HostKeyCheck final : public QObject
{
    Q_OBJECT
public:
    explicit HostKeyCheck(SshTarget target, QObject *parent = nullptr);

    void look(); // ends in looked() or failed()

    // Looks again, and writes the key into the known ones, in place of others for that name, if it has exactly this
    // fingerprint. Ends in trusted() or failed().
    void trust(const QString &fingerprint);

Q_SIGNALS:
    void looked(const tk::remote::KeyReport &report);
    void trusted(const tk::remote::KeyReport &before);
    void failed(const tk::Error &error);

private:
    void step(const QString &program, const QStringList &arguments, std::function<void(const ProcessEnd &)> then);
    void compare(const QByteArray &lookup);
    void take();
    void store();
    void fail(Error::Kind kind, const QString &what);

    SshTarget m_target;
    QTemporaryDir m_folder;
    ProcessRun m_run;
    std::function<void(const ProcessEnd &)> m_then;
    KeyReport m_report;
    QString m_wanted; // the fingerprint to trust; empty: none
};

} // namespace tk::remote
