// Values as the engine's messages hold them.
#pragma once

#include "base/time.h"

#include <QJsonArray>
#include <QJsonValue>
#include <QStringList>

namespace tk {

// ISO 8601; 0 for null and for what is no time.
inline UtcTime isoTimeOf(const QJsonValue &value)
{
    const auto time = parseUtcTime(value.toString());
    return time && value.isString() ? *time : UtcTime{};
}

inline QStringList stringsOf(const QJsonValue &value)
{
    QStringList list;
    for (const QJsonValue &text : value.toArray())
        list.append(text.toString());
    return list;
}

} // namespace tk
