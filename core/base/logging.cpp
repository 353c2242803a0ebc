#include "base/logging.h"

#include "base/printable.h"
#include "base/time.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cstdio>

Q_LOGGING_CATEGORY(lcApp, "tapekeeper.app", QtInfoMsg)
Q_LOGGING_CATEGORY(lcFeed, "tapekeeper.feed", QtInfoMsg)
Q_LOGGING_CATEGORY(lcHistory, "tapekeeper.history", QtInfoMsg)
Q_LOGGING_CATEGORY(lcStore, "tapekeeper.store", QtInfoMsg)
Q_LOGGING_CATEGORY(lcLink, "tapekeeper.link", QtInfoMsg)
Q_LOGGING_CATEGORY(lcRuntime, "tapekeeper.runtime", QtInfoMsg)
Q_LOGGING_CATEGORY(lcSync, "tapekeeper.sync", QtInfoMsg)
Q_LOGGING_CATEGORY(lcTelemetry, "tapekeeper.telemetry", QtInfoMsg)

namespace tk {

namespace {

LogFormat g_format = LogFormat::Text; // written once by installLogFormat, before threads start

thread_local std::function<QString()> t_exchange;

const char *levelName(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return "DEBUG";
    case QtInfoMsg:
        return "INFO";
    case QtWarningMsg:
        return "WARNING";
    case QtCriticalMsg:
        return "ERROR";
    case QtFatalMsg:
        return "FATAL";
    }
    return "INFO";
}

void writeLine(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const QString exchange = t_exchange ? t_exchange() : QString();
    const bool told = exchange.isEmpty() || message.contains(exchange);
    QByteArray line = formatLogLine(g_format, type, context.category,
                                    told ? message : message + u' ' + logField(u"exchange", exchange));
    line += '\n';
    std::fwrite(line.constData(), 1, size_t(line.size()), stderr); // one call, so that lines of threads do not mix
}

} // namespace

void installLogFormat(LogFormat format)
{
    g_format = format;
    qInstallMessageHandler(writeLine);
}

void setLogExchange(std::function<QString()> exchange)
{
    t_exchange = std::move(exchange);
}

QByteArray formatLogLine(LogFormat format, QtMsgType type, const char *category, const QString &message)
{
    const UtcTime now(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
    QByteArrayView room(category ? category : "default");
    if (room.startsWith("tapekeeper."))
        room = room.sliced(11);
    if (format == LogFormat::Json) {
        const QJsonObject object{{QStringLiteral("time"), isoText(now, true)},
                                 {QStringLiteral("level"), QString::fromLatin1(levelName(type))},
                                 {QStringLiteral("category"), QString::fromLatin1(room)},
                                 {QStringLiteral("message"), message}};
        return QJsonDocument(object).toJson(QJsonDocument::Compact);
    }
    QByteArray line = isoText(now, true).toLatin1() + ' ' + levelName(type) + ' ' + room.toByteArray() + ' ';
    QString text = message;
    text.replace(u'\n', u' ').replace(u'\r', u' '); // text from outside begins no line of its own
    line += printable(text).toUtf8();               // and gives a terminal no orders
    return line;
}

QString logField(QStringView key, const QString &value)
{
    const bool quote =
        value.isEmpty() || value.contains(u'"') || std::ranges::any_of(value, [](QChar c) { return c.isSpace(); });
    QString text = value;
    if (quote)
        text = u'"' + text.replace(u'"', u'\'') + u'"';
    return key.toString() + u'=' + text;
}

} // namespace tk
