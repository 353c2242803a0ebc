// Journals that somebody reads from afar, piece by piece: each is followed while it is asked for, and a while longer;
// the newest entries are kept, numbered. Lives in one thread.
#pragma once

#include "remote/journal_follow.h"

#include <QElapsedTimer>
#include <QJsonObject>

#include <deque>
#include <map>
#include <memory>

namespace tk::remote {

class JournalTails final : public QObject
{
    Q_OBJECT
public:
    explicit JournalTails(QObject *parent = nullptr);
    ~JournalTails() override;

    // {"tail","next","skipped","state":"open"|"connecting"|"interrupted","error",
    //  "entries":[[seq,time_ms,"unit",priority,"message"],…]}: what came behind `after`, oldest first, at most a
    // thousand. "tail" changes when the numbers begin anew: then ask from 0. "skipped" have been forgotten meanwhile.
    QJsonObject read(const QString &host, HostChannel &channel, const QStringList &units, qint64 after);

    void forget(const QString &host); // before its channel goes
    int count() const { return int(m_tails.size()); }

private:
    struct Tail
    {
        std::unique_ptr<JournalFollow> follow{};
        std::deque<JournalEntry> entries{};
        qint64 first = 1; // number of the first one kept
        qint64 id = 0;
        QString error{};
        QElapsedTimer asked{};
    };
    using Key = std::pair<QString, QStringList>; // host, units

    Tail &open(const Key &key, HostChannel &channel);
    void sweep();

    std::map<Key, Tail> m_tails;
    QTimer m_sweep;
    qint64 m_lastId;
};

} // namespace tk::remote
