// Listens at a local socket that the owner of the process alone may open. QLocalServer would close itself, without a
// word, when the process has no file descriptor left; this one waits until there are some again. Lives in the thread
// that creates it.
#pragma once

#include "base/backoff.h"
#include "base/result.h"
#include "base/tell_limit.h"

#include <QObject>
#include <QSocketNotifier>
#include <QTimer>

#include <memory>

namespace tk::link {

class LocalListener final : public QObject
{
    Q_OBJECT
public:
    explicit LocalListener(QObject *parent = nullptr);
    ~LocalListener() override; // takes the socket's name away, unless somebody else has it now

    // Takes the place of a socket that nobody listens at any more; of anything else it does not.
    Status listen(const QString &path);

Q_SIGNALS:
    void accepted(qintptr descriptor, qint64 pid); // who receives it closes it; the process at the other end

private:
    void acceptAll();
    void pause(int error);

    QByteArray m_path;
    int m_descriptor = -1;
    quint64 m_inode = 0;
    std::unique_ptr<QSocketNotifier> m_notifier;
    QTimer m_retry;
    Backoff m_backoff;
    bool m_short = false; // of descriptors or memory
    TellLimit m_tell;
};

} // namespace tk::link
