// Nothing opens a file for reading but through base/regular_file: a pipe in its place would hang the engine for ever.
#include "source_files.h"

#include "support/test_registry.h"

#include <QRegularExpression>

using tk::test::forEachSource;

namespace {

// They read /proc alone.
const QStringList kernelReaders{QStringLiteral("core/telemetry/process_stats.cpp"),
                                QStringLiteral("core/store/embedded/database_file.cpp")};

QStringList plainOpens(const QString &root)
{
    static const QRegularExpression opening(
        QStringLiteral("open\\(\\s*QIODevice(Base)?::(ReadOnly|ReadWrite)|std::ifstream|\\bfopen\\("));
    QStringList found;
    forEachSource(root, [&](const QString &path, const QString &text) {
        if (!kernelReaders.contains(path) && opening.match(text).hasMatch())
            found.append(path);
    });
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
