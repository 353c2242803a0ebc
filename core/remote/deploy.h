// One deployment to one host: looks before anything changes, sends the files, has them checked over there, and follows
// what the host then does by itself: switch, restart, watch, and go back where the new version is not well. A lost
// connection delays the news alone. Lives in the thread that creates it; nothing blocks.
#pragma once

#include "remote/deploy_scripts.h"
#include "remote/host_channel.h"
#include "remote/host_check.h"

#include <QCryptographicHash>
#include <QDeadlineTimer>
#include <QFile>

#include <optional>

namespace tk::remote {

enum class DeployEnd : quint8 {
    Done,
    Unchanged,  // refused, or failed before anything was changed
    RolledBack, // the version from before is in use again
    Broken,     // neither is well
    Unknown     // the host has not told
};
QString deployEndName(DeployEnd end); // "deployed", "unchanged", "rolled back", "broken", "unknown"

class Deployment final : public QObject
{
    Q_OBJECT
public:
    // Files here: a program, and a configuration for it or none; or a Debian package alone, as the plan says.
    Deployment(DeployPlan plan, const SshTarget &target, const QString &controlSocket, QObject *parent = nullptr);
    ~Deployment() override; // what has been launched over there goes on

    void start(const QString &program, const QString &configuration = {}); // ends in finished()
    void cancel();                                                         // too

    const std::vector<CheckStep> &steps() const { return m_steps; }
    DeployEnd end() const { return m_end; }
    const QString &verdict() const { return m_verdict; }     // a sentence: what was tried, why it failed, what runs now
    const QStringList &journal() const { return m_journal; } // the last lines of what failed

Q_SIGNALS:
    // "look", "space", "upload", "checksum", "check"; from the host "switch", "restart", "heartbeat", "hold", "roll
    // back"
    void stepped(const tk::remote::CheckStep &step);
    void progressed(qint64 sent, qint64 total); // bytes
    void finished();

private:
    struct Local
    {
        DeployFile file;
        std::unique_ptr<QFile> content;
        QCryptographicHash hash{QCryptographicHash::Sha256};
    };
    using Lines = std::vector<DeployLine>;

    Status open(const QString &name, const QString &remoteName);
    void ask(const Script &script, const QString &part, const QString &step, void (Deployment::*next)(const Lines &));
    void looked(const Lines &lines);
    void send();
    void feed();
    void sent(const QByteArray &said, int code);
    void verified(const Lines &lines);
    void follow();
    void followed(const QByteArray &log, bool works);
    void tell(const QString &name, CheckStep::State state, const QString &text);
    void refuse(const QString &step, const QString &why);
    void finish(DeployEnd end, const QString &verdict);
    void endUpload();

    DeployPlan m_plan;
    HostChannel m_channel;
    QString m_id;
    std::vector<std::unique_ptr<Local>> m_files;
    size_t m_sending = 0;
    qint64 m_sentBytes = 0;
    std::unique_ptr<QProcess> m_upload;
    QTimer m_stuck; // no byte went on
    QTimer m_again;
    QDeadlineTimer m_patience; // with a host that does not tell
    QDeadlineTimer m_begin;    // with one that has been told to
    size_t m_told = 0;         // lines of the log
    bool m_arrived = false;    // something, perhaps
    bool m_launched = false;
    bool m_ended = false;
    std::vector<CheckStep> m_steps;
    QStringList m_journal;
    DeployEnd m_end = DeployEnd::Unchanged;
    QString m_verdict;
};

} // namespace tk::remote
