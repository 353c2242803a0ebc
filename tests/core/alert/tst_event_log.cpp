// Events on the disk: kept over restarts, bounded, and not undone by a line that a crash cut short.
#include "alert/event_json.h"
#include "alert/event_log.h"

#include "readonly_disk.h"
#include "support/test_registry.h"

#include <QDir>
#include <QRegularExpression>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::alert;
using tk::test::ReadOnlyDisk;

class EventLogTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsOverARestart()
    {
        const QTemporaryDir folder;
        qint64 incident = 0;
        {
            EventLog log(folder.path());
            QVERIFY(log.open());
            incident = log.put(event(1'000, QStringLiteral("Incident")));
            log.put(event(2'000, QStringLiteral("Reconnected")));
            Event over = *log.find(incident);
            over.until = fromMs(5'000);
            QCOMPARE(log.put(over), incident);
        }
        EventLog log(folder.path());
        QVERIFY(log.open());
        QCOMPARE(log.events().size(), size_t(2));
        QCOMPARE(log.find(incident)->until, fromMs(5'000));
        QCOMPARE(log.put(event(3'000, QStringLiteral("Next"))), qint64(3));
        QCOMPARE(log.newest(2).front().title, QStringLiteral("Reconnected"));
    }

    // An engine that was killed closes nothing itself.
    void whatLastedIsOverAtTheNextStart()
    {
        const QTemporaryDir folder;
        qint64 incident = 0;
        {
            EventLog log(folder.path());
            QVERIFY(log.open());
            Event lasting = event(1'000, QStringLiteral("Incident"));
            lasting.until = {};
            incident = log.put(lasting);
            QVERIFY(log.find(incident)->lasts());
            log.put(event(4'000, QStringLiteral("Gap opened")));
        }
        for (int start = 0; start < 2; ++start) { // and stays as it was closed
            EventLog log(folder.path());
            QVERIFY(log.open());
            QCOMPARE(log.find(incident)->until, fromMs(4'000));
            QVERIFY2(log.find(incident)->detail.endsWith(QLatin1String("the engine ended before it was over")),
                     qPrintable(log.find(incident)->detail));
            log.put(event(9'000, QStringLiteral("Engine started")));
        }
    }

    void staysSmall()
    {
        const QTemporaryDir folder;
        EventLog log(folder.path(), {.file_bytes = 20'000, .events = 100});
        QVERIFY(log.open());
        for (int i = 0; i < 2'000; ++i)
            log.put(event(1'000 + i, QStringLiteral("Number %1").arg(i)));
        QVERIFY(log.events().size() <= 100);
        QCOMPARE(log.events().back().title, QStringLiteral("Number 1999"));
        qint64 bytes = 0;
        for (const QFileInfo &file : QDir(folder.path()).entryInfoList(QDir::Files))
            bytes += file.size();
        QVERIFY2(bytes <= 40'000, qPrintable(QString::number(bytes)));
        EventLog again(folder.path(), {.file_bytes = 20'000, .events = 100});
        QVERIFY(again.open());
        QCOMPARE(again.events().back().title, QStringLiteral("Number 1999"));
    }

    // Also where the file is full just then, and has to make room for the next.
    void aReadOnlyDiskLosesNoEvent()
    {
        if (!ReadOnlyDisk::isPossible())
            QSKIP("a sanitizer stands between the program and the system here");
        const QTemporaryDir folder;
        const EventLog::Limits limits{.file_bytes = 4'000, .events = 1'000};
        {
            EventLog log(folder.path(), limits);
            QVERIFY(log.open());
            int number = 0;
            const auto put = [&](int count) {
                for (const int end = number + count; number < end; ++number)
                    log.put(event(1'000 + number, QStringLiteral("Number %1").arg(number)));
            };
            put(10);
            ReadOnlyDisk disk(folder.path());
            disk.set(true);
            QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("events cannot be written down")));
            put(20); // beyond what fits
            disk.set(false);
            put(1);
        }
        EventLog again(folder.path(), limits);
        QVERIFY(again.open());
        QCOMPARE(again.events().size(), size_t(31));
        QCOMPARE(again.events().back().title, QStringLiteral("Number 30"));
    }

    void passesOverDamage()
    {
        const QTemporaryDir folder;
        {
            EventLog log(folder.path());
            QVERIFY(log.open());
            log.put(event(1'000, QStringLiteral("Before")));
        }
        QFile file(folder.filePath(QStringLiteral("events.jsonl")));
        QVERIFY(file.open(QIODevice::Append));
        file.write("{\"id\":2,\"time\":20"); // a power cut
        file.close();
        {
            EventLog log(folder.path());
            QVERIFY(log.open());
            QCOMPARE(log.events().size(), size_t(1));
            log.put(event(3'000, QStringLiteral("After")));
        }
        EventLog log(folder.path());
        QVERIFY(log.open());
        QCOMPARE(log.events().size(), size_t(2));
        QCOMPARE(log.events().back().title, QStringLiteral("After"));
    }

    void withoutADiskItLivesInMemory()
    {
        EventLog log(QStringLiteral("/nowhere/at/all"));
        const Status status = log.open();
        QVERIFY(!status);
        QVERIFY(status.error().message.contains(QStringLiteral("/nowhere/at/all")));
        log.put(event(1'000, QStringLiteral("Kept")));
        QCOMPARE(log.events().size(), size_t(1));
    }

    void travelsAsJson()
    {
        Event event = this->event(1'000, QStringLiteral("Stream stale"));
        event.id = 7;
        event.kind = EventKind::Streams;
        event.severity = Severity::Trouble;
        event.pairs = {QStringLiteral("BTC/USDT:USDT")};
        event.from = fromMs(500);
        event.incident = 3;
        event.subject = QStringLiteral("market#2");
        const auto back = eventFromJson(toJson(event));
        QVERIFY(back);
        QCOMPARE(*back, event);
        QVERIFY(!eventFromJson({{QStringLiteral("title"), QStringLiteral("no id")}}));
    }

private:
    static Event event(qint64 ms, const QString &title)
    {
        return {.time = fromMs(ms), .until = fromMs(ms), .title = title};
    }
};

TK_TEST(EventLogTest, event_log);
#include "tst_event_log.moc"
