// The Python with pandas and pyarrow that tests use as the independent reader of feather files: TAPEKEEPER_PYTHON,
// which scripts/test sets. Tests skip visibly where there is none.
#pragma once

#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>

namespace tk::test {

inline QString pythonWithPandas()
{
    return qEnvironmentVariable("TAPEKEEPER_PYTHON");
}

inline QStringList featherCheck(const QStringList &arguments)
{
    return QStringList{QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/python/feather_check.py")} + arguments;
}

// What it printed, line by line; empty, after a warning, when it failed.
inline QList<QJsonObject> askPython(const QStringList &arguments, const QString &python = pythonWithPandas())
{
    QProcess process;
    process.start(python, featherCheck(arguments));
    if (!process.waitForFinished(300'000) || process.exitCode() != 0) {
        qWarning("%s", process.readAllStandardError().constData());
        return {};
    }
    QList<QJsonObject> objects;
    for (const QByteArray &line : process.readAllStandardOutput().split('\n')) {
        if (!line.trimmed().isEmpty())
            objects.append(QJsonDocument::fromJson(line).object());
    }
    return objects;
}

} // namespace tk::test

#define SKIP_WITHOUT_PANDAS()                                                                                          \
    do {                                                                                                               \
        if (tk::test::pythonWithPandas().isEmpty())                                                                    \
            QSKIP("no TAPEKEEPER_PYTHON with pandas and pyarrow: scripts/test makes one");                             \
    } while (false)
