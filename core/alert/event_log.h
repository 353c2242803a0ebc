// The events of an engine on the disk: JSON lines in two files that take turns, so that the newest are always there and
// the folder never grows. Belongs to one thread (main).
#pragma once

#include "alert/event.h"
#include "base/result.h"

#include <QFile>

#include <vector>

namespace tk::alert {

class EventLog
{
public:
    struct Limits
    {
        qint64 file_bytes = qint64(4) << 20;
        size_t events = 20'000; // kept in memory
    };

    // `folder` must exist. What cannot be read of the files is passed over; a file that cannot be written is an error,
    // and the log then lives in memory alone.
    explicit EventLog(QString folder);
    EventLog(QString folder, Limits limits);

    Status open();

    // Gives an id to a new event (id 0), or replaces the one of its id. Returns the id.
    qint64 put(Event event);

    const std::vector<Event> &events() const { return m_events; } // by id, oldest first
    std::vector<Event> newest(size_t count) const;
    const Event *find(qint64 id) const;

private:
    int openForAppending();
    void load(const QString &file);
    void insert(const Event &event);
    void append(const Event &event);
    bool beginAnew();
    void failed(const QString &why);
    QString file(int turn) const;

    QString m_folder;
    Limits m_limits;
    std::vector<Event> m_events;
    QFile m_file;
    qint64 m_lastId = 0;
    bool m_writable = false;
    bool m_failing = false; // told once, and again when it has worked meanwhile
};

} // namespace tk::alert
