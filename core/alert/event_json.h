// Events as JSON objects: on the link, in the log's file and in exports. Times are milliseconds since 1970. Pure.
#pragma once

#include "alert/event.h"

#include <QJsonObject>

namespace tk::alert {

QJsonObject toJson(const Event &event);
std::optional<Event> eventFromJson(const QJsonObject &object); // nothing without an id and a time

QString nameOf(EventKind kind);
QString nameOf(Severity severity);

} // namespace tk::alert
