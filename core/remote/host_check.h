// "Test connection": every step from the name to the folders, each with what it found. Goes on where the next step can
// still tell something. Lives in the thread that creates it.
#pragma once

#include "config/settings.h"
#include "remote/host_channel.h"
#include "remote/host_key.h"

#include <QTcpSocket>

namespace tk::remote {

struct CheckStep
{
    enum class State : quint8 { Good, Bad, Skipped };

    QString name{}; // "resolve", "connect", "host key", "login", "sudo", "systemd", "folders"
    State state = State::Skipped;
    QString text{};
};
QString checkStateName(CheckStep::State state); // "ok", "failed", "skipped"

class HostCheck final : public QObject
{
    Q_OBJECT
public:
    HostCheck(config::HostSettings settings, const SshTarget &target, const QString &controlSocket,
              QObject *parent = nullptr);

    void start(); // ends in finished()
    bool isGood() const;
    const std::vector<CheckStep> &steps() const { return m_steps; }

Q_SIGNALS:
    void stepped(const tk::remote::CheckStep &step);
    void finished();

private:
    void resolve();
    void resolved(const ProcessEnd &end);
    void connectTo(const QString &host, quint16 port);
    void checkKey();
    void login();
    void loggedIn(const QHash<QString, PartAnswer> &parts);
    void tell(const QString &name, CheckStep::State state, const QString &text);
    void end(); // what has not been reached is skipped

    config::HostSettings m_settings;
    SshTarget m_target;
    ProcessRun m_run;
    QTcpSocket m_socket;
    QTimer m_deadline;
    HostKeyCheck m_key;
    HostChannel m_channel;
    std::vector<CheckStep> m_steps;
    bool m_connecting = false;
};

} // namespace tk::remote
