// The last value of a column, from pieces of a file, is the one that the whole file holds.
#include "feather/last_row.h"
#include "feather/reader.h"
#include "feather/writer.h"
#include "support/test_registry.h"

#include <QFile>

using namespace tk;
using namespace tk::feather;

namespace {

Result<qint64> lastOf(const QByteArray &file, size_t column = 0)
{
    const auto cut = [&](const Piece &piece) { return file.mid(piece.offset, piece.length); };
    const auto batch = lastBatch(QByteArray(file.right(endingLength)), file.size());
    if (!batch)
        return batch.error();
    const auto place = columnPlace(*batch, cut(batch->head), column);
    if (!place)
        return place.error();
    return lastInteger(*place, cut(place->piece));
}

} // namespace

class LastRowTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void agreesWithTheWholeFile_data()
    {
        QTest::addColumn<QString>("name");
        for (const char *name :
             {"pandas-plain", "pandas-batches", "pandas-ms", "pandas-ns", "pandas-us", "pandas-s", "three-rows"})
            QTest::newRow(name) << QString::fromLatin1(name);
    }
    void agreesWithTheWholeFile()
    {
        QFETCH(QString, name);
        QFile source(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/data/feather/%1.feather").arg(name));
        QVERIFY(source.open(QIODevice::ReadOnly));
        const QByteArray file = source.readAll();
        const auto table = Reader().read(file);
        QVERIFY2(table, table ? "" : qPrintable(table.error().message));
        const auto last = lastOf(file);
        QVERIFY2(last, last ? "" : qPrintable(last.error().message));
        QCOMPARE(*last, table->columns[0].integers.back());
    }

    // A file with several batches, and larger than what is read of its end.
    void readsLargeFiles()
    {
        Table table;
        table.schema.fields = {{"date", Kind::Timestamp, Unit::Millisecond, "UTC"}, {"close"}};
        table.rows = 150'000;
        table.columns.resize(2);
        for (qint64 i = 0; i < table.rows; ++i) {
            table.columns[0].integers.push_back(1'700'000'000'000 + i * 180'000);
            table.columns[1].doubles.push_back(double(i * 7 % 1000));
        }
        const auto file = Writer().write(table);
        QVERIFY(file);
        QVERIFY(file->size() > 10 * endingLength);
        const auto last = lastOf(*file);
        QVERIFY(last);
        QCOMPARE(*last, table.columns[0].integers.back());
    }

    void damageIsAnErrorNeverACrash()
    {
        QFile source(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/data/feather/pandas-batches.feather"));
        QVERIFY(source.open(QIODevice::ReadOnly));
        const QByteArray file = source.readAll();
        for (const QByteArray &cut : {QByteArray(), QByteArray("ARROW1"), file.left(file.size() / 2), file.mid(100)})
            QVERIFY(!lastOf(cut) || *lastOf(cut) == *lastOf(file));
        int wrong = 0;
        for (qsizetype at = 0; at < file.size(); at += 7) {
            QByteArray broken = file;
            broken[at] = char(broken[at] ^ 0x5a);
            wrong += lastOf(broken) ? 0 : 1;
        }
        QVERIFY(wrong > 10);
        QVERIFY(!lastOf(file, 99));
    }
};

TK_TEST(LastRowTest, last_row);
#include "tst_last_row.moc"
