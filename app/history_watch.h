// Watches whether history can work for a job: whether every exchange's instrument list is there, and whether an
// exchange that gives no answer at all is to be given up.
#pragma once

#include "app/link_commands.h"

#include <QTimer>

#include <optional>

namespace tk::app {

class HistoryWatch final : public QObject
{
    Q_OBJECT
public:
    explicit HistoryWatch(EngineCommands &commands, QObject *parent = nullptr);

    void start(); // ends at once in ready() where everything is known

    QString trouble() const; // what keeps history from working now; empty when it works
    bool isIdle() const;     // nothing waits, nothing is under way

Q_SIGNALS:
    void ready();                        // every instrument list is known; once
    void looked();                       // about once a second, after ready()
    void hopeless(const tk::Error &why); // once

private:
    void look();

    EngineCommands &m_commands;
    MonotonicTime m_lastAnswer{};
    bool m_ready = false;
    bool m_ended = false;
    QTimer m_timer;
};

} // namespace tk::app
