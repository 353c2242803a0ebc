// Files that are not as Tapekeeper writes them, and names that somebody planted: what is sound stays, and nothing leads
// elsewhere.
#include "core/store/samples.h"
#include "feather/writer.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"
#include "sync/sync_run.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include <sys/stat.h>

using namespace tk;
using namespace tk::sync;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const QString name3m = QStringLiteral("BTC_USDT_USDT-3m-futures.feather");

// A sound file of one row with so many columns and entries of metadata.
QByteArray wide(size_t columns, size_t entries)
{
    feather::Table table{schemaOf(Content::Candles, {}), 1, {}};
    while (table.schema.fields.size() < columns)
        table.schema.fields.push_back({.name = "ind" + QByteArray::number(qint64(table.schema.fields.size()))});
    for (size_t i = 0; i < entries; ++i)
        table.schema.metadata.emplace_back("k" + QByteArray::number(qint64(i)), "v");
    table.columns.resize(table.schema.fields.size());
    table.columns[0].integers.push_back(toMs(sampleStart) - 180'000);
    for (size_t i = 1; i < table.columns.size(); ++i)
        table.columns[i].doubles.push_back(1.0);
    return feather::Writer().write(table).value();
}

} // namespace

class ForeignFilesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        m_writer = m_store->openWriter().value();
        m_reader = m_store->openReader().value();
        QVERIFY(QDir(m_dir->path()).mkpath(QStringLiteral("fq/binance/futures")));
        m_options = {};
        m_options.settings.datadir = m_dir->filePath(QStringLiteral("fq"));
        m_options.lock_patience = 0ms;
        m_options.busy_patience = 0ms;
    }

    // Dates as whole numbers, as old files have them, in whatever unit: the file ends with one.
    void wholeNumbersKeepTheirUnit_data()
    {
        QTest::addColumn<qint64>("perSecond");
        QTest::newRow("s") << qint64(1);
        QTest::newRow("ms") << qint64(1'000);
        QTest::newRow("us") << qint64(1'000'000);
        QTest::newRow("ns") << qint64(1'000'000'000);
    }
    void wholeNumbersKeepTheirUnit()
    {
        QFETCH(qint64, perSecond);
        store(Timeframe::M3, sampleStart, 100);
        feather::Table table{schemaOf(Content::Candles, {}), 10, std::vector<feather::Column>(6)};
        table.schema.fields[0] = {.name = "date", .kind = feather::Kind::Integer};
        for (qint64 i = 0; i < table.rows; ++i) {
            table.columns[0].integers.push_back((toMs(sampleStart) / 1000 - 1800 + i * 180) * perSecond);
            for (size_t column = 1; column < 6; ++column)
                table.columns[column].doubles.push_back(double(i + 1));
        }
        write(name3m, feather::Writer().write(table).value());
        QCOMPARE(run().added(), 100);
        const feather::Table whole = read(name3m);
        QCOMPARE(whole.rows, 110);
        QVERIFY(whole.schema.fields[0].kind == feather::Kind::Integer);
        for (qint64 i = 0; i < whole.rows; ++i)
            QCOMPARE(whole.columns[0].integers[size_t(i)], (toMs(sampleStart) / 1000 - 1800 + i * 180) * perSecond);
        QCOMPARE(run().added(), 0);

        table.columns[0].integers[3] = 7; // a time in no unit
        const QByteArray odd = feather::Writer().write(table).value();
        write(name3m, odd);
        const SyncReport report = run();
        QCOMPARE(report.count(FileState::Refused), 1);
        QVERIFY2(report.files[0].file.note.contains(QStringLiteral("row 4")), qPrintable(report.files[0].file.note));
        QCOMPARE(bytesOf(name3m), odd);
    }

    // Not for us to read is not damaged: nothing is moved away, nothing replaced.
    void soundFilesOfOtherKindsStay_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("says");
        QTest::newRow("version 1") << QByteArray("FEA1") + QByteArray(64, 'x') + "FEA1" << QStringLiteral("version 1");
        QTest::newRow("parquet") << QByteArray("PAR1") + QByteArray(64, 'x') + "PAR1" << QStringLiteral("Parquet");
        QTest::newRow("json") << QByteArray("[[1700000000000,1,2,3]]") << QStringLiteral("JSON");
        QTest::newRow("columns") << wide(305, 0) << QStringLiteral("\"ind6\" is one of 299 more");
        QTest::newRow("more columns") << wide(5000, 0) << QStringLiteral("5000 columns");
        QTest::newRow("metadata") << wide(6, 5000) << QStringLiteral("5000 entries");
    }
    void soundFilesOfOtherKindsStay()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, says);
        store(Timeframe::M3, sampleStart, 100);
        write(name3m, bytes);
        m_options.settled_after = 0ms;
        const SyncReport report = run();
        QCOMPARE(report.count(FileState::Refused), 1);
        QVERIFY2(report.files[0].file.note.contains(says), qPrintable(report.files[0].file.note));
        QCOMPARE(bytesOf(name3m), bytes);
        QVERIFY(QDir(path({})).entryList({QStringLiteral("*broken*")}, QDir::Files | QDir::Hidden).isEmpty());
    }
    void muchMetadataIsKept()
    {
        store(Timeframe::M3, sampleStart, 100);
        write(name3m, wide(6, 70));
        QCOMPARE(run().count(FileState::Written), 1);
        QCOMPARE(read(name3m).schema.metadata.size(), size_t(70));
    }

    // Replacing a link would cut it, and what it leads to would grow old unseen.
    void whatIsNoRegularFileIsLeftAlone()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        const QByteArray shared = bytesOf(name3m);
        const QString target = m_dir->filePath(QStringLiteral("shared"));
        QVERIFY(QFile::rename(path(name3m), target) && QFile::link(target, path(name3m)));
        store(Timeframe::M3, sampleStart + 300min, 1);
        SyncReport report = run();
        QCOMPARE(report.count(FileState::Refused), 1);
        QVERIFY2(report.files[0].file.note.contains(QStringLiteral("symbolic link")),
                 qPrintable(report.files[0].file.note));
        QVERIFY(QFileInfo(path(name3m)).isSymLink());
        QCOMPARE(bytesOf(name3m), shared);
        QVERIFY(QFile::remove(path(name3m)));
        QCOMPARE(::mkfifo(QFile::encodeName(path(name3m)).constData(), 0600), 0);
        report = run(); // at once: opening it would wait for ever
        QCOMPARE(report.count(FileState::Refused), 1);
        QVERIFY(report.files[0].file.note.contains(QStringLiteral("pipe")));
    }

    // Somebody who may write to the folder must not reach further through our rights.
    void plantedNamesLeadNowhere()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        const QString secret = m_dir->filePath(QStringLiteral("secret"));
        QFile file(secret);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("keep") == 4);
        file.close();
        QVERIFY(QFile::setPermissions(secret, QFile::ReadOwner | QFile::WriteOwner));
        const QString lock = path(QStringLiteral(".tapekeeper-sync.lock"));
        QCOMPARE(stampOf(lock)->mode & 0777, 0666U);
        QVERIFY(QFile::remove(lock) && QFile::link(secret, lock));
        QVERIFY(!sync().has_value());
        QCOMPARE(stampOf(secret)->mode & 0777, 0600U);
        QVERIFY(QFile::remove(lock));
        const QString made = m_dir->filePath(QStringLiteral("made"));
        QVERIFY(QFile::link(made, lock));
        QVERIFY(!sync().has_value());
        QVERIFY(!QFile::exists(made));
        QVERIFY(QFile::remove(lock));
        // The lock of somebody who wants it for a group alone stays so.
        QVERIFY(sync().has_value());
        QCOMPARE(::chmod(QFile::encodeName(lock).constData(), 0660), 0);
        store(Timeframe::M3, sampleStart + 300min, 1);
        QVERIFY(QFile::link(secret, path(partName(name3m))));
        QVERIFY(sync().has_value());
        QCOMPARE(stampOf(lock)->mode & 0777, 0660U);
        QCOMPARE(read(name3m).rows, 101);
        QCOMPARE(bytesAt(secret), QByteArray("keep"));
        const QString receipts = path(QStringLiteral(".tapekeeper-sync.receipts"));
        QVERIFY(QFile::remove(receipts));
        QCOMPARE(::mkfifo(QFile::encodeName(receipts).constData(), 0600), 0);
        QVERIFY(sync().has_value());
    }

private:
    void store(Timeframe timeframe, UtcTime from, int count)
    {
        QVERIFY(m_writer->write({batch(series(timeframe), candles(timeframe, from, count))}));
    }
    Result<SyncReport> sync()
    {
        return SyncRun(
                   m_options, *m_reader, [] { return sampleStart + 48h; }, m_stop,
                   [](qint64, qint64, const QString &) {})
            .run();
    }
    SyncReport run()
    {
        const auto report = sync();
        return report ? *report : SyncReport{};
    }
    QString path(const QString &name) const { return m_dir->filePath(QStringLiteral("fq/binance/futures/")) + name; }
    QByteArray bytesAt(const QString &name) const { return readSmallFile(name, 1 << 24).value().bytes; }
    QByteArray bytesOf(const QString &name) const { return bytesAt(path(name)); }
    feather::Table read(const QString &name) const { return feather::Reader().read(bytesOf(name)).value(); }
    void write(const QString &name, const QByteArray &bytes) const
    {
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(bytes) == bytes.size());
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
    SyncRun::Options m_options;
    std::atomic<bool> m_stop{false};
};

TK_TEST(ForeignFilesTest, foreign_files);
#include "tst_foreign_files.moc"
