#include "alert/event_log.h"

#include "alert/event_json.h"
#include "base/logging.h"

#include <QDir>
#include <QJsonDocument>

#include <algorithm>

namespace tk::alert {

EventLog::EventLog(QString folder)
    : EventLog(std::move(folder), Limits{})
{}

EventLog::EventLog(QString folder, Limits limits)
    : m_folder(std::move(folder))
    , m_limits(limits)
{}

QString EventLog::file(int turn) const
{
    return QDir(m_folder).filePath(turn == 0 ? QStringLiteral("events.jsonl") : QStringLiteral("events.1.jsonl"));
}

Status EventLog::open()
{
    load(file(1));
    load(file(0));
    m_file.setFileName(file(0));
    if (!m_file.open(QIODevice::WriteOnly | QIODevice::Append))
        return Error{
            Error::Kind::Storage,
            QStringLiteral("events are kept in memory only: %1: %2").arg(m_file.fileName(), m_file.errorString())};
    m_writable = true;
    // A line that a crash cut short must not swallow the next one.
    if (m_file.size() > 0) {
        QFile tail(file(0));
        if (tail.open(QIODevice::ReadOnly) && tail.seek(tail.size() - 1) && tail.read(1) != "\n")
            m_file.write("\n");
    }
    return ok();
}

void EventLog::load(const QString &name)
{
    QFile source(name);
    if (!source.open(QIODevice::ReadOnly))
        return;
    while (!source.atEnd()) {
        const auto event = eventFromJson(QJsonDocument::fromJson(source.readLine()).object());
        if (!event)
            continue;
        insert(*event);
        m_lastId = std::max(m_lastId, event->id);
    }
}

void EventLog::insert(const Event &event)
{
    const auto place = std::ranges::lower_bound(m_events, event.id, {}, &Event::id);
    if (place != m_events.end() && place->id == event.id)
        *place = event;
    else
        m_events.insert(place, event);
    if (m_events.size() > m_limits.events)
        m_events.erase(m_events.begin(), m_events.begin() + qsizetype(m_events.size() / 10));
}

qint64 EventLog::put(Event event)
{
    if (event.id == 0)
        event.id = ++m_lastId;
    insert(event);
    if (m_writable)
        append(event);
    return event.id;
}

void EventLog::append(const Event &event)
{
    if (!QFile::exists(file(0)) && !beginAnew())
        return;
    const QByteArray line = QJsonDocument(toJson(event)).toJson(QJsonDocument::Compact) + '\n';
    if (m_file.size() + line.size() > m_limits.file_bytes) {
        m_file.close();
        QFile::remove(file(1));
        QFile::rename(file(0), file(1));
        if (!m_file.open(QIODevice::WriteOnly | QIODevice::Append)) {
            m_writable = false;
            return;
        }
    }
    if (m_file.write(line) != line.size() || !m_file.flush())
        qCWarning(lcApp).noquote() << "an event could not be kept:" << m_file.errorString();
}

// Somebody removed the file in use: what is known is written down again, the newest event last.
bool EventLog::beginAnew()
{
    m_file.close();
    QDir().mkpath(m_folder);
    if (!m_file.open(QIODevice::WriteOnly | QIODevice::Append)) {
        qCWarning(lcApp).noquote() << "an event could not be kept:" << m_file.errorString();
        return false;
    }
    for (size_t i = 0; i + 1 < m_events.size(); ++i)
        m_file.write(QJsonDocument(toJson(m_events[i])).toJson(QJsonDocument::Compact) + '\n');
    return true;
}

std::vector<Event> EventLog::newest(size_t count) const
{
    const size_t from = m_events.size() - std::min(count, m_events.size());
    return {m_events.begin() + qsizetype(from), m_events.end()};
}

const Event *EventLog::find(qint64 id) const
{
    const auto place = std::ranges::lower_bound(m_events, id, {}, &Event::id);
    return place != m_events.end() && place->id == id ? &*place : nullptr;
}

} // namespace tk::alert
