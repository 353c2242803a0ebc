// The lines between a running engine and its command line or window: JSON objects, UTF-8, one per line. Pure.
//
//   engine: {"tapekeeper":1,"version":"0.1.0","pid":4711}                 first line of every connection
//   client: {"id":7,"command":"status","args":{…}}
//   engine: {"id":7,"progress":{…}}                                       any number of them
//   engine: {"id":7,"result":…}  or  {"id":7,"error":{"kind":"storage","message":"…","retryable":true}}
//   client: {"id":8,"command":"watch"}                                    answered by {"id":8,"result":{}}, and then
//   engine: {"snapshot":{TOPIC:{KEY:{…}}}}                                the whole state,
//   engine: {"changes":{TOPIC:{KEY:{…}|null}}}                            what became of it since; null: gone
//   client: {"id":9,"command":"keep-alive"}                            answered by {"id":9,"result":{}}, and then
//   engine: {"alive":1795168800000}                                       whenever it said nothing else for a second
//
// A snapshot may come again at any time (the client was too slow for changes): it replaces all that was known. What is
// malformed is answered by {"error":{…}} without an id, and the connection closed.
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QJsonObject>

#include <optional>
#include <variant>

namespace tk::link {

inline constexpr int protocolVersion = 1;
inline constexpr qsizetype maxRequestBytes = qsizetype(1) << 20;  // a line to the engine
inline constexpr qsizetype maxMessageBytes = qsizetype(64) << 20; // a line from it: snapshots are large

// Cuts received bytes into lines; one line longer than the limit is an error.
class LineReader
{
public:
    explicit LineReader(qsizetype maxBytes)
        : m_maxBytes(maxBytes)
    {}
    void append(const QByteArray &bytes);
    Result<std::optional<QByteArray>> next(); // without its end; nothing when more bytes are needed

private:
    qsizetype m_maxBytes;
    QByteArray m_buffer;
    qsizetype m_begin = 0;   // of what is not yet taken
    qsizetype m_scanned = 0; // up to here there is no line end
};

struct Request
{
    qint64 id = 0;
    QString command;
    QJsonObject args;
};

struct Hello
{
    int protocol = 0;
    QString version; // of the program
    qint64 pid = 0;
};
struct Progress
{
    qint64 id = 0;
    QJsonObject progress;
};
struct Answer
{
    qint64 id = 0;
    QJsonValue result;
};
struct Refusal
{
    std::optional<qint64> id; // nothing: the connection itself is refused
    Error error;
};
struct Snapshot
{
    QJsonObject state;
};
struct Changes
{
    QJsonObject changes;
};
struct Alive
{
    qint64 at = 0; // ms since 1970, by the clock of the engine's host
};
using Message = std::variant<Hello, Progress, Answer, Refusal, Snapshot, Changes, Alive>;

QByteArray encode(const Request &request);
QByteArray encode(const Message &message);

Result<Request> parseRequest(const QByteArray &line);
Result<Message> parseMessage(const QByteArray &line);

} // namespace tk::link
