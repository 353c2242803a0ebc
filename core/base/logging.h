// Log categories, and the one format of log lines on stderr. Each room logs under its own category.
#pragma once

#include <QByteArray>
#include <QLoggingCategory>
#include <QString>

#include <functional>

namespace tk {

enum class LogFormat { Text, Json };

// From here on every qCInfo and its kin goes to stderr in Tapekeeper's format. Call once, before threads start.
void installLogFormat(LogFormat format);

// One line without its end, as it is written: "2026-11-20T10:00:00.123Z INFO feed message".
QByteArray formatLogLine(LogFormat format, QtMsgType type, const char *category, const QString &message);

// What the lines of this thread are about is asked for at each of them: told as the field exchange=NAME behind every
// line that does not name it itself. Empty: nothing is added.
void setLogExchange(std::function<QString()> exchange);

// key=value for log lines; quotes the value where it holds blanks.
QString logField(QStringView key, const QString &value);

} // namespace tk

Q_DECLARE_LOGGING_CATEGORY(lcApp)
Q_DECLARE_LOGGING_CATEGORY(lcFeed)
Q_DECLARE_LOGGING_CATEGORY(lcHistory)
Q_DECLARE_LOGGING_CATEGORY(lcStore)
Q_DECLARE_LOGGING_CATEGORY(lcLink)
Q_DECLARE_LOGGING_CATEGORY(lcRuntime)
Q_DECLARE_LOGGING_CATEGORY(lcSync)
Q_DECLARE_LOGGING_CATEGORY(lcTelemetry)
