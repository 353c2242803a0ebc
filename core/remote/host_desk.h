// All the hosts of a configuration under watch, and the orders that concern them. Lives in one thread, which never
// waits for any of them.
//
//   host-action {host, unit, action}     start, stop, restart, enable, disable or run: {done, unit, text, trouble,
//   journal} host-refresh {host?}                 looks now, at all of them where none is named: {} host-log {host,
//   units, after}        see JournalTails; no units: all of the host's host-test {host} or {settings}       progress: a
//   step each; {good, steps}. `settings` need not be in force: see
//                                        hostFromJson()
//   host-key {host} or {settings}        the key that the host shows, and what is known of it
//   host-trust {host | settings, fingerprint}   takes the key up if it has that fingerprint:
//   {"was":"unknown"|"changed"}
#pragma once

#include "link/command_handler.h"
#include "remote/host_json.h"
#include "remote/journal_tails.h"

#include <QTemporaryDir>

namespace tk::remote {

struct HostSnapshot
{
    config::HostSettings settings{};
    HostReport report{};
};
using HostsSnapshot = std::vector<HostSnapshot>; // in the order of the configuration

class HostDesk final : public QObject
{
    Q_OBJECT
public:
    explicit HostDesk(std::shared_ptr<const Clock> clock, QObject *parent = nullptr);
    ~HostDesk() override; // no process and no socket stays behind

    // From then on, the receipts that looks at the hosts find: see HostReceipts.
    void keepReceiptsIn(const QString &dataDir) { m_dataDir = dataDir; }

    // Whose settings stay as they are keep their connection.
    void setHosts(const std::vector<config::HostSettings> &hosts);

    // The pairs that the engine collects, as files name them: files of others are not judged. Until it is told, files
    // are not looked at in the first minute.
    void setCollected(const QSet<QString> &pairs);

    // Somebody sees the states: they are looked at more often than when only the journal of the engine does.
    void setLooked(bool looked);

    static bool knows(const QString &command);
    void run(const QString &command, const QJsonObject &args, const link::Reply &reply);

    HostsSnapshot snapshot() const;
    HostWatch *find(const QString &host);

Q_SIGNALS:
    void changed(); // after each look at one of them
    void acted(const QString &host, const QString &unit, const QString &action, bool done, const QString &trouble);

private:
    struct Seat
    {
        config::HostSettings settings{};
        std::unique_ptr<HostWatch> watch{}; // nothing: its settings are no good
        QString problem{};
    };

    Seat seatOf(const config::HostSettings &settings);
    Result<QString> nextSocket();
    void watch(HostWatch &host);
    void keepReceipts(const HostWatch &host) const;
    void act(const QJsonObject &args, const link::Reply &reply);
    void readJournal(const QJsonObject &args, const link::Reply &reply);
    void test(const config::HostSettings &host, const SshTarget &target, const QString &socket,
              const link::Reply &reply);
    void askKey(const SshTarget &target, const QString &fingerprint, const link::Reply &reply);

    std::shared_ptr<const Clock> m_clock;
    QString m_dataDir;                        // of the engine; empty: nothing is kept
    std::unique_ptr<QTemporaryDir> m_sockets; // made for the first host: who has none leaves no trace
    int m_lastSocket = 0;
    bool m_looked = false;
    std::optional<QSet<QString>> m_collected;
    std::vector<Seat> m_seats;
    JournalTails m_tails; // goes before the connections
};

} // namespace tk::remote
