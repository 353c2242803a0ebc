#include "source_files.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>

namespace tk::test {

void forEachSource(const QString &root, const std::function<void(const QString &path, const QString &text)> &look)
{
    for (const char *part : {"core", "app", "ui"}) {
        QDirIterator files(QDir(root).filePath(QLatin1String(part)), {QStringLiteral("*.cpp"), QStringLiteral("*.h")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            if (file.open(QIODevice::ReadOnly))
                look(QDir(root).relativeFilePath(file.fileName()), QString::fromUtf8(file.readAll()));
        }
    }
}

} // namespace tk::test
