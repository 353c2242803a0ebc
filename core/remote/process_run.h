// A program that runs once: with a deadline, with bounds on what it may say, and never left behind, not even when this
// process is killed. Lives in the thread that creates it; nothing blocks but the end of a killed child.
#pragma once

#include "base/time.h"

#include <QObject>
#include <QProcess>
#include <QTimer>

#include <memory>

namespace tk::remote {

// On Linux the process ends with the thread that started it.
void endWithThisThread(QProcess &process);

// That, and no input.
void tieToThisThread(QProcess &process);

struct ProcessEnd
{
    int code = -1; // negative: it did not end by itself
    QByteArray out{};
    QByteArray err{};
    bool started = true;
    bool late = false;    // killed at its deadline
    bool endless = false; // killed for saying too much
};

class ProcessRun final : public QObject
{
    Q_OBJECT
public:
    static constexpr qint64 mostOut = qint64(64) << 20; // bytes

    explicit ProcessRun(QObject *parent = nullptr);
    ~ProcessRun() override; // kills what still runs

    void start(const QString &program, const QStringList &arguments, milliseconds deadline);
    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    void cancel(); // no end is told

Q_SIGNALS:
    void ended(const ProcessEnd &end); // once

private:
    void read();
    void finish();

    QProcess m_process;
    QTimer m_deadline;
    ProcessEnd m_end;
    bool m_told = false;
};

} // namespace tk::remote
