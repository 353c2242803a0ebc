// The one ssh connection to a host, opened when there is something to do, and the queue of what is to be run over it.
// A host that hangs costs its own queue a deadline, and nobody else anything. Lives in the thread that creates it.
#pragma once

#include "remote/process_run.h"
#include "remote/script.h"
#include "remote/ssh_command.h"

#include <QPointer>

#include <deque>
#include <functional>

namespace tk::remote {

// Where to make the folder of control sockets, for QTemporaryDir: short enough for the path of a socket.
QString controlFolderTemplate();

class HostChannel final : public QObject
{
    Q_OBJECT
public:
    using Answer = Result<QHash<QString, PartAnswer>>;
    using Done = std::function<void(const Answer &answer)>;

    // `controlSocket`: a short path in a folder that is nobody else's; not there yet.
    HostChannel(SshTarget target, QString controlSocket, QObject *parent = nullptr);
    ~HostChannel() override; // no process and no socket stays behind; nothing more is told

    // One after the other. `done` is called once, unless `context` or this object goes before. The deadline counts from
    // when the script is sent; connecting has a limit of its own.
    void run(const Script &script, milliseconds deadline, QObject *context, Done done);

    // For what runs for long beside the queue: told once the connection stands, or why it does not.
    void whenOpen(QObject *context, std::function<void(const Status &status)> done);
    QStringList argumentsFor(const QString &script) const; // of `ssh`, over the connection

    bool isOpen() const { return m_open; }
    void close(); // what waits is told so
    const SshTarget &target() const { return m_target; }

Q_SIGNALS:
    void opened();
    void lost(const tk::Error &error); // the connection, or the attempt to open it

private:
    struct Job
    {
        Script script;
        milliseconds deadline{};
        QPointer<QObject> context;
        Done done;
    };
    struct Waiter
    {
        QPointer<QObject> context;
        std::function<void(const Status &)> done;
    };

    void open();
    void look();
    void next();
    void ended(const ProcessEnd &end);
    void drop(const Error &error);
    void endMaster();

    SshTarget m_target;
    QString m_socket;
    std::unique_ptr<QProcess> m_master;
    QByteArray m_masterSaid;
    QTimer m_look;    // until the master has made its socket
    QTimer m_timeout; // of opening
    bool m_open = false;
    bool m_busy = false;
    std::deque<Job> m_jobs; // the first one runs, where m_busy
    std::vector<Waiter> m_waiters;
    ProcessRun m_run;
};

} // namespace tk::remote
