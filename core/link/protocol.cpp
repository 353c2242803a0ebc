#include "link/protocol.h"

#include <QJsonDocument>

#include <array>
#include <string_view>

namespace tk::link {

namespace {

const QLatin1String helloKey("tapekeeper");
const QLatin1String idKey("id");
const QLatin1String errorKey("error");
const QLatin1String resultKey("result");
const QLatin1String progressKey("progress");
const QLatin1String snapshotKey("snapshot");
const QLatin1String changesKey("changes");
const QLatin1String aliveKey("alive");

constexpr std::array<QLatin1String, 8> kindNames{
    QLatin1String("cancelled"), QLatin1String("config"),  QLatin1String("network"), QLatin1String("parse"),
    QLatin1String("remote"),    QLatin1String("storage"), QLatin1String("timeout"), QLatin1String("refused")};

Error malformed(const QString &what)
{
    return Error{Error::Kind::Parse,
                 QStringLiteral("%1: one JSON object per line, such as {\"id\":1,\"command\":\"status\"}").arg(what)};
}

QByteArray line(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

Result<QJsonObject> parseObject(const QByteArray &text)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(text, &error);
    if (!document.isObject())
        return malformed(QStringLiteral("a line is no JSON object (%1)").arg(error.errorString()));
    return document.object();
}

std::optional<qint64> idOf(const QJsonObject &object)
{
    const QJsonValue id = object[idKey];
    if (!id.isDouble() || id.toInteger(-1) < 0)
        return {};
    return id.toInteger();
}

QJsonObject toJson(const Error &error)
{
    return {{QStringLiteral("kind"), QString(kindNames[size_t(error.kind)])},
            {QStringLiteral("message"), error.message},
            {QStringLiteral("retryable"), error.retryable}};
}

Error fromJson(const QJsonObject &object)
{
    Error error;
    const QString kind = object[QLatin1String("kind")].toString();
    for (size_t i = 0; i < kindNames.size(); ++i) {
        if (kind == kindNames[i])
            error.kind = Error::Kind(i);
    }
    error.message = object[QLatin1String("message")].toString();
    error.retryable = object[QLatin1String("retryable")].toBool();
    return error;
}

struct Encoder
{
    QJsonObject operator()(const Hello &hello) const
    {
        return {
            {helloKey, hello.protocol}, {QStringLiteral("version"), hello.version}, {QStringLiteral("pid"), hello.pid}};
    }
    QJsonObject operator()(const Progress &progress) const
    {
        return {{idKey, progress.id}, {progressKey, progress.progress}};
    }
    QJsonObject operator()(const Answer &answer) const { return {{idKey, answer.id}, {resultKey, answer.result}}; }
    QJsonObject operator()(const Refusal &refusal) const
    {
        QJsonObject object{{errorKey, toJson(refusal.error)}};
        if (refusal.id)
            object.insert(idKey, *refusal.id);
        return object;
    }
    QJsonObject operator()(const Snapshot &snapshot) const { return {{snapshotKey, snapshot.state}}; }
    QJsonObject operator()(const Changes &changes) const { return {{changesKey, changes.changes}}; }
    QJsonObject operator()(const Alive &alive) const { return {{aliveKey, alive.at}}; }
};

} // namespace

void LineReader::append(const QByteArray &bytes)
{
    if (m_begin > 0 && m_begin == m_buffer.size()) {
        m_buffer.clear();
        m_begin = m_scanned = 0;
    }
    m_buffer += bytes;
}

Result<std::optional<QByteArray>> LineReader::next()
{
    const qsizetype end = m_buffer.indexOf('\n', m_scanned);
    const qsizetype size = (end < 0 ? m_buffer.size() : end) - m_begin;
    if (size > m_maxBytes)
        return malformed(QStringLiteral("a line is longer than %1 bytes").arg(m_maxBytes));
    if (end < 0) {
        m_buffer.remove(0, m_begin);
        m_begin = 0;
        m_scanned = m_buffer.size();
        return std::optional<QByteArray>();
    }
    const QByteArray found = m_buffer.mid(m_begin, size);
    m_begin = m_scanned = end + 1;
    return std::optional(found);
}

QByteArray encode(const Request &request)
{
    return line(
        {{idKey, request.id}, {QStringLiteral("command"), request.command}, {QStringLiteral("args"), request.args}});
}

QByteArray encode(const Message &message)
{
    return line(std::visit(Encoder(), message));
}

Result<Request> parseRequest(const QByteArray &text)
{
    const Result<QJsonObject> object = parseObject(text);
    if (!object)
        return object.error();
    const std::optional<qint64> id = idOf(*object);
    const QString command = object->value(QLatin1String("command")).toString();
    const QJsonValue args = object->value(QLatin1String("args"));
    if (!id)
        return malformed(QStringLiteral("a request has no id (a whole number from 0)"));
    if (command.isEmpty())
        return malformed(QStringLiteral("request %1 has no command").arg(*id));
    if (!args.isUndefined() && !args.isObject())
        return malformed(QStringLiteral("the args of request %1 are no object").arg(*id));
    return Request{*id, command, args.toObject()};
}

Result<Message> parseMessage(const QByteArray &text)
{
    const Result<QJsonObject> parsed = parseObject(text);
    if (!parsed)
        return parsed.error();
    const QJsonObject &object = *parsed;
    const std::optional<qint64> id = idOf(object);
    if (object.contains(helloKey))
        return Message(Hello{object[helloKey].toInt(), object[QLatin1String("version")].toString(),
                             object[QLatin1String("pid")].toInteger()});
    if (object[errorKey].isObject())
        return Message(Refusal{id, fromJson(object[errorKey].toObject())});
    if (id && object.contains(resultKey))
        return Message(Answer{*id, object[resultKey]});
    if (id && object[progressKey].isObject())
        return Message(Progress{*id, object[progressKey].toObject()});
    if (object[snapshotKey].isObject())
        return Message(Snapshot{object[snapshotKey].toObject()});
    if (object[changesKey].isObject())
        return Message(Changes{object[changesKey].toObject()});
    if (object[aliveKey].isDouble())
        return Message(Alive{object[aliveKey].toInteger()});
    return malformed(QStringLiteral("a message of the engine has none of the known keys"));
}

} // namespace tk::link
