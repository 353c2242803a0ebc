#include "ui/support/export.h"

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace tk::ui {

namespace {

QString csvCell(const QString &text)
{
    if (!text.contains(u',') && !text.contains(u'"') && !text.contains(u'\n'))
        return text;
    QString quoted = text;
    return u'"' + quoted.replace(u'"', QStringLiteral("\"\"")) + u'"';
}

QByteArray csvLine(const QStringList &cells)
{
    QStringList quoted;
    for (const QString &cell : cells)
        quoted.append(csvCell(cell));
    return quoted.join(u',').toUtf8() + '\n';
}

} // namespace

QByteArray toCsv(const QStringList &head, const std::vector<QStringList> &rows)
{
    QByteArray text = csvLine(head);
    for (const QStringList &row : rows)
        text += csvLine(row);
    return text;
}

Status exportTable(const QString &file, const QStringList &head, const std::vector<QStringList> &rows)
{
    QByteArray content;
    if (file.endsWith(QLatin1String(".json"), Qt::CaseInsensitive)) {
        QJsonArray objects;
        for (const QStringList &row : rows) {
            QJsonObject object;
            for (qsizetype i = 0; i < head.size() && i < row.size(); ++i)
                object.insert(head[i], row[i]);
            objects.append(object);
        }
        content = QJsonDocument(objects).toJson();
    } else {
        content = toCsv(head, rows);
    }
    // In a folder that others write to, a link with this name would lead the writing elsewhere.
    const QFileInfo there(file);
    if (there.isSymLink() || (there.exists() && !there.isFile()))
        return Error{Error::Kind::Storage,
                     QStringLiteral("%1 is no regular file: choose another name, or move it away").arg(file)};
    QSaveFile target(file);
    if (!target.open(QIODevice::WriteOnly) || target.write(content) != content.size() || !target.commit())
        return Error{Error::Kind::Storage,
                     QStringLiteral("%1 could not be written: %2").arg(file, target.errorString())};
    return ok();
}

} // namespace tk::ui
