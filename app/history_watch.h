// Watches whether history can work for a job: whether the instrument list of each exchange that it concerns is there,
// and whether one that gives no answer at all is to be given up.
#pragma once

#include "app/link_commands.h"

#include <QTimer>

#include <optional>

namespace tk::app {

class HistoryWatch final : public QObject
{
    Q_OBJECT
public:
    HistoryWatch(EngineCommands &commands, QString exchange); // of one, or of every one where it is empty

    void start(); // ends at once in ready() where everything is known

    QString trouble() const; // what keeps history from working now; empty when it works
    bool isIdle() const;     // nothing waits, nothing is under way

Q_SIGNALS:
    void ready();                        // every instrument list is known; once
    void looked();                       // about once a second, after ready()
    void hopeless(const tk::Error &why); // once

private:
    void look();
    std::vector<std::shared_ptr<const history::HistorySnapshot>> watched() const;

    EngineCommands &m_commands;
    QString m_exchange;
    MonotonicTime m_since{};
    QHash<QString, MonotonicTime> m_lastAnswer; // by exchange
    bool m_ready = false;
    bool m_ended = false;
    QTimer m_timer;
};

} // namespace tk::app
