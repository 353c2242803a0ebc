// Nothing opens a file for reading but through base/regular_file: a pipe in its place would hang the engine for ever.
#include "support/test_registry.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>

namespace {

// They read /proc alone.
const QStringList kernelReaders{QStringLiteral("core/telemetry/process_stats.cpp"),
                                QStringLiteral("core/store/embedded/database_file.cpp")};

QStringList plainOpens(const QString &root)
{
    static const QRegularExpression opening(
        QStringLiteral("open\\(\\s*QIODevice(Base)?::(ReadOnly|ReadWrite)|std::ifstream|\\bfopen\\("));
    QStringList found;
    for (const char *part : {"core", "app", "ui"}) {
        QDirIterator files(QDir(root).filePath(QLatin1String(part)), {QStringLiteral("*.cpp"), QStringLiteral("*.h")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            const QString name = QDir(root).relativeFilePath(file.fileName());
            if (file.open(QIODevice::ReadOnly) && !kernelReaders.contains(name) &&
                opening.match(QString::fromUtf8(file.readAll())).hasMatch())
                found.append(name);
        }
    }
    return found;
}

} // namespace

class FileOpeningTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theHouse()
    {
        const QStringList found = plainOpens(QStringLiteral(TAPEKEEPER_SOURCE_DIR));
        QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
    }
};

TK_TEST(FileOpeningTest, file_opening);

#include "tst_file_opening.moc"
