// The engine's events and incidents, by id. Main thread.
#pragma once

#include "alert/event.h"

#include <QJsonObject>
#include <QObject>

#include <vector>

namespace tk::monitor {

class EventBook final : public QObject
{
    Q_OBJECT
public:
    explicit EventBook(size_t most = 20'000, QObject *parent = nullptr);

    const std::vector<alert::Event> &events() const { return m_events; } // oldest first
    const alert::Event *find(qint64 id) const;
    std::vector<alert::Event> lasting() const; // incidents that are not over

    void reset(const QJsonArray &events);
    void apply(const QJsonObject &events); // {ID: {…}|null}; what leaves the live state stays here

Q_SIGNALS:
    void aboutToReset();
    void wasReset();
    void aboutToAppend(); // one, behind the last
    void appended();
    void replaced(int at);                        // position in events()
    void happened(const tk::alert::Event &event); // a new one, not a replay

private:
    void put(const alert::Event &event);

    size_t m_most;
    std::vector<alert::Event> m_events;
};

} // namespace tk::monitor
