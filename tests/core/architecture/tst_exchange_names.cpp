// An exchange is known to its own folder and to the catalogue: nothing else names one, but for an example in a comment.
#include "source_files.h"

#include "support/test_registry.h"

#include <QDir>
#include <QRegularExpression>

using tk::test::forEachSource;

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
    forEachSource(root, [&](const QString &path, const QString &text) {
        if (knowThem.contains(path) || (path.count(u'/') > 2 && path.startsWith(QLatin1String("core/exchange/"))))
            return;
        if (const auto match = name.match(QString(text).remove(comment)); match.hasMatch())
            found.append(path + QStringLiteral(": ") + match.captured());
    });
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
