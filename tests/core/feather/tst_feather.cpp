// Feather files: what other programs wrote, what we write, and what nobody should have written.
#include "feather/reader.h"
#include "feather/writer.h"
#include "support/test_registry.h"

#include <QCryptographicHash>
#include <QFile>
#include <QtEndian>

#include <cmath>
#include <limits>
#include <random>

using namespace tk;
using namespace tk::feather;

namespace {

constexpr qint64 start = 1'700'006'400; // 2023-11-15T00:00:00Z, seconds

QByteArray sample(const QString &name)
{
    QFile file(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/data/feather/") + name);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

Schema candleSchema(Unit unit = Unit::Millisecond)
{
    Schema schema;
    schema.fields.push_back({"date", Kind::Timestamp, unit, "UTC"});
    for (const char *name : {"open", "high", "low", "close", "volume"})
        schema.fields.push_back({name});
    return schema;
}

// The rows that all samples hold.
Table rows(qint64 count, Unit unit = Unit::Millisecond)
{
    Table table{candleSchema(unit), count, std::vector<Column>(6)};
    for (qint64 i = 0; i < count; ++i) {
        table.columns[0].integers.push_back((start + 180 * i) * unitsPerSecond(unit));
        const double values[]{30000.5, 30010.25, 29990, 30001, 12.5};
        for (size_t c = 1; c < 6; ++c)
            table.columns[c].doubles.push_back(values[c - 1] + double(i));
    }
    return table;
}

void compareTables(const Table &found, const Table &expected, bool metadata = false)
{
    QCOMPARE(found.rows, expected.rows);
    QVERIFY(found.schema.fields == expected.schema.fields);
    if (metadata)
        QVERIFY(found.schema.metadata == expected.schema.metadata);
    for (size_t i = 0; i < expected.columns.size(); ++i) {
        QVERIFY(found.columns[i].integers == expected.columns[i].integers);
        QCOMPARE(found.columns[i].doubles.size(), expected.columns[i].doubles.size());
        for (size_t row = 0; row < expected.columns[i].doubles.size(); ++row) {
            const double a = found.columns[i].doubles[row];
            const double b = expected.columns[i].doubles[row];
            QVERIFY2(a == b || (std::isnan(a) && std::isnan(b)), qPrintable(QStringLiteral("column %1").arg(i)));
        }
    }
}

// The body of the first batch: what stands between the second message's metadata and the end of the stream.
QByteArray firstBody(const QByteArray &file)
{
    const auto number = [&](qsizetype at) { return qFromLittleEndian<qint32>(file.constData() + at); };
    const qsizetype second = 8 + 8 + number(12);
    const qsizetype body = second + 8 + number(second + 4);
    const qsizetype end = file.size() - 10 - number(file.size() - 10) - 8;
    return file.sliced(body, end - body);
}

} // namespace

class FeatherTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theVectorOfTheReference()
    {
        const QByteArray file = sample(QStringLiteral("three-rows.feather"));
        QCOMPARE(file.size(), 1522);
        QCOMPARE(QCryptographicHash::hash(file, QCryptographicHash::Sha256).toHex(),
                 QByteArray("2a9053dfd86d4a00df6e066ba159d62aed02c9f56cb57b1eeda113b3d630f91d"));
        const auto table = Reader().read(file);
        QVERIFY2(table, table ? "" : qPrintable(table.error().message));
        compareTables(*table, rows(3));
        // Our own columns are the same to the byte; the flatbuffers around them may lie in another order.
        const auto ours = Writer({.level = 9}).write(rows(3));
        QVERIFY(ours);
        QCOMPARE(firstBody(*ours).toHex(), firstBody(file).toHex());
    }

    void samplesOfPandas_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("unit");
        QTest::newRow("s") << QStringLiteral("pandas-s.feather") << 0;
        QTest::newRow("ms") << QStringLiteral("pandas-ms.feather") << 1;
        QTest::newRow("us") << QStringLiteral("pandas-us.feather") << 2;
        QTest::newRow("ns") << QStringLiteral("pandas-ns.feather") << 3;
        QTest::newRow("uncompressed") << QStringLiteral("pandas-plain.feather") << 1;
        QTest::newRow("several batches") << QStringLiteral("pandas-batches.feather") << 1;
    }

    void samplesOfPandas()
    {
        QFETCH(QString, name);
        QFETCH(int, unit);
        const auto table = Reader().read(sample(name));
        QVERIFY2(table, table ? "" : qPrintable(table.error().message));
        compareTables(*table, rows(5, Unit(unit)));
        QCOMPARE(table->schema.metadata.size(), size_t(1));
        QCOMPARE(table->schema.metadata[0].first, QByteArray("pandas"));
        const auto schema = Reader::schema(sample(name));
        QVERIFY(schema);
        QVERIFY(*schema == table->schema);
    }

