// Folders that are nobody else's business, whoever makes them.
#include "base/private_folder.h"

#include "support/test_registry.h"

#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>

#include <sys/stat.h>

using namespace tk;

class PrivateFolderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void eachThatIsMadeIsPrivate()
    {
        QTemporaryDir folder;
        const QString above = folder.filePath(QStringLiteral("data"));
        const mode_t before = ::umask(0);
        const bool made = makePrivateFolder(above + QStringLiteral("/hosts"));
        ::umask(before);
        QVERIFY(made);
        QCOMPARE(modeOf(above), 0700U);
        QCOMPARE(modeOf(above + QStringLiteral("/hosts")), 0700U);
    }

    void whatIsThereKeepsItsMode()
    {
        QTemporaryDir folder;
        QCOMPARE(::chmod(QFile::encodeName(folder.path()).constData(), 0750), 0);
        QVERIFY(makePrivateFolder(folder.path()));
        QCOMPARE(modeOf(folder.path()), 0750U);
    }

    void aFileInItsPlaceIsAFailure()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("data")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QVERIFY(!makePrivateFolder(file.fileName()));
        QVERIFY(!makePrivateFolder(file.fileName() + QStringLiteral("/hosts")));
    }

private:
    static unsigned modeOf(const QString &folder)
    {
        struct stat status
        {};
        return ::stat(QFile::encodeName(folder).constData(), &status) == 0 ? status.st_mode & 07777 : 0;
    }
};

TK_TEST(PrivateFolderTest, private_folder);

#include "tst_private_folder.moc"
