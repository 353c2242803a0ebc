// The journal of a host's units, live: over the host's shared connection, beside its queue, from where it stood after a
// lost connection. Lives in the thread that creates it.
#pragma once

#include "base/backoff.h"
#include "remote/host_channel.h"
#include "remote/journal_entry.h"

#include <QTimer>

namespace tk::remote {

class JournalFollow final : public QObject
{
    Q_OBJECT
public:
    // `units` may hold patterns; `lines` of what was before come first.
    JournalFollow(HostChannel &channel, QStringList units, JournalFilter filter, int lines, bool follow,
                  QObject *parent = nullptr);
    ~JournalFollow() override; // the remote side ends with its pipe

    void start();
    void setFilter(const JournalFilter &filter) { m_filter = filter; } // of what comes from now on
    qint64 received() const { return m_received; }                     // entries, wanted or not
    bool isOpen() const { return m_process && m_process->state() == QProcess::Running; }

Q_SIGNALS:
    void entries(const std::vector<tk::remote::JournalEntry> &entries); // in batches, as they come
    void interrupted(const tk::Error &error);                           // a following journal tries again by itself
    void ended();                                                       // only of one that does not follow

private:
    void begin();
    void read();
    void retry(const Error &error);
    void endProcess();
    QString script() const;

    HostChannel &m_channel;
    QStringList m_units;
    JournalFilter m_filter;
    int m_lines;
    bool m_follow;
    std::unique_ptr<QProcess> m_process;
    QByteArray m_rest; // of a line that is not whole yet
    bool m_skipping = false;
    QString m_cursor;
    qint64 m_received = 0;
    QTimer m_again;
    milliseconds m_delay;
};

} // namespace tk::remote
