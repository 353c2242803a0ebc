#include "monitor/event_book.h"

#include "alert/event_json.h"

#include <QJsonArray>

#include <algorithm>

namespace tk::monitor {

EventBook::EventBook(size_t most, QObject *parent)
    : QObject(parent)
    , m_most(most)
{}

const alert::Event *EventBook::find(qint64 id) const
{
    const auto place = std::ranges::lower_bound(m_events, id, {}, &alert::Event::id);
    return place != m_events.end() && place->id == id ? &*place : nullptr;
}

std::vector<alert::Event> EventBook::lasting() const
{
    std::vector<alert::Event> found;
    std::ranges::copy_if(m_events, std::back_inserter(found), [](const alert::Event &event) {
        return event.kind == alert::EventKind::Incident && event.lasts();
    });
    return found;
}

void EventBook::reset(const QJsonArray &events)
{
    Q_EMIT aboutToReset();
    m_events.clear();
    for (const QJsonValue &value : events) {
        if (const auto event = alert::eventFromJson(value.toObject()))
            m_events.push_back(*event);
    }
    std::ranges::stable_sort(m_events, {}, &alert::Event::id);
    if (m_events.size() > m_most)
        m_events.erase(m_events.begin(), m_events.end() - qsizetype(m_most));
    Q_EMIT wasReset();
}

void EventBook::apply(const QJsonObject &events)
{
    std::vector<alert::Event> told;
    for (const QJsonValue &value : events) {
        if (const auto event = alert::eventFromJson(value.toObject()))
            told.push_back(*event);
    }
    std::ranges::sort(told, {}, &alert::Event::id);
    for (const alert::Event &event : told)
        put(event);
}

void EventBook::put(const alert::Event &event)
{
    const auto place = std::ranges::lower_bound(m_events, event.id, {}, &alert::Event::id);
    const int at = int(place - m_events.begin());
    if (place != m_events.end()) {
        if (place->id != event.id || *place == event)
            return; // older than what is kept, or known
        *place = event;
        Q_EMIT replaced(at);
        return;
    }
    Q_EMIT aboutToAppend();
    m_events.push_back(event);
    Q_EMIT appended();
    Q_EMIT happened(event);
    if (m_events.size() > m_most + m_most / 10) {
        Q_EMIT aboutToReset();
        m_events.erase(m_events.begin(), m_events.end() - qsizetype(m_most));
        Q_EMIT wasReset();
    }
}

} // namespace tk::monitor
