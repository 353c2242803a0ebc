#include "alert/event_log.h"

#include "alert/event_json.h"
#include "base/logging.h"
#include "base/private_folder.h"
#include "base/regular_file.h"

#include <QDir>
#include <QJsonDocument>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace tk::alert {

namespace {

constexpr qint64 slack = 1 << 20; // a file ends with the event that made it too long

// An engine that was killed closed nothing: what lasted then would last for ever, as nobody watches it any more. It is
// over when the last thing was known of it; whoever looks now begins an incident of its own.
void closeWhatLasted(EventLog &log)
{
    UtcTime last{};
    std::vector<Event> lasting;
    for (const Event &event : log.events()) {
        last = std::max({last, event.time, event.until});
        if (event.lasts())
            lasting.push_back(event);
    }
    for (Event &event : lasting) {
        event.until = std::max(last, event.time);
        event.detail += QStringLiteral(" · the engine ended before it was over");
        log.put(event);
    }
}

} // namespace

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
    if (const int error = openForAppending()) {
        closeWhatLasted(*this);
        return Error{Error::Kind::Storage,
                     QStringLiteral("events are kept in memory only: %1: %2").arg(file(0), fileErrorText(error))};
    }
    m_writable = true;
    // A line that a crash cut short must not swallow the next one.
    if (m_file.size() > 0) {
        const auto whole = readSmallFile(file(0), m_limits.file_bytes + slack);
        if (whole && !whole->bytes.endsWith('\n'))
            m_file.write("\n");
    }
    closeWhatLasted(*this);
    return ok();
}

// An errno, or 0.
int EventLog::openForAppending()
{
    const int descriptor = openRegular(file(0), O_WRONLY | O_CREAT | O_APPEND, Links::Refuse);
    if (descriptor < 0)
        return -descriptor;
    return m_file.open(descriptor, QIODevice::WriteOnly | QIODevice::Append, QFile::AutoCloseHandle) ? 0 : EIO;
}

void EventLog::load(const QString &name)
{
    const auto source = readSmallFile(name, m_limits.file_bytes + slack);
    if (!source)
        return;
    for (const QByteArray &line : source->bytes.split('\n')) {
        const auto event = eventFromJson(QJsonDocument::fromJson(line).object());
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
        QFile::remove(file(1));
        if (QFile::rename(file(0), file(1))) { // else this one grows until the disk takes names again
            m_file.close();
            if (const int error = openForAppending())
                return failed(fileErrorText(error)); // tried again with the next event, and all of them written then
        }
    }
    // What the disk does not take stays in the file's buffer and goes with the next event that it takes.
    if (m_file.write(line) != line.size() || !m_file.flush())
        return failed(m_file.errorString());
    m_failing = false;
}

void EventLog::failed(const QString &why)
{
    if (!std::exchange(m_failing, true))
        qCWarning(lcApp).noquote() << "events cannot be written down, and are kept in memory:" << why;
}

// Somebody removed the file in use: what is known is written down again, the newest event last.
bool EventLog::beginAnew()
{
    m_file.close();
    (void)makePrivateFolder(m_folder); // what fails is told with the file
    if (const int error = openForAppending()) {
        failed(fileErrorText(error));
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
