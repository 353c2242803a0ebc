#include "remote/journal_entry.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace tk::remote {

namespace {

// A text, an array of bytes for what is none, an array of texts for a field that stands there twice.
QString fieldText(const QJsonValue &value)
{
    if (!value.isArray())
        return value.toString();
    const QJsonArray array = value.toArray();
    if (array.isEmpty() || !array.first().isDouble())
        return array.isEmpty() ? QString() : array.first().toString();
    QByteArray bytes;
    for (const QJsonValue &byte : array)
        bytes += char(byte.toInt());
    return QString::fromUtf8(bytes);
}

} // namespace

std::optional<JournalEntry> parseJournalLine(const QByteArray &line)
{
    const QJsonObject object = QJsonDocument::fromJson(line).object();
    bool good = false;
    const qint64 us = object.value(QLatin1String("__REALTIME_TIMESTAMP")).toString().toLongLong(&good);
    if (!good)
        return {};
    JournalEntry entry;
    entry.time = fromMs(us / 1000);
    entry.cursor = object.value(QLatin1String("__CURSOR")).toString();
    // What the service manager says about a unit names it otherwise.
    const QString about = fieldText(object.value(QLatin1String("UNIT")));
    entry.unit = about.isEmpty() ? fieldText(object.value(QLatin1String("_SYSTEMD_UNIT"))) : about;
    const int priority = fieldText(object.value(QLatin1String("PRIORITY"))).toInt(&good);
    entry.priority = good && priority >= 0 && priority <= 7 ? priority : 6;
    const QJsonValue message = object.value(QLatin1String("MESSAGE"));
    entry.message = message.isNull() ? QStringLiteral("(a message too long to be shown)") : fieldText(message);
    for (QChar &c : entry.message) {
        if (c.category() == QChar::Other_Control && c != u'\t' && c != u'\n')
            c = QChar::ReplacementCharacter;
    }
    return entry;
}

} // namespace tk::remote
