// A push from end to end in one process: a real store and real files, and everything that can be said wrongly between.
#include "core/store/samples.h"
#include "feather/reader.h"
#include "feather/writer.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"
#include "sync/push_receiver.h"
#include "sync/push_sender.h"

#include <QCryptographicHash>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QTemporaryDir>

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace tk;
using namespace tk::sync;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const QString version = QStringLiteral("1.2.3");

// The receiver in a thread of its own, at the other end of two pipes.
class Feeder
{
public:
    explicit Feeder(const QString &datadir, milliseconds silence = 20s)
    {
        int to[2];
        int from[2];
        if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
            qFatal("no pipes");
        m_in = to[1];
        m_out = from[0];
        m_thread = std::thread([this, datadir, silence, in = to[0], out = from[1]] {
            result.emplace(PushReceiver({.datadir = datadir,
                                         .version = version,
                                         .in = in,
                                         .out = out,
                                         .silence = silence,
                                         .lock_patience = 0ms,
                                         .busy_patience = 0ms})
                               .run());
            ::close(in);
            ::close(out);
        });
    }
    ~Feeder() { end(); }

    void say(QByteArrayView bytes)
    {
        while (!bytes.isEmpty()) {
            const ssize_t sent = ::write(m_in, bytes.data(), size_t(bytes.size()));
            if (sent <= 0)
                return; // it has gone
            bytes = bytes.sliced(sent);
        }
    }
    QByteArray hear() // empty: it has gone
    {
        QByteArray bytes(64 << 10, Qt::Uninitialized);
        bytes.resize(std::max<ssize_t>(0, ::read(m_out, bytes.data(), size_t(bytes.size()))));
        return bytes;
    }
    void hangUp()
    {
        if (m_in >= 0)
            ::close(std::exchange(m_in, -1));
    }
    void end()
    {
        hangUp();
        if (m_thread.joinable()) {
            while (!hear().isEmpty()) {
            }
            m_thread.join();
            ::close(m_out);
        }
    }

    std::optional<Result<SyncReport>> result; // after end()

private:
    int m_in = -1;
    int m_out = -1;
    std::thread m_thread;
};

} // namespace

class PushTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { std::signal(SIGPIPE, SIG_IGN); }
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        m_writer = m_store->openWriter().value();
        m_reader = m_store->openReader().value();
        for (const char *name : {"pushed", "local"})
            QVERIFY(QDir(m_dir->path()).mkpath(QLatin1StringView(name)));
        m_settings = {};
        m_settings.datadir = m_dir->filePath(QStringLiteral("local"));
        m_now = sampleStart + 48h;
        m_stop = false;
        m_known.clear();
        m_sent = 0;
    }

    void framesInAnyPieces()
    {
        const QByteArray all = encodeFrame({FrameKind::Want, "abc"}) + encodeFrame({FrameKind::Done, {}});
        for (qsizetype piece = 1; piece <= all.size(); ++piece) {
            FrameReader reader;
            std::vector<Frame> frames;
            for (qsizetype at = 0; at < all.size(); at += piece) {
                reader.feed(QByteArrayView(all).sliced(at, std::min(piece, all.size() - at)));
                while (auto frame = reader.next().value())
                    frames.push_back(*frame);
            }
            QCOMPARE(frames.size(), size_t(2));
            QCOMPARE(frames[0].payload, QByteArray("abc"));
            QVERIFY(frames[1].kind == FrameKind::Done && frames[1].payload.isEmpty());
            QCOMPARE(reader.waiting(), qsizetype(0));
        }
    }

    void whatIsNoFrame()
    {
        for (const QByteArray &bytes : {QByteArray("hello\n"), QByteArray("\0\0\0\0\0", 5),
                                        QByteArray("R\xff\xff\xff\xff", 5), QByteArray("R\x01\x00\x40\x00", 5)}) {
            FrameReader reader;
            reader.feed(bytes);
            const auto frame = reader.next();
            QVERIFY(!frame && frame.error().kind == Error::Kind::Parse);
            QVERIFY(!reader.next()); // and nothing behind it is believed
        }
    }

    void theGreetingBehindAnyNoise()
    {
        const QByteArray noise = "Welcome!\nTAPEKEEPER is here\nno TAPEKEEPER-PUSH 7 x\n";
        const QByteArray all = noise + helloLine(version) + "Rest";
        for (qsizetype piece = 1; piece <= all.size(); ++piece) {
            HelloReader reader;
            QByteArray rest;
            std::optional<Hello> hello;
            qsizetype at = 0;
            for (; at < all.size() && !hello; at += piece)
                hello = reader.feed(QByteArrayView(all).sliced(at, std::min(piece, all.size() - at)), rest).value();
            QVERIFY(hello && hello->protocol == pushProtocol && hello->version == version);
            QVERIFY(QByteArray("Rest").startsWith(rest));
        }
        // What does not end its line: a terminal's title, `echo -n`. Also before a greeting without a line of its own.
        for (const QByteArray &begin : {QByteArray("hi"), QByteArray("\x1b]0;me@host\x07")}) {
            for (const QByteArray &greeting :
                 {helloLine(QStringLiteral("1.2")), helloLine(QStringLiteral("1.2")).mid(1)}) {
                HelloReader reader;
                QByteArray behind;
                const auto hello = reader.feed(begin + greeting + "Rest", behind);
                QVERIFY(hello && hello->has_value() && (**hello).version == QLatin1String("1.2"));
                QCOMPARE(behind, QByteArray("Rest"));
            }
        }
        HelloReader silent;
        QByteArray none;
        QVERIFY(!silent.feed("\x1b[2Jhi", none)->has_value());
        QCOMPARE(silent.heard(), QStringLiteral("\\u{1b}[2Jhi")); // told, and not obeyed
        HelloReader endless;
        QByteArray rest;
        const auto never = endless.feed(QByteArray(70'000, 'x'), rest);
        QVERIFY(!never && never.error().message.contains(QStringLiteral("xxx")));
        HelloReader odd;
        QVERIFY(!odd.feed("TAPEKEEPER-PUSH one two\n", rest));
    }

    // Every message refuses to be cut, to be longer, and to be another one.
    void messagesSurviveTheWayAndNothingElse()
    {
        const FilePlan plan{{QStringLiteral("binance-usdm"), QStringLiteral("BTC/USDT:USDT")}, sampleStart, m_now};
        PushRows rows{.id = 3, .last = true};
        rows.rows.add(toMs(sampleStart), {1, 2, 0.5, 1.5, 10});
        rows.rows.add(toMs(sampleStart) + 1, {1, 2, 0.5, 1.5, 0});
        rows.rows.exact_to = toMs(sampleStart) + 1;
        check(PushBegin{.version = version, .now = m_now, .interval = 3min, .freqtrade = QStringLiteral("auto")});
        check(PushPlans{{plan, plan}});
        check(PushWant{.id = 1, .plan = 2, .timeframe = Timeframe::Mo1, .from = m_now});
        check(PushWant{.id = 1, .from = m_now, .have = {{5, QByteArray(16, 'x')}, {7, QByteArray(16, 'y')}}});
        check(rows);
        check(PushNoRows{4, QStringLiteral("why")});
        check(PushFile{{QStringLiteral("binance/futures"), {.name = QStringLiteral("x"), .state = FileState::Failed}}});
        check(PushReceipt{QStringLiteral("x"), 5, sampleStart, m_now, 6, QByteArray(64, 'a')});
        check(PushDone{7, true, true});
        check(PushFail{{Error::Kind::Refused, QStringLiteral("no"), true}});
    }

    void valuesOutOfBounds()
    {
        const auto refused = [](const QByteArray &bytes, auto message) {
            FrameReader reader;
            reader.feed(bytes);
            const auto frame = reader.next().value();
            return frame && !readPush<decltype(message)>(*frame);
        };
        const auto rows = [](qint64 first, qint64 second, double value) {
            PushRows message{.id = 1};
            message.rows.add(first, {1, 1, 1, 1, 1});
            message.rows.add(second, {1, 1, value, 1, 1});
            return pushFrame(message);
        };
        QVERIFY(!refused(rows(1, 2, 3), PushRows()));
        QVERIFY(refused(rows(2, 2, 3), PushRows()));
        QVERIFY(refused(rows(3, 2, 3), PushRows()));
        QVERIFY(refused(rows(-1, 2, 3), PushRows()));
        QVERIFY(refused(rows(1, 9'000'000'000'001, 3), PushRows()));
        QVERIFY(refused(rows(1, 2, qQNaN()), PushRows()));
        QVERIFY(refused(rows(1, 2, qInf()), PushRows()));
        for (const char *exchange : {"", "..", "../x", "a/b", "Binance", "-x", "binance\n"}) {
            const FilePlan plan{{QLatin1StringView(exchange), QStringLiteral("BTC/USDT:USDT")}, {}, {}};
            QVERIFY2(refused(pushFrame(PushPlans{{plan}}), PushPlans()), exchange);
        }
        QVERIFY(refused(pushFrame(PushWant{.timeframe = Timeframe(15)}), PushWant()));
        QVERIFY(refused(pushFrame(PushWant{.have = {{7, QByteArray(16, 'x')}, {5, QByteArray(16, 'x')}}}), PushWant()));
        QVERIFY(refused(pushFrame(PushWant{.have = {{5, QByteArray(15, 'x')}}}), PushWant()));
        QVERIFY(refused(pushFrame(PushWant{.have = {mostBlocks + 1, RowBlock{5, QByteArray(16, 'x')}}}), PushWant()));
        QVERIFY(refused(pushFrame(PushBegin{.version = version, .interval = 0ms}), PushBegin()));
        QVERIFY(refused(pushFrame(PushBegin{.version = version, .interval = 1s, .plans = mostPlans + 1}), PushBegin()));
        QVERIFY(
            refused(pushFrame(PushReceipt{QStringLiteral("a\tb"), 1, {}, {}, 1, QByteArray(64, 'a')}), PushReceipt()));
        QVERIFY(refused(pushFrame(PushReceipt{QStringLiteral("a"), 1, {}, {}, 1, "abcd"}), PushReceipt()));
        // Of another version of the protocol nothing but that is understood.
        FrameReader reader;
        reader.feed(pushFrame(PushBegin{.protocol = 9, .version = QStringLiteral("9.9"), .plans = 4'000'000'000}));
        const auto begin = readPush<PushBegin>(**reader.next());
        QVERIFY(begin && begin->protocol == 9 && begin->version == QLatin1String("9.9"));
    }

    void theFilesAreThoseOfALocalSync()
    {
        store(Timeframe::M3, sampleStart, 100);
        store(Timeframe::H1, sampleStart - 24h * 60, 1500);
        for (int i = 0; i < 50; ++i) // more than is asked for at once
            store(Timeframe::M1, sampleStart, 1500, QStringLiteral("P%1/USDT:USDT").arg(i));
        storeMarks();
        storeFunding();
        const PushReport report = push();
        QVERIFY(report.isGood());
        QCOMPARE(report.version, version);
        QCOMPARE(report.files.size(), size_t(54));
        QCOMPARE(report.unchanged, 0);
        QVERIFY(report.all_receipts);
        compareWithLocal();
        // The receipts say what the files are.
        QCOMPARE(report.receipts.size(), size_t(54));
        for (const PushReceipt &receipt : report.receipts) {
            QFile file(m_dir->filePath(QStringLiteral("pushed/") + receipt.file));
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray bytes = file.readAll();
            QCOMPARE(receipt.bytes, qint64(bytes.size()));
            QCOMPARE(receipt.sha256, QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex());
            const auto table = feather::Reader().read(bytes).value();
            QCOMPARE(receipt.rows, table.rows);
            QCOMPARE(toMs(receipt.first), table.columns[0].integers.front());
            QCOMPARE(toMs(receipt.last), table.columns[0].integers.back());
        }
    }

    void onlyWhatIsNewIsSent()
    {
        store(Timeframe::M3, sampleStart, 1500);
        PushReport report = push();
        const qint64 first = m_sent;
        m_known = digestOf(report.receipts);
        m_now += 3min;
        report = push();
        QVERIFY(report.isGood() && report.files.empty() && report.unchanged == 1);
        QVERIFY(report.receipts.empty() && !report.all_receipts);
        const qint64 idle = m_sent;
        store(Timeframe::M3, sampleStart + 1500 * 3min, 1);
        report = push();
        QCOMPARE(report.files.size(), size_t(1));
        QCOMPARE(report.files[0].file.added, 1);
        QCOMPARE(report.receipts.size(), size_t(1));
        QVERIFY(!report.all_receipts);
        qInfo("%lld bytes at first, %lld for one candle, %lld for nothing", first, m_sent, idle);
        QVERIFY(first > 1500 * 48 && m_sent < 1'000 && idle < 300);
        compareWithLocal();
    }

    void correctionsArrive()
    {
        store(Timeframe::M3, sampleStart, 3000);
        push();
        // Near the end, with news.
        store(Timeframe::M3, sampleStart + 2995 * 3min, 1, {}, "7.77");
        store(Timeframe::M3, sampleStart + 3000 * 3min, 1);
        m_now += 3min;
        QCOMPARE(push().files[0].file.replaced, 1);
        // Far in the past: with the daily comparison, or at once where that is asked for.
        store(Timeframe::M3, sampleStart + 10 * 3min, 1, {}, "8.88");
        QCOMPARE(push().unchanged, 1);
        m_now += 25h;
        QCOMPARE(push().files.at(0).file.replaced, 1);
        store(Timeframe::M3, sampleStart + 20 * 3min, 1, {}, "9.99");
        m_full = true;
        QCOMPARE(push().files.at(0).file.replaced, 1);
        m_full = false;
        // An older past than was known.
        store(Timeframe::M3, sampleStart - 30min, 10);
        QCOMPARE(push().files.at(0).file.added, 10);
        // A hole that is filled later.
        store(Timeframe::M3, sampleStart + 3010 * 3min, 1);
        QCOMPARE(push().files.at(0).file.added, 1);
        store(Timeframe::M3, sampleStart + 3005 * 3min, 2);
        store(Timeframe::M3, sampleStart + 3011 * 3min, 1);
        QCOMPARE(push().files.at(0).file.added, 3);
        compareWithLocal();
    }

    // A comparison of a long file with all of the store sends what is another one.
    void longFilesAreComparedByBlocks()
    {
        constexpr int count = 45'000; // over three pages of the store
        store(Timeframe::M1, sampleStart, count);
        push();
        const qint64 whole = m_sent;
        QVERIFY(whole > qint64(count) * 48);
        m_full = true;
        QCOMPARE(push().unchanged, 1);
        QVERIFY2(m_sent < 1'000, qPrintable(QString::number(m_sent)));
        store(Timeframe::M1, sampleStart + 10min, 1, {}, "7.77");
        store(Timeframe::M1, sampleStart + 30'000 * 1min, 1, {}, "8.88");
        const PushReport report = push();
        QCOMPARE(report.files.at(0).file.replaced, 2);
        qInfo("%lld bytes at first, %lld for two corrections", whole, m_sent);
        QVERIFY(m_sent < 2 * rowsOfBlock * 48 + 1'000);
        // What the file has and the store has not, stays; and the end goes on.
        const UtcTime end = sampleStart + count * 1min;
        store(Timeframe::M1, end, 5);
        store(Timeframe::M1, end + 100min, 1);
        QCOMPARE(push().files.at(0).file.added, 6);
        compareWithLocal();
        QVERIFY(m_writer->removeBefore(sampleStart + 60min));
        store(Timeframe::M1, sampleStart + 200min, 1, {}, "9.99");
        const PushReport last = push();
        QCOMPARE(last.files.at(0).file.replaced, 1);
        QCOMPARE(last.files.at(0).file.rows, count + 6);
    }

    // Over there, too, the exchange's own mark candle takes the place of a row that was made of samples.
    void theExchangesOwnMarkCandlesWinOverThere()
    {
        const auto opens = [&] {
            const auto file =
                loadFile(m_dir->filePath(QStringLiteral("pushed/binance/futures/BTC_USDT_USDT-1h-mark.feather")));
            return feather::Reader().read(file->bytes).value().columns[1].doubles;
        };
        QVERIFY(m_writer->write({ownMarks(sampleStart - 2h, 2)}));
        storeMarks(); // four whole hours
        QVERIFY(push().isGood());
        QCOMPARE(opens(), (std::vector<double>{1000, 1001, 100, 160, 220, 280}));
        QVERIFY(m_writer->write({ownMarks(sampleStart + 1h, 3)})); // and the one before them is late
        QVERIFY(push().isGood());
        QCOMPARE(opens(), (std::vector<double>{1000, 1001, 100, 1000, 1001, 1002}));
        QVERIFY(m_writer->write({ownMarks(sampleStart + 4h, 6)}));
        QVERIFY(push().isGood());
        QVERIFY(m_writer->write({ownMarks(sampleStart, 1), ownMarks(sampleStart + 10h, 1)}));
        QCOMPARE(push().files.at(0).file.replaced, 1);
        QCOMPARE(opens()[2], 1000.0);
        compareWithLocal();
    }

    // What cannot be is told by the collector that left it out, and by the feeder that found it in its file.
    void rowsThatCannotBe()
    {
        store(Timeframe::M3, sampleStart, 50);
        store(Timeframe::M1, sampleStart, 50);
        auto bad = candles(Timeframe::M1, sampleStart + 50min, 1);
        bad.front().high = dec("1");
        QVERIFY(m_writer->write({batch(series(Timeframe::M1), bad)}));
        PushReport report = push();
        QVERIFY(!report.isGood());
        const auto of = [&](const char *timeframe) {
            for (const SyncReport::Row &row : report.files) {
                if (row.file.name.contains(QLatin1StringView(timeframe)))
                    return row.file;
            }
            return FileReport{};
        };
        QCOMPARE(of("-1m-").left_out, 1);
        QVERIFY2(of("-1m-").note.contains(isoText(sampleStart + 50min)), qPrintable(of("-1m-").note));
        QCOMPARE(of("-1m-").rows, 50);
        const QString name = m_dir->filePath(QStringLiteral("pushed/binance/futures/BTC_USDT_USDT-3m-futures.feather"));
        feather::Table table = feather::Reader().read(loadFile(name)->bytes).value();
        table.columns[3].doubles[7] = 1e9;
        QFile file(name);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(feather::Writer().write(table).value());
        file.close();
        report = push();
        QCOMPARE(of("-3m-").replaced, 1);
        QVERIFY2(of("-3m-").note.contains(QStringLiteral("1 row cannot be")), qPrintable(of("-3m-").note));
        QVERIFY(m_writer->write(
            {batch(series(Timeframe::M1), candles(Timeframe::M1, sampleStart, 60, CandleSource::Repair))}));
        report = push();
        QVERIFY(report.isGood());
        compareWithLocal();
    }

    void filesThatOthersTouch()
    {
        store(Timeframe::M3, sampleStart, 50);
        store(Timeframe::M3, sampleStart, 50, QStringLiteral("ETH/USDT:USDT"));
        PushReport report = push();
        m_known = digestOf(report.receipts);
        const QString btc = m_dir->filePath(QStringLiteral("pushed/binance/futures/BTC_USDT_USDT-3m-futures.feather"));
        QFile file(btc);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        file.close();
        // Somebody wrote it anew with less, and it is compared with everything.
        QVERIFY(QFile::remove(btc));
        store(Timeframe::M3, sampleStart + 50 * 3min, 1, QStringLiteral("ETH/USDT:USDT"));
        report = push();
        QVERIFY(report.isGood());
        QCOMPARE(report.files.size(), size_t(2));
        QVERIFY(report.all_receipts);
        QCOMPARE(report.receipts.size(), size_t(2));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), bytes);
        file.close();
        // Damaged, and settled: aside with it, and written anew.
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("no feather") == 10);
        file.close();
        const timespec old[2]{{1'000'000, 0}, {1'000'000, 0}};
        QCOMPARE(::utimensat(AT_FDCWD, QFile::encodeName(btc).constData(), old, 0), 0);
        store(Timeframe::M3, sampleStart + 51 * 3min, 1, QStringLiteral("ETH/USDT:USDT"));
        report = push();
        QCOMPARE(report.files.size(), size_t(2));
        QVERIFY(report.files[0].file.state == FileState::Rebuilt);
        QVERIFY(!report.isGood());
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), bytes);
    }

    void whatTheFeederRefuses_data()
    {
        QTest::addColumn<QByteArray>("words");
        QTest::addColumn<QString>("told");
        const auto begin = [](quint32 plans, quint32 protocol = pushProtocol) {
            return pushFrame(PushBegin{.protocol = protocol,
                                       .version = QStringLiteral("0.0.9"),
                                       .now = sampleStart,
                                       .interval = 3min,
                                       .freqtrade = QStringLiteral("auto"),
                                       .plans = plans});
        };
        const auto plan = [](const char *exchange) {
            return FilePlan{
                {QLatin1StringView(exchange), QStringLiteral("BTC/USDT:USDT"), Content::Candles, Timeframe::M3},
                sampleStart,
                sampleStart};
        };
        const QByteArray one = pushFrame(PushPlans{{plan("binance-usdm")}});
        const QString step = QStringLiteral("out of step");
        QTest::newRow("another protocol") << begin(0, pushProtocol + 1) << QStringLiteral("0.0.9");
        QTest::newRow("no frame") << QByteArray("what?!") << step;
        QTest::newRow("rows first") << pushFrame(PushRows{.id = 1}) << step;
        QTest::newRow("more plans") << begin(1) + pushFrame(PushPlans{{plan("a"), plan("a")}}) << step;
        QTest::newRow("no plans") << begin(1) + pushFrame(PushPlans{}) << step;
        QTest::newRow("not sorted") << begin(2) + pushFrame(PushPlans{{plan("b"), plan("a")}})
                                    << QStringLiteral("sorted");
        QTest::newRow("other rows") << begin(1) + one + pushFrame(PushRows{.id = 9, .last = true}) << step;
        QTest::newRow("no such rows") << begin(1) + one + pushFrame(PushNoRows{9, {}}) << step;
        PushRows page{.id = 1};
        page.rows.add(toMs(sampleStart), {1, 1, 1, 1, 1});
        QTest::newRow("rows again") << begin(1) + one + pushFrame(page) + pushFrame(page) << step;
        QTest::newRow("cut in a frame") << begin(1) + one.chopped(1) << QStringLiteral("gone");
        QTest::newRow("cut in the rows") << begin(1) + one + pushFrame(page) << QStringLiteral("gone");
        QTest::newRow("nothing") << QByteArray() << QStringLiteral("gone");
    }
    void whatTheFeederRefuses()
    {
        QFETCH(QByteArray, words);
        QFETCH(QString, told);
        const QString datadir = m_dir->filePath(QStringLiteral("pushed"));
        Feeder feeder(datadir);
        feeder.say(words);
        feeder.end();
        QVERIFY(!*feeder.result);
        QVERIFY2(feeder.result->error().message.contains(told), qPrintable(feeder.result->error().message));
        QStringList left = filesBelow(datadir);
        left.removeOne(QStringLiteral("binance/futures/.tapekeeper-sync.lock"));
        left.removeOne(QStringLiteral("a/futures/.tapekeeper-sync.lock"));
        QCOMPARE(left, QStringList());
    }

    void aCollectorThatFallsSilentIsGivenUp()
    {
        Feeder feeder(m_dir->filePath(QStringLiteral("pushed")), 50ms);
        QVERIFY(!feeder.hear().isEmpty()); // the greeting
        while (!feeder.hear().isEmpty()) {
        }
        feeder.end();
        QVERIFY(!*feeder.result);
        QVERIFY(feeder.result->error().message.contains(QStringLiteral("not a word")));
    }

    void whatTheCollectorRefuses_data()
    {
        QTest::addColumn<QByteArray>("words");
        QTest::addColumn<QString>("told");
        const QByteArray hello = helloLine(version);
        const QString step = QStringLiteral("out of step");
        QTest::newRow("another protocol")
            << QByteArray("TAPEKEEPER-PUSH %1 9.9.9\n").replace("%1", QByteArray::number(pushProtocol + 1))
            << QStringLiteral("9.9.9");
        QTest::newRow("what was not offered") << hello + pushFrame(PushWant{.plan = 1}) << step;
        QTest::newRow("too much at once")
            << hello + pushFrame(PushWant{.from = sampleStart}).repeated(qsizetype(mostWants) + 1) << step;
        const PushWant blocks{.from = sampleStart, .have = {{5, QByteArray(16, 'x')}}};
        QTest::newRow("two files at once") << hello + pushFrame(blocks) + pushFrame(blocks) << step;
        QTest::newRow("our own words") << hello + pushFrame(PushRows{}) << step;
        QTest::newRow("after the end") << hello + pushFrame(PushDone{}) + pushFrame(PushDone{}) << step;
        QTest::newRow("too many files") << hello + pushFrame(PushDone{.unchanged = 2}) << step;
        QTest::newRow("a refusal") << hello + pushFrame(PushFail{{Error::Kind::Storage, QStringLiteral("no room")}})
                                   << QStringLiteral("no room");
        QTest::newRow("no frame") << hello + "hello again" << step;
    }
    void whatTheCollectorRefuses()
    {
        QFETCH(QByteArray, words);
        QFETCH(QString, told);
        store(Timeframe::M3, sampleStart, 10);
        PushSender sender(options(), *m_reader, m_stop);
        QVERIFY(!sender.hasMore());
        const qsizetype end = words.indexOf('\n', 1) + 1; // the greeting begins with one, too
        Status status = sender.receive(QByteArrayView(words).first(end));
        if (status) {
            QVERIFY(sender.hasMore() && sender.next()); // it has introduced itself
            status = sender.receive(QByteArrayView(words).sliced(end));
        }
        QVERIFY(!status);
        QVERIFY2(status.error().message.contains(told), qPrintable(status.error().message));
    }

    void troubleOverThereIsTold()
    {
        store(Timeframe::M3, sampleStart, 10);
        const auto nowhere = tryPush(m_dir->filePath(QStringLiteral("nowhere")));
        QVERIFY(!nowhere && nowhere.error().kind == Error::Kind::Storage);
        QVERIFY2(nowhere.error().message.contains(QStringLiteral("nowhere")), qPrintable(nowhere.error().message));
        const QString folder = m_dir->filePath(QStringLiteral("pushed/binance/futures"));
        QVERIFY(QDir().mkpath(folder));
        const auto lock = FolderLock::acquire(folder, 0ms, m_stop);
        QVERIFY(lock);
        const auto locked = tryPush(m_dir->filePath(QStringLiteral("pushed")));
        QVERIFY(!locked && locked.error().message.contains(QStringLiteral(".tapekeeper-sync.lock")));
    }

    // In the middle of everything: the files are as they were, or whole, and the next push goes on.
    void theCollectorVanishes()
    {
        for (int i = 0; i < 100; ++i)
            store(Timeframe::M3, sampleStart, 20, QStringLiteral("P%1/USDT:USDT").arg(i));
        const QString datadir = m_dir->filePath(QStringLiteral("pushed"));
        for (const int answers : {0, 1, 30, 80}) { // of 100: every time more than there is written at once
            Feeder feeder(datadir);
            PushSender sender(options(), *m_reader, m_stop);
            int said = 0;
            while (said < answers + 1) {
                if (sender.hasMore()) {
                    feeder.say(*sender.next());
                    ++said;
                } else {
                    QVERIFY(!sender.isDone());
                    QVERIFY(sender.receive(feeder.hear()));
                }
            }
            feeder.end();
            QVERIFY(!*feeder.result);
            QVERIFY(feeder.result->error().message.contains(QStringLiteral("gone")));
            for (const QString &name : filesBelow(datadir)) {
                QVERIFY2(!isPartName(name.section(u'/', -1)), qPrintable(name));
                if (name.endsWith(QLatin1String(".feather")))
                    QVERIFY(feather::Reader().read(loadFile(datadir + u'/' + name)->bytes));
            }
        }
        QVERIFY(push().isGood());
        compareWithLocal();
    }

private:
    template <typename Message>
    void check(const Message &message)
    {
        const QByteArray bytes = pushFrame(message);
        FrameReader reader;
        reader.feed(bytes);
        const auto frame = reader.next().value();
        QVERIFY(frame && frame->kind == Message::kind);
        const auto back = readPush<Message>(*frame);
        QVERIFY(back);
        QCOMPARE(pushFrame(*back), bytes);
        for (qsizetype length = 0; length < frame->payload.size(); ++length)
            QVERIFY2(!readPush<Message>({frame->kind, frame->payload.first(length)}),
                     qPrintable(QStringLiteral("%1 of %2").arg(length).arg(frame->payload.size())));
        QVERIFY(!readPush<Message>({frame->kind, frame->payload + 'x'}));
        QVERIFY(!readPush<Message>({FrameKind('?'), frame->payload}));
    }

    PushSender::Options options() const
    {
        return {.settings = m_settings,
                .full = m_full,
                .version = QStringLiteral("3.2.1"),
                .known = m_known,
                .now = [this] { return m_now; }};
    }

    Result<PushReport> tryPush(const QString &datadir)
    {
        Feeder feeder(datadir);
        PushSender sender(options(), *m_reader, m_stop);
        m_sent = 0;
        while (!sender.isDone()) {
            if (sender.hasMore()) {
                const auto bytes = sender.next();
                if (!bytes)
                    return bytes.error();
                m_sent += bytes->size();
                feeder.say(*bytes);
                continue;
            }
            const QByteArray heard = feeder.hear();
            if (heard.isEmpty())
                return Error{Error::Kind::Network, QStringLiteral("the feeder has gone")};
            if (const Status understood = sender.receive(heard); !understood)
                return understood.error();
        }
        feeder.end();
        return *feeder.result ? Result<PushReport>(sender.report()) : feeder.result->error();
    }
    PushReport push()
    {
        auto report = tryPush(m_dir->filePath(QStringLiteral("pushed")));
        if (!report)
            qWarning("%s", qPrintable(report.error().message));
        return report ? *report : PushReport{.stopped = true};
    }

    static QStringList filesBelow(const QString &folder)
    {
        QStringList names;
        QDirIterator files(folder, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
        while (files.hasNext())
            names.append(QDir(folder).relativeFilePath(files.next()));
        names.sort();
        return names;
    }

    // Byte for byte.
    void compareWithLocal()
    {
        const auto report = SyncRun(
                                {.settings = m_settings, .full = true}, *m_reader, [this] { return m_now; }, m_stop,
                                [](qint64, qint64, const QString &) {})
                                .run();
        QVERIFY(report && report->isGood());
        int compared = 0;
        const QString pushed = m_dir->filePath(QStringLiteral("pushed"));
        QCOMPARE(filesBelow(pushed), filesBelow(m_settings.datadir));
        for (const QString &name : filesBelow(pushed)) {
            if (!name.endsWith(QLatin1String(".feather")))
                continue;
            QVERIFY2(loadFile(pushed + u'/' + name)->bytes == loadFile(m_settings.datadir + u'/' + name)->bytes,
                     qPrintable(name));
            ++compared;
        }
        QCOMPARE(compared, int(report->files.size()));
    }

    void store(Timeframe timeframe, UtcTime from, int count, const QString &pair = {}, const char *close = nullptr)
    {
        auto some = candles(timeframe, from, count);
        for (Candle &one : some) {
            if (close)
                one = candle(one.open_time, close, one.source);
        }
        const SeriesKey key = pair.isEmpty() ? series(timeframe) : series(timeframe, pair);
        QVERIFY(m_writer->write({batch(key, std::move(some))}));
    }
    void storeMarks()
    {
        RecordBatch records;
        for (int i = 0; i < 300; ++i)
            records.marks.push_back({.exchange = QStringLiteral("binance-usdm"),
                                     .pair = series().pair,
                                     .time = sampleStart + i * 1min,
                                     .price = dec(std::to_string(100 + i)),
                                     .index_price = dec("1")});
        QVERIFY(m_writer->write({records}));
    }
    void storeFunding()
    {
        RecordBatch records;
        for (int i = 0; i < 30; ++i)
            records.funding.push_back({.exchange = QStringLiteral("binance-usdm"),
                                       .pair = series().pair,
                                       .time = candleOpen(Timeframe::H8, sampleStart) + i * 8h,
                                       .rate = dec("0.0001"),
                                       .predicted_rate = {}});
        QVERIFY(m_writer->write({records}));
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
    config::SyncSettings m_settings;
    UtcTime m_now{};
    std::atomic<bool> m_stop{false};
    bool m_full = false;
    QByteArray m_known;
    qint64 m_sent = 0;
};

TK_TEST(PushTest, push);
#include "tst_push.moc"
