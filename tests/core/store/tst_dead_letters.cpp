#include "store/influx/dead_letters.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::store;
using namespace std::chrono_literals;

namespace {

const UtcTime noon = fromMs(1'795'262'400'000); // 2026-11-21T12:00:00Z

DeadLetter letter(const QByteArray &line, UtcTime time = noon)
{
    return {.time = time,
            .sink = QStringLiteral("https://me:secret@db.example:8086/write?u=me&p=secret"),
            .database = QStringLiteral("market"),
            .precision = QStringLiteral("ms"),
            .status = 400,
            .reason = QStringLiteral("unable to parse '%1'").arg(QString::fromUtf8(line)),
            .attempts = 3,
            .line = line};
}

} // namespace

class DeadLettersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void givesBackWhatItGot()
    {
        const QTemporaryDir dir;
        const QString folder = dir.filePath(QStringLiteral("data/dead-letters"));
        DeadLetters letters({.folder = folder});
        const QList<QByteArray> lines{"candle,sym=BTC close=1 1",
                                      "with \"quotes\" and \\ and \t",
                                      "Z\xc3\xbcrich \xe2\x82\xac",
                                      QByteArray("latin \xfc\xff bytes"),
                                      QByteArray("a\0b", 3),
                                      "\xef\xbb\xbf begins with a mark",
                                      ""};
        std::vector<DeadLetter> given;
        for (const QByteArray &line : lines)
            given.push_back(letter(line, noon + 7ms));
        QVERIFY(letters.write(given));
        QVERIFY(letters.write({letter("one more")}));
        QVERIFY(letters.write({}));
        QCOMPARE(letters.written(), qint64(lines.size() + 1));

        const QString file = folder + QStringLiteral("/2026-11-21.jsonl");
        QStringList damage;
        const auto back = readDeadLetters(file, &damage);
        QVERIFY(back);
        QVERIFY(damage.isEmpty());
        QCOMPARE(back->size(), size_t(lines.size() + 1));
        for (qsizetype i = 0; i < lines.size(); ++i) {
            const DeadLetter &one = (*back)[size_t(i)];
            QCOMPARE(one.line, lines[i]);
            QCOMPARE(one.time, noon + 7ms);
            QCOMPARE(one.database, QStringLiteral("market"));
            QCOMPARE(one.precision, QStringLiteral("ms"));
            QCOMPARE(one.status, 400);
            QCOMPARE(one.attempts, 3);
            QCOMPARE(one.reason, given[size_t(i)].reason);
            QCOMPARE(one.sink, QStringLiteral("https://db.example:8086/write"));
        }
        QFile raw(file);
        QVERIFY(raw.open(QIODevice::ReadOnly));
        QVERIFY(!raw.readAll().contains("secret"));
        const auto others = QFileDevice::ReadGroup | QFileDevice::ReadOther;
        QVERIFY(!(QFile::permissions(file) & others));
    }

    void beginsAFileForEachDay()
    {
        const QTemporaryDir dir;
        DeadLetters letters({.folder = dir.path()});
        QVERIFY(letters.write({letter("a", noon), letter("b", noon + 12h - 1ms), letter("c", noon + 12h)}));
        QVERIFY(letters.write({letter("d", noon)}));
        QCOMPARE(QDir(dir.path()).entryList(QDir::Files, QDir::Name),
                 (QStringList{QStringLiteral("2026-11-21.jsonl"), QStringLiteral("2026-11-22.jsonl")}));
        QCOMPARE(readDeadLetters(dir.filePath(QStringLiteral("2026-11-21.jsonl")))->size(), size_t(3));
        QCOMPARE(readDeadLetters(dir.filePath(QStringLiteral("2026-11-22.jsonl")))->size(), size_t(1));
    }

    void standsATornLastLine()
    {
        const QTemporaryDir dir;
        const QString name = dir.filePath(QStringLiteral("2026-11-21.jsonl"));
        {
            DeadLetters letters({.folder = dir.path()});
            QVERIFY(letters.write({letter("a"), letter("b")}));
        }
        QFile file(name);
        QVERIFY(file.open(QIODevice::ReadWrite));
        const QByteArray whole = file.readAll();
        const qsizetype second = whole.indexOf('\n') + 1;
        for (qsizetype size = second + 1; size < whole.size() - 1; ++size) {
            QVERIFY(file.resize(0) && file.seek(0));
            QCOMPARE(file.write(whole.first(size)), qint64(size));
            QVERIFY(file.flush());
            QStringList damage;
            QCOMPARE(readDeadLetters(name, &damage)->size(), size_t(1));
            QCOMPARE(damage, QStringList{QStringLiteral("line 2: torn")});
            DeadLetters letters({.folder = dir.path()});
            QVERIFY(letters.write({letter("c")}));
            damage.clear();
            const auto back = readDeadLetters(name, &damage);
            QCOMPARE(back->size(), size_t(2));
            QCOMPARE(back->at(1).line, QByteArray("c"));
            QCOMPARE(damage, QStringList{QStringLiteral("line 2: no dead letter")});
        }
        QVERIFY(!readDeadLetters(dir.filePath(QStringLiteral("none.jsonl"))));
    }

    void leavesOutTextInABurstAndNeverTheLine()
    {
        const QTemporaryDir dir;
        const DeadLetterOptions options{.folder = dir.path(), .full_per_day = 10};
        for (int i = 0; i < 4; ++i) { // the count of the day outlives a restart
            DeadLetters letters(options);
            QVERIFY(letters.write({letter("1"), letter("2"), letter("3"), letter("4")}));
            QCOMPARE(letters.written(), qint64(4));
        }
        const auto back = readDeadLetters(dir.filePath(QStringLiteral("2026-11-21.jsonl")));
        QCOMPARE(back->size(), size_t(16));
        for (size_t i = 0; i < back->size(); ++i) {
            QCOMPARE(back->at(i).reason.isEmpty(), i >= 10);
            QCOMPARE(back->at(i).line, QByteArray::number(qlonglong(i % 4 + 1)));
        }
    }

    void removesWhatIsOld()
    {
        const QTemporaryDir dir;
        DeadLetters letters({.folder = dir.path(), .keep = std::chrono::days(2)});
        for (int day = 0; day < 5; ++day)
            QVERIFY(letters.write({letter("x", noon + std::chrono::days(day))}));
        QFile stranger(dir.filePath(QStringLiteral("notes.jsonl")));
        QVERIFY(stranger.open(QIODevice::WriteOnly));
        QVERIFY(letters.removeOld(noon + std::chrono::days(4)));
        QCOMPARE(QDir(dir.path()).entryList(QDir::Files, QDir::Name),
                 (QStringList{QStringLiteral("2026-11-23.jsonl"), QStringLiteral("2026-11-24.jsonl"),
                              QStringLiteral("2026-11-25.jsonl"), QStringLiteral("notes.jsonl")}));
        QVERIFY(letters.removeOld(noon + std::chrono::days(40)));
        QVERIFY(letters.write({letter("y", noon + std::chrono::days(4))})); // its file was open, and is gone
        QCOMPARE(readDeadLetters(dir.filePath(QStringLiteral("2026-11-25.jsonl")))->size(), size_t(1));
    }

    void saysWhyItCannotWrite()
    {
        const QTemporaryDir dir;
        const QString name = dir.filePath(QStringLiteral("taken"));
        QFile file(name);
        QVERIFY(file.open(QIODevice::WriteOnly));
        DeadLetters letters({.folder = name});
        const Status done = letters.write({letter("x")});
        QVERIFY(!done);
        QCOMPARE(done.error().kind, Error::Kind::Storage);
        QVERIFY(done.error().message.contains(name));
        QCOMPARE(letters.written(), qint64(0));
    }
};

TK_TEST(DeadLettersTest, dead_letters);
#include "tst_dead_letters.moc"