    void missingValuesAreNaN()
    {
        auto all = Reader().read(sample(QStringLiteral("pandas-null-volume.feather")));
        QVERIFY2(all, all ? "" : qPrintable(all.error().message));
        Table expected = rows(5);
        expected.columns[5].doubles.assign(5, std::numeric_limits<double>::quiet_NaN());
        compareTables(*all, expected);
        auto some = Reader().read(sample(QStringLiteral("pandas-some-null.feather")));
        QVERIFY(some);
        expected = rows(5);
        for (const size_t row : {1, 4})
            expected.columns[5].doubles[row] = std::numeric_limits<double>::quiet_NaN();
        compareTables(*some, expected);
    }

    void noRows()
    {
        const auto table = Reader().read(sample(QStringLiteral("pandas-no-rows.feather")));
        QVERIFY2(table, table ? "" : qPrintable(table.error().message));
        QCOMPARE(table->rows, 0);
        const auto ours = Writer().write(Table{candleSchema(), 0, std::vector<Column>(6)});
        QVERIFY(ours);
        const auto back = Reader().read(*ours);
        QVERIFY(back);
        QCOMPARE(back->rows, 0);
        QCOMPARE(back->columns.size(), size_t(6));
    }

    void wholeNumbersAreRead()
    {
        const auto table = Reader().read(sample(QStringLiteral("pandas-integer-date.feather")));
        QVERIFY(table);
        QCOMPARE(table->schema.fields[0].kind, Kind::Integer);
        QCOMPARE(table->columns[0].integers[1], (start + 180) * 1000);
    }

    void whatIsNotReadSaysWhy()
    {
        const auto zstd = Reader().read(sample(QStringLiteral("pandas-zstd.feather")));
        QVERIFY(!zstd);
        QCOMPARE(zstd.error().kind, Error::Kind::Refused);
        QVERIFY(zstd.error().message.contains(QStringLiteral("ZSTD")));
        const auto trades = Reader().read(sample(QStringLiteral("pandas-trades.feather")));
        QVERIFY(!trades);
        QCOMPARE(trades.error().kind, Error::Kind::Refused);
        QVERIFY2(trades.error().message.contains(QStringLiteral("\"id\"")), qPrintable(trades.error().message));
    }

    void roundTrips_data()
    {
        QTest::addColumn<qint64>("count");
        for (const qint64 count : {1, 7, 1500, 65'536, 65'537, 200'000})
            QTest::addRow("%lld", static_cast<long long>(count)) << count;
    }

    void roundTrips()
    {
        QFETCH(qint64, count);
        Table table = rows(count, Unit::Nanosecond);
        table.schema.metadata = {{"pandas", "{}"}, {"empty", ""}};
        std::mt19937_64 random{uint64_t(count)};
        for (double &value : table.columns[4].doubles)
            value = std::ldexp(double(random()), -40); // does not compress
        table.columns[5].doubles[size_t(count / 2)] = std::numeric_limits<double>::quiet_NaN();
        Writer writer; // one for several files
        for (const int level : {1, 9}) {
            Writer other({.level = level});
            for (Writer *one : {&writer, &other}) {
                const auto file = one->write(table);
                QVERIFY(file);
                const auto back = Reader().read(*file);
                QVERIFY2(back, back ? "" : qPrintable(back.error().message));
                compareTables(*back, table, true);
            }
        }
    }

    void aTableThatIsNotWholeIsRefused()
    {
        Table table = rows(3);
        table.columns[2].doubles.pop_back();
        QVERIFY(!Writer().write(table));
        table.columns.pop_back();
        QVERIFY(!Writer().write(table));
    }

    // Cut anywhere, it is no file any more.
    void everyCutIsFound()
    {
        const QByteArray file = sample(QStringLiteral("three-rows.feather"));
        Reader reader;
        for (qsizetype size = 0; size < file.size(); ++size) {
            const auto table = reader.read(file.first(size));
            QVERIFY(!table);
            QCOMPARE(table.error().kind, Error::Kind::Parse);
        }
    }

    // A few bytes that claim a lot get no memory for it: a table of 2^28 rows would end this process.
    void claimsAreNotBelieved()
    {
        const QByteArray file = Writer().write(rows(100)).value();
        QByteArray length(8, '\0');
        qToLittleEndian<qint64>(100, length.data());
        int changed = 0;
        for (qsizetype at = file.indexOf(length); at >= 0; at = file.indexOf(length, at + 1)) {
            QByteArray claim = file;
            qToLittleEndian<qint64>(qint64(1) << 27, claim.data() + at);
            QVERIFY(!Reader().read(claim));
            ++changed;
        }
        QVERIFY(changed >= 7); // the batch's rows, and each column's
    }
};

TK_TEST(FeatherTest, feather);
#include "tst_feather.moc"
