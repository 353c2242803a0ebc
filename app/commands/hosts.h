// `tapekeeper hosts …`: units and data of other computers, over ssh, all of them at once.
#pragma once

#include "app/commands/command.h"
#include "app/commands/progress_line.h"
#include "remote/deploy.h"
#include "remote/host_check.h"
#include "remote/host_watch.h"
#include "remote/journal_follow.h"
#include "runtime/signal_watcher.h"

#include <QTemporaryDir>

namespace tk::app {

class HostsCommand final : public Command
{
    Q_OBJECT
public:
    HostsCommand(const CommandLine &line, const config::Settings &settings);
    ~HostsCommand() override;
    void start() override;

private:
    struct Host
    {
        config::HostSettings settings;
        remote::SshTarget target;
        QString socket;
        bool looked = false; // units
        bool data = false;
        std::unique_ptr<remote::HostWatch> watch;
        std::unique_ptr<remote::HostCheck> check;
        std::unique_ptr<remote::HostKeyCheck> key;
        std::unique_ptr<remote::JournalFollow> journal;
        std::unique_ptr<remote::Deployment> deployment;
    };

    Status chooseHosts();
    Host *make(const config::HostSettings &settings);
    void status();
    void showStatus();
    void act(remote::UnitAction action);
    void actOn(Host &host, remote::UnitAction action);
    void logs();
    void printEntries(const Host &host, const std::vector<remote::JournalEntry> &entries);
    void test();
    void trust();
    void deploy();
    void deployTo(Host &host);
    void deployed(Host &host);
    void oneDone(); // of those that are waited for
    void stop(int count);

    QTemporaryDir m_sockets; // nobody else's
    runtime::SignalWatcher m_signals;
    std::vector<std::unique_ptr<Host>> m_hosts;
    Table m_table;
    int m_waiting = 0;
    size_t m_deploying = 0; // one host after the other
    std::optional<ProgressLine> m_bar;
    int m_code = Done;
};

} // namespace tk::app
