#include "alert/event_json.h"

#include <QJsonArray>

#include <algorithm>

namespace tk::alert {

namespace {

QString latin(std::string_view text)
{
    return QString::fromLatin1(text.data(), qsizetype(text.size()));
}

template <typename Enum, size_t Count>
Enum fromName(const std::array<std::string_view, Count> &names, const QString &name, Enum otherwise)
{
    const auto found = std::ranges::find(names, name.toStdString());
    return found == names.end() ? otherwise : Enum(found - names.begin());
}

} // namespace

QString nameOf(EventKind kind)
{
    return latin(eventKindNames[size_t(kind)]);
}

QString nameOf(Severity severity)
{
    return latin(severityNames[size_t(severity)]);
}

QJsonObject toJson(const Event &event)
{
    QJsonObject object{{QStringLiteral("id"), event.id},
                       {QStringLiteral("time"), toMs(event.time)},
                       {QStringLiteral("until"), toMs(event.until)},
                       {QStringLiteral("kind"), nameOf(event.kind)},
                       {QStringLiteral("severity"), nameOf(event.severity)},
                       {QStringLiteral("title"), event.title}};
    const auto text = [&](const QString &key, const QString &value) {
        if (!value.isEmpty())
            object.insert(key, value);
    };
    const auto number = [&](const QString &key, qint64 value) {
        if (value != 0)
            object.insert(key, value);
    };
    text(QStringLiteral("exchange"), event.exchange);
    text(QStringLiteral("subject"), event.subject);
    text(QStringLiteral("detail"), event.detail);
    if (!event.pairs.isEmpty())
        object.insert(QStringLiteral("pairs"), QJsonArray::fromStringList(event.pairs));
    number(QStringLiteral("from"), toMs(event.from));
    number(QStringLiteral("to"), toMs(event.to));
    number(QStringLiteral("incident"), event.incident);
    return object;
}

std::optional<Event> eventFromJson(const QJsonObject &object)
{
    const auto number = [&](const char *key) { return object.value(QLatin1String(key)).toInteger(); };
    const auto text = [&](const char *key) { return object.value(QLatin1String(key)).toString(); };
    if (number("id") <= 0 || number("time") <= 0)
        return {};
    Event event{.id = number("id"),
                .time = fromMs(number("time")),
                .until = fromMs(number("until")),
                .kind = fromName(eventKindNames, text("kind"), EventKind::Engine),
                .severity = fromName(severityNames, text("severity"), Severity::Info),
                .exchange = text("exchange"),
                .subject = text("subject"),
                .title = text("title"),
                .detail = text("detail"),
                .pairs = {},
                .from = fromMs(number("from")),
                .to = fromMs(number("to")),
                .incident = number("incident")};
    for (const QJsonValue &pair : object.value(QLatin1String("pairs")).toArray())
        event.pairs.append(pair.toString());
    return event;
}

} // namespace tk::alert
