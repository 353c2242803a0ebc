// The real program as a process beside an in-process simulator, both on one fast clock: for what only a process can do,
// being killed, being told by signals, ending with a code.
#pragma once

#include "base/clock.h"
#include "support/exchange/simulator_thread.h"
#include "truth_check.h"

#include <QProcess>
#include <QTemporaryDir>

#include <memory>
#include <optional>

namespace tk::test {

struct ProcessOptions
{
    int pairs = 12;
    double factor = 40;
    std::vector<Timeframe> timeframes{Timeframe::M1, Timeframe::M3};
    int history = 30;
    QString program = QStringLiteral("tapekeeper"); // of those that were built
    QByteArray http = "127.0.0.1:0";                // where metrics and health are asked for
    QByteArray configuration{};                     // more lines of TOML for [[exchange]]
    sim::SimSettings sim{};
    std::optional<config::InfluxSettings> truth{}; // where the records are, when it is not the embedded store
};

class ProcessRig
{
public:
    explicit ProcessRig(ProcessOptions options = {});
    ~ProcessRig(); // kills what still runs

    sim::SimulatorThread &sim() { return *m_sim; }
    const Clock &clock() const { return *m_clock; }
    QString dataDir() const { return m_folder.filePath(QStringLiteral("data")); }
    QString configFile() const { return m_folder.filePath(QStringLiteral("tapekeeper.toml")); }
    void configure(const QByteArray &exchangeLines);

    bool start(const QProcessEnvironment &environment = QProcessEnvironment::systemEnvironment());
    bool waitReady(); // "engine started" was logged

    // A command on the same configuration, beside the engine or without it.
    struct Answer
    {
        int code = -1; // negative: it did not end in time
        QByteArray out;
        QByteArray err;
    };
    Answer ask(const QStringList &arguments) const;
    bool waitLog(const QByteArray &text, milliseconds patience = std::chrono::seconds(60));
    void kill(); // SIGKILL, and waits for the end
    void signal(int number);
    bool waitEnd(milliseconds patience);
    int exitCode() const { return m_process->exitCode(); }
    bool endedNormally() const { return m_process->exitStatus() == QProcess::NormalExit; }
    bool isRunning() const { return m_process->state() == QProcess::Running; }
    qint64 pid() const { return m_process->processId(); }
    qint64 residentBytes() const;
    const QByteArray &log() const { return m_log; } // of the present run

    bool waitSimulated(milliseconds span);
    QString verdict(); // waits until everything that closed before now had its chance

private:
    ProcessOptions m_options;
    std::shared_ptr<const Clock> m_clock;
    UtcTime m_anchor;
    UtcTime m_startedAt{};
    UtcTime m_fillBegan{}; // of the first start: history counts from here, a program's start takes simulated minutes
    QTemporaryDir m_folder;
    std::unique_ptr<sim::SimulatorThread> m_sim;
    QByteArray m_log;
    std::unique_ptr<QProcess> m_process;
};

} // namespace tk::test
