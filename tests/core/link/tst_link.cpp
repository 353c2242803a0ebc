#include "link/link_client.h"
#include "link/link_server.h"
#include "support/test_registry.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QLocalServer>
#include <QLocalSocket>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTemporaryDir>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace tk;
using namespace tk::link;
using namespace std::chrono_literals;

namespace {

class TestHandler final : public CommandHandler
{
public:
    void run(const QString &command, const QJsonObject &args, Reply reply) override
    {
        if (command == QLatin1String("echo")) {
            reply.progress({{QStringLiteral("done"), 1}});
            reply.finish(args);
            reply.finish(args); // dropped
        } else if (command == QLatin1String("fail")) {
            reply.fail(Error{Error::Kind::Refused, QStringLiteral("not today"), true});
        } else if (command == QLatin1String("keep")) {
            kept.push_back(reply);
        } else if (command == QLatin1String("large")) {
            reply.finish(QString(int(args[QLatin1String("size")].toInt()), u'x'));
        } // else dropped
    }
    std::vector<Reply> kept;
};

qint64 residentBytes()
{
    QFile file(QStringLiteral("/proc/self/statm"));
    return file.open(QIODevice::ReadOnly) ? file.readAll().split(' ').value(1).toLongLong() * ::sysconf(_SC_PAGESIZE)
                                          : 0;
}

} // namespace

class LinkTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_handler = std::make_unique<TestHandler>();
        start(LinkServer::fileIn(m_dir->path()), {});
    }
    void cleanup()
    {
        m_handler->kept.clear();
        m_server.reset();
    }

    // An engine that is asked to keep alive says a word every second; one that falls silent is known within three.
    void silenceOfTheEngineIsTold()
    {
        m_server.reset(); // a hand-made engine in its place, which can hold its tongue
        QLocalServer engine;
        const QString file = m_dir->filePath(QStringLiteral("hand.sock"));
        QVERIFY(engine.listen(file));
        LinkClient client;
        QSignalSpy silent(&client, &LinkClient::wentSilent);
        QSignalSpy heard(&client, &LinkClient::heardAgain);
        QSignalSpy connected(&client, &LinkClient::connected);
        client.connectTo(file);
        QTRY_VERIFY(engine.hasPendingConnections());
        QLocalSocket *socket = engine.nextPendingConnection();
        socket->write(encode(Message(Hello{protocolVersion, QStringLiteral("x"), 1})));
        QTRY_COMPARE(connected.size(), 1);
        QTRY_VERIFY(socket->canReadLine());
        const auto request = parseRequest(socket->readLine());
        QVERIFY(request);
        QCOMPARE(request->command, QStringLiteral("keep-alive"));
        socket->write(encode(Message(Answer{request->id, QJsonObject()})));
        QElapsedTimer since;
        since.start();
        QVERIFY(silent.wait(5'000));
        QVERIFY(since.elapsed() >= 2'500);
        QVERIFY(client.isSilent());
        socket->write(encode(Message(Alive{1})));
        QTRY_COMPARE(heard.size(), 1);
        QVERIFY(!client.isSilent());
    }

    void anEngineKeepsAlive()
    {
        m_server.reset();
        start(LinkServer::fileIn(m_dir->path()), {.aliveEvery = 20ms});
        LinkClient client;
        QSignalSpy connected(&client, &LinkClient::connected);
        QSignalSpy silent(&client, &LinkClient::wentSilent);
        client.connectTo(LinkServer::fileIn(m_dir->path()));
        QTRY_COMPARE(connected.size(), 1);
        client.request(QStringLiteral("keep"), {}); // a long job: only signs of life come
        QElapsedTimer since;
        since.start();
        QTRY_VERIFY_WITH_TIMEOUT(since.elapsed() > 3'500, 10'000);
        QCOMPARE(silent.size(), 0);
    }

    void theSocketIsTheOwnersAlone()
    {
        const auto permissions = QFileInfo(m_file).permissions();
        QVERIFY(!(permissions & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther)));
    }

    void asksAndHears()
    {
        LinkClient client;
        QSignalSpy connected(&client, &LinkClient::connected);
        QSignalSpy progressed(&client, &LinkClient::progressed);
        QSignalSpy finished(&client, &LinkClient::finished);
        QSignalSpy refused(&client, &LinkClient::refused);
        const QJsonObject args{{QStringLiteral("pair"), QStringLiteral("BTC/USDT:USDT ✓")}};
        client.connectTo(m_file);
        const qint64 first = client.request(QStringLiteral("echo"), args); // before the engine has said hello
        QVERIFY(finished.wait());
        QCOMPARE(connected.size(), 1);
        QCOMPARE(client.engine().pid, QCoreApplication::applicationPid());
        QCOMPARE(progressed.size(), 1);
        QCOMPARE(finished[0][0].toLongLong(), first);
        QCOMPARE(finished[0][1].toJsonValue().toObject(), args);
        const qint64 second = client.request(QStringLiteral("fail"));
        QVERIFY(refused.wait());
        QCOMPARE(refused[0][0].toLongLong(), second);
        QVERIFY(refused[0][1].value<Error>().retryable);
        client.request(QStringLiteral("unknown"));
        QVERIFY(refused.wait());
        QVERIFY(refused[1][1].value<Error>().message.contains(QStringLiteral("without an answer")));
        QCOMPARE(finished.size(), 1);
    }

    void watchesInBundles()
    {
        const auto value = [](int n) { return QJsonObject{{QStringLiteral("n"), n}}; };
        m_server->state().set(QStringLiteral("streams"), QStringLiteral("a"), value(1));
        LinkClient client;
        QSignalSpy snapshots(&client, &LinkClient::snapshot);
        QSignalSpy changes(&client, &LinkClient::changes);
        client.connectTo(m_file);
        client.watch();
        QVERIFY(snapshots.wait());
        QJsonObject mirror = snapshots[0][0].toJsonObject();
        QCOMPARE(mirror, m_server->state().snapshot());
        for (int n = 0; n < 1000; ++n)
            m_server->state().set(QStringLiteral("streams"), QStringLiteral("a"), value(n));
        m_server->state().set(QStringLiteral("gaps"), QStringLiteral("1"), value(7));
        QTRY_VERIFY([&] {
            while (!changes.isEmpty())
                apply(changes.takeFirst()[0].toJsonObject(), mirror);
            return mirror == m_server->state().snapshot();
        }());
    }

    void aSlowWatcherGetsASnapshotInstead()
    {
        start(m_file, {.changesBytes = 100'000, .changesEvery = 1ms});
        QLocalSocket slow; // reads only when told
        slow.setReadBufferSize(1000);
        slow.connectToServer(m_file);
        slow.write("{\"id\":1,\"command\":\"watch\"}\n");
        QTRY_COMPARE(m_server->connectionCount(), 1);
        const QString padding(50'000, u'x');
        for (int n = 0; n < 50; ++n) {
            m_server->state().set(QStringLiteral("t"), QStringLiteral("k"),
                                  {{QStringLiteral("n"), n}, {QStringLiteral("padding"), padding}});
            QTest::qWait(2);
        }
        slow.setReadBufferSize(0);
        QByteArray all;
        QTRY_VERIFY([&] {
            all += slow.readAll();
            return all.endsWith('\n') && all.contains("\"n\":49");
        }());
        QVERIFY(all.count("\"snapshot\"") >= 2);
        QVERIFY2(all.count('\n') < 45, "some changes were left out");
    }

    void whoNeverReadsIsDropped()
    {
        start(m_file, {.bufferedBytes = 500'000});
        QLocalSocket deaf;
        deaf.setReadBufferSize(1000);
        deaf.connectToServer(m_file);
        QTRY_COMPARE(m_server->connectionCount(), 1);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("does not read: dropped")));
        for (int n = 1; n <= 8; ++n)
            deaf.write("{\"id\":1,\"command\":\"large\",\"args\":{\"size\":200000}}\n");
        QTRY_COMPARE(m_server->connectionCount(), 0);
    }

    // Two hundred that only sit there keep nobody out.
    void idleClientsKeepNobodyOut()
    {
        start(m_file, {.connections = 8});
        std::vector<std::unique_ptr<QLocalSocket>> idle;
        for (int i = 0; i < 200; ++i) {
            idle.push_back(std::make_unique<QLocalSocket>());
            idle.back()->connectToServer(m_file);
        }
        LinkClient client;
        QSignalSpy finished(&client, &LinkClient::finished);
        client.connectTo(m_file);
        client.request(QStringLiteral("echo"));
        QVERIFY(finished.wait());
        QTRY_COMPARE(idle.front()->state(), QLocalSocket::UnconnectedState);
        QVERIFY(idle.front()->readAll().contains("no room")); // and is told why
        QVERIFY(m_server->connectionCount() <= 8);
        // Whoever watches stays, while there are others.
        QSignalSpy watching(&client, &LinkClient::snapshot);
        client.watch();
        QVERIFY(watching.wait());
        QSignalSpy lost(&client, &LinkClient::failed);
        for (int i = 0; i < 50; ++i) {
            idle.push_back(std::make_unique<QLocalSocket>());
            idle.back()->connectToServer(m_file);
        }
        client.request(QStringLiteral("echo"));
        QTRY_COMPARE(finished.size(), 2);
        QCOMPARE(lost.size(), 0);
    }

    void whoTakesNothingIsDroppedInTime()
    {
        start(m_file, {.stalledAfter = 50ms, .changesEvery = 1ms});
        QLocalSocket dead;
        dead.setReadBufferSize(1000);
        dead.connectToServer(m_file);
        QVERIFY(dead.waitForConnected());
        dead.write("{\"id\":1,\"command\":\"large\",\"args\":{\"size\":3000000}}\n");
        QTRY_COMPARE(m_server->connectionCount(), 1);
        QTRY_COMPARE(m_server->connectionCount(), 0);
    }

    void allTogetherAreBounded()
    {
        start(m_file, {.allBufferedBytes = 8'000'000});
        std::vector<std::unique_ptr<QLocalSocket>> dead;
        for (int i = 0; i < 6; ++i) {
            dead.push_back(std::make_unique<QLocalSocket>());
            dead.back()->setReadBufferSize(1000);
            dead.back()->connectToServer(m_file);
            QVERIFY(dead.back()->waitForConnected());
            dead.back()->write("{\"id\":1,\"command\":\"large\",\"args\":{\"size\":3000000}}\n");
        }
        QTRY_COMPARE(m_server->connectionCount(), 2); // the others would have kept what nobody reads
    }

    // Twenty that ask for a lot and never read: 38 MB became 210, and stayed so.
    void memoryComesBackWhenTheDeafAreGone()
    {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        QSKIP("a sanitizer keeps what was freed");
#endif
        constexpr qint64 bound = qint64(64) << 20; // of what waits, as engines have it
        start(m_file, {.stalledAfter = 500ms, .changesEvery = 1ms});
        LinkClient client;
        QSignalSpy finished(&client, &LinkClient::finished);
        client.connectTo(m_file);
        client.request(QStringLiteral("large"), {{QStringLiteral("size"), 3'000'000}});
        QVERIFY(finished.wait());
        const qint64 before = residentBytes();
        std::vector<std::unique_ptr<QLocalSocket>> deaf;
        for (int i = 0; i < 20; ++i) {
            deaf.push_back(std::make_unique<QLocalSocket>());
            deaf.back()->setReadBufferSize(1000);
            deaf.back()->connectToServer(m_file);
            QVERIFY(deaf.back()->waitForConnected());
            for (int n = 1; n <= 5; ++n) // 300 MB in all
                deaf.back()->write("{\"id\":1,\"command\":\"large\",\"args\":{\"size\":3000000}}\n");
        }
        qint64 most = before;
        QTRY_VERIFY_WITH_TIMEOUT((most = std::max(most, residentBytes())) > 0 && m_server->connectionCount() == 1,
                                 20'000);
        // While one answer is written, and another made of it.
        QVERIFY2(most - before < bound * 3 / 2, qPrintable(QString::number((most - before) >> 20)));
        deaf.clear();
        QTRY_VERIFY2_WITH_TIMEOUT(residentBytes() - before < (qint64(8) << 20),
                                  qPrintable(QStringLiteral("%1 MB stay").arg((residentBytes() - before) >> 20)),
                                  10'000);
        client.request(QStringLiteral("echo"));
        QVERIFY(finished.wait()); // who reads was never dropped
    }

    // Without a descriptor left the socket stays, and whoever waits is heard as soon as there is one again.
    void survivesAShortageOfDescriptors()
    {
        rlimit before{};
        QCOMPARE(::getrlimit(RLIMIT_NOFILE, &before), 0);
        QLocalSocket waiting;
        waiting.connectToServer(m_file); // the kernel takes it, and nobody here has yet
        const int next = ::dup(0);       // the lowest number that is free
        ::close(next);
        rlimit none = before;
        none.rlim_cur = rlim_t(next);
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &none), 0);
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("local clients have to wait")));
        QTest::ignoreMessage(QtInfoMsg, "local clients are heard again");
        for (int turn = 0; turn < 20; ++turn)
            QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 20);
        const int early = m_server->connectionCount();
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &before), 0);
        QCOMPARE(early, 0);
        QVERIFY(QFile::exists(m_file));
        QTRY_COMPARE(m_server->connectionCount(), 1);
        QByteArray heard;
        QTRY_VERIFY((heard += waiting.readAll()).contains("tapekeeper"));
    }

    void whatIsNoSocketIsNotReplaced()
    {
        const QString file = m_dir->filePath(QStringLiteral("precious"));
        QFile precious(file);
        QVERIFY(precious.open(QIODevice::WriteOnly));
        LinkServer server(*m_handler);
        QVERIFY(!server.listen(file));
        QVERIFY(QFile::exists(file));
    }

    void malformedInputIsAnsweredAndClosed_data()
    {
        QTest::addColumn<QByteArray>("input");
        QTest::newRow("words") << QByteArray("hello\n");
        QTest::newRow("http") << QByteArray("GET / HTTP/1.1\r\n\r\n");
        QTest::newRow("endless") << QByteArray(2 << 20, 'x');
    }
    void malformedInputIsAnsweredAndClosed()
    {
        QFETCH(QByteArray, input);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("is sent away")));
        QLocalSocket socket;
        QSignalSpy gone(&socket, &QLocalSocket::disconnected);
        socket.connectToServer(m_file);
        socket.write(input);
        QVERIFY(gone.wait());
        if (input.size() < 1000) { // who is still writing at the end may lose the answer
            const QByteArray answer = socket.readAll();
            QVERIFY(answer.contains("\"tapekeeper\":1"));
            QVERIFY2(answer.contains("\"kind\":\"parse\""), answer.constData());
        }
        QTRY_COMPARE(m_server->connectionCount(), 0);
    }

    void openRequestsAreBounded()
    {
        start(m_file, {.openRequests = 2});
        LinkClient client;
        QSignalSpy refused(&client, &LinkClient::refused);
        QSignalSpy finished(&client, &LinkClient::finished);
        client.connectTo(m_file);
        for (int i = 0; i < 3; ++i)
            client.request(QStringLiteral("keep"));
        QVERIFY(refused.wait());
        QCOMPARE(refused[0][0].toLongLong(), 3);
        QVERIFY(m_handler->kept[0].isWanted());
        m_handler->kept[0].finish(1);
        QVERIFY(finished.wait());
        QVERIFY(!m_handler->kept[0].isWanted());
    }

    void theEngineGoesAway()
    {
        LinkClient client;
        QSignalSpy connected(&client, &LinkClient::connected);
        QSignalSpy failed(&client, &LinkClient::failed);
        QSignalSpy refused(&client, &LinkClient::refused);
        client.connectTo(m_file);
        QVERIFY(connected.wait());
        const qint64 id = client.request(QStringLiteral("keep"));
        QTRY_COMPARE(m_handler->kept.size(), size_t(1));
        m_server.reset();
        QVERIFY(failed.wait());
        QCOMPARE(failed.size(), 1);
        QCOMPARE(refused.size(), 1);
        QCOMPARE(refused[0][0].toLongLong(), id);
        QVERIFY(!client.isConnected());
        QVERIFY(!m_handler->kept[0].isWanted());
        m_handler->kept[0].finish(1); // leads nowhere, harms nobody
        QVERIFY(!QFile::exists(m_file));
    }

    void theClientGoesAway()
    {
        auto client = std::make_unique<LinkClient>();
        client->connectTo(m_file);
        client->request(QStringLiteral("keep"));
        QTRY_COMPARE(m_handler->kept.size(), size_t(1));
        client.reset();
        QTRY_VERIFY(!m_handler->kept[0].isWanted());
        QTRY_COMPARE(m_server->connectionCount(), 0);
        m_handler->kept[0].progress({});
    }

    void nobodyListens()
    {
        LinkClient client;
        QSignalSpy failed(&client, &LinkClient::failed);
        client.connectTo(m_dir->filePath(QStringLiteral("none.sock")));
        QVERIFY(failed.wait());
        QVERIFY(failed[0][0].value<Error>().message.contains(QStringLiteral("no engine listens")));
    }

    void nobodySaysHello()
    {
        QLocalServer mute;
        const QString file = m_dir->filePath(QStringLiteral("mute.sock"));
        QVERIFY(mute.listen(file));
        LinkClient client;
        QSignalSpy failed(&client, &LinkClient::failed);
        client.connectTo(file, 50ms);
        QVERIFY(failed.wait());
        QVERIFY(failed[0][0].value<Error>().kind == Error::Kind::Timeout);
    }

    void anotherVersion()
    {
        QLocalServer newer;
        const QString file = m_dir->filePath(QStringLiteral("newer.sock"));
        QVERIFY(newer.listen(file));
        connect(&newer, &QLocalServer::newConnection, &newer,
                [&] { newer.nextPendingConnection()->write("{\"tapekeeper\":2,\"version\":\"9.0\"}\n"); });
        LinkClient client;
        QSignalSpy failed(&client, &LinkClient::failed);
        client.connectTo(file);
        QVERIFY(failed.wait());
        QVERIFY(failed[0][0].value<Error>().message.contains(QStringLiteral("protocol 2")));
    }

    void longPathsWork()
    {
        const QString folder = m_dir->path() + u'/' + QString(120, u'd');
        QVERIFY(QDir().mkpath(folder));
        start(LinkServer::fileIn(folder), {});
        QVERIFY(QFile::exists(m_file));
        LinkClient client;
        QSignalSpy finished(&client, &LinkClient::finished);
        client.connectTo(m_file);
        client.request(QStringLiteral("echo"));
        QVERIFY(finished.wait());
        m_server.reset();
        QVERIFY(!QFile::exists(m_file));
    }

    void aStaleSocketIsReplaced()
    {
        const QString file = m_dir->filePath(QStringLiteral("stale.sock"));
        sockaddr_un address{}; // what a killed engine leaves: a name without a listener
        address.sun_family = AF_UNIX;
        qstrncpy(address.sun_path, QFile::encodeName(file).constData(), sizeof(address.sun_path));
        const int stale = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        QCOMPARE(::bind(stale, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
        ::close(stale);
        start(file, {});
        LinkClient client;
        QSignalSpy connected(&client, &LinkClient::connected);
        client.connectTo(file);
        QVERIFY(connected.wait());
    }

private:
    void start(const QString &file, LinkServer::Limits limits)
    {
        m_file = file;
        m_server.reset();
        m_server = std::make_unique<LinkServer>(*m_handler, limits);
        const Status listening = m_server->listen(file);
        QVERIFY2(listening, listening ? "" : qPrintable(listening.error().message));
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_file;
    std::unique_ptr<TestHandler> m_handler;
    std::unique_ptr<LinkServer> m_server;
};

TK_TEST(LinkTest, link);
#include "tst_link.moc"
