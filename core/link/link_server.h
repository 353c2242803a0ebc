// The engine's end of the local socket: runs commands, and pushes the live state to whoever watches. Lives in the
// thread that creates it. The socket belongs to the owner of the process alone.
#pragma once

#include "link/command_handler.h"
#include "link/live_state.h"
#include "link/local_listener.h"
#include "link/socket_path.h"

#include <QObject>
#include <QStringList>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace tk::link {

class LinkServer final : public QObject
{
    Q_OBJECT
public:
    struct Limits
    {
        int connections = 32;                       // beyond it the one that is missed least makes room for the next
        int openRequests = 64;                      // per connection
        qint64 bufferedBytes = qint64(64) << 20;    // per connection; beyond it the connection is dropped
        qint64 allBufferedBytes = qint64(64) << 20; // of all of them; beyond it the one with the most is dropped
        std::chrono::milliseconds stalledAfter{10'000}; // who takes nothing of what waits for so long is dropped
        qint64 changesBytes = qint64(1) << 20;          // beyond it changes are left out and a snapshot follows later
        std::chrono::milliseconds changesEvery{250};
        std::chrono::milliseconds aliveEvery{1'000}; // to who asked for it and heard nothing else
    };

    explicit LinkServer(CommandHandler &handler, QObject *parent = nullptr);
    LinkServer(CommandHandler &handler, Limits limits, QObject *parent = nullptr);
    ~LinkServer() override;

    // "engine.sock" in data_dir.
    static QString fileIn(const QString &dataDir);

    // Takes the place of a socket that a crashed engine left: hold the lock of the data folder.
    Status listen(const QString &socketFile);
    void close(); // drops every connection; open replies lead nowhere from here on

    // Change it at will: watchers hear of it in bundles.
    LiveState &state() { return m_state; }

    // Whoever keeps the state may leave it alone while nobody watches: `bring` is called before a snapshot of it is
    // told.
    void setStateSource(std::function<void()> bring) { m_bringState = std::move(bring); }
    bool isWatched() const;

    // Somebody in this process who watches as a connection does (see LocalLink).
    struct Watcher
    {
        std::function<void(const QJsonObject &)> snapshot{};
        std::function<void(const QJsonObject &)> changes{};
        QStringList series{};
    };
    void addWatcher(const Watcher &watcher); // the snapshot comes at once; again: the whole state once more
    void removeWatcher(const Watcher &watcher);
    CommandHandler &handler() { return m_handler; }

    // All series that anybody looks at, sorted.
    const QStringList &watchedSeries() const { return m_series; }

    int connectionCount() const { return int(m_connections.size()); }

Q_SIGNALS:
    void watchedSeriesChanged(const QStringList &series);

private:
    class Connection;
    void accept(qintptr descriptor, qint64 process);
    void makeRoom();
    void boundAll(const Connection *writing);
    void dropStalled();
    void returnMemory();
    void gatherSeries();
    void pushChanges();
    void keepAlive();
    void forget(Connection *connection);

    CommandHandler &m_handler;
    Limits m_limits;
    LiveState m_state;
    std::function<void()> m_bringState;
    QTimer m_changesTimer;
    QTimer m_aliveTimer;
    std::optional<SocketPath> m_path;
    std::unique_ptr<LocalListener> m_server;
    TellLimit m_tell;
    bool m_returning = false;
    std::vector<Connection *> m_connections; // children; delete themselves
    std::vector<const Watcher *> m_watchers; // in this process
    QStringList m_series;
};

} // namespace tk::link
