// An exchange is known to its own folder and to the catalogue: nothing else names one, but for an example in a comment.
#include "support/test_registry.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>

namespace {

// Freqtrade has names of its own for exchanges, which its folders are called by.
const QStringList knowThem{QStringLiteral("core/exchange/catalog.cpp"), QStringLiteral("core/sync/naming.cpp")};

QStringList namedIn(const QString &root)
{
    static const QRegularExpression comment(QStringLiteral("//.*$"), QRegularExpression::MultilineOption);
    const QDir exchanges(QDir(root).filePath(QStringLiteral("core/exchange")));
    QStringList words;
    for (const QString &folder : exchanges.entryList(QDir::Dirs | QDir::NoDotAndDotDot))
        words.append(folder.section(u'_', 0, 0)); // "binance" of "binance_usdm"
    const QRegularExpression name(words.join(u'|'), QRegularExpression::CaseInsensitiveOption);
    QStringList found;
    for (const char *part : {"core", "app", "ui"}) {
        QDirIterator files(QDir(root).filePath(QLatin1String(part)), {QStringLiteral("*.cpp"), QStringLiteral("*.h")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            const QString path = QDir(root).relativeFilePath(file.fileName());
            if (knowThem.contains(path) || (path.count(u'/') > 2 && path.startsWith(QLatin1String("core/exchange/"))))
                continue;
            if (!file.open(QIODevice::ReadOnly))
                continue;
            const QString code = QString::fromUtf8(file.readAll()).remove(comment);
            if (const auto match = name.match(code); match.hasMatch())
                found.append(path + QStringLiteral(": ") + match.captured());
        }
    }
    return words.isEmpty() ? QStringList{QStringLiteral("no exchange was found")} : found;
}

} // namespace

class ExchangeNamesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theHouse()
    {
        const QStringList found = namedIn(QStringLiteral(TAPEKEEPER_SOURCE_DIR));
        QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
    }
};

TK_TEST(ExchangeNamesTest, exchange_names);
#include "tst_exchange_names.moc"
