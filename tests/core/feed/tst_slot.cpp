// One slot against a small loopback server, on a clock that moves only when told to.
#include "feed_samples.h"

#include "feed/slot.h"
#include "net/http_server.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QRegularExpression>
#include <QTcpSocket>

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

int loudLines = 0;
int attemptLines = 0;

void countLines(QtMsgType type, const QMessageLogContext &, const QString &message)
{
    if (type == QtCriticalMsg && message.contains(QLatin1String("connection attempts in a row failed")))
        ++loudLines;
    if (message.contains(QRegularExpression(
            QStringLiteral("^🔄 Reconnect attempt \\d+ in \\d+\\.\\ds \\(binance-usdm market#1: .+\\)$"))))
        ++attemptLines;
}

class Server
{
public:
    struct Peer
    {
        std::unique_ptr<QTcpSocket> socket;
        net::WsReader reader{net::WsReader::Role::Server};
        QList<QByteArray> texts;
        QList<QByteArray> pongs;
        bool closed = false;

        void say(QByteArrayView text) { socket->write(net::encodeFrame(net::Opcode::Text, text, std::nullopt)); }
        void read()
        {
            reader.append(socket->readAll());
            while (true) {
                const auto next = reader.next();
                if (!next || !next->has_value())
                    return;
                const QByteArray payload((**next).payload.data(), qsizetype((**next).payload.size()));
                if ((**next).opcode == net::Opcode::Text)
                    texts.append(payload);
                else if ((**next).opcode == net::Opcode::Pong)
                    pongs.append(payload);
                else if ((**next).opcode == net::Opcode::Close)
                    closed = true;
            }
        }
    };

    Server()
        : m_http([this](const net::HttpRequest &, const QHostAddress &, const auto &reply) {
            ++refused;
            reply(net::HttpResponse{.status = refuseWith});
        })
    {
        m_http.setUpgrade(
            [this](const net::HttpRequest &request, std::unique_ptr<QTcpSocket> &socket, const QByteArray &) {
                if (refuseWith != 0)
                    return false;
                socket->write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: " +
                              net::acceptKey(request.headers.value("sec-websocket-key")) + "\r\n\r\n");
                auto peer = std::make_unique<Peer>();
                Peer *one = peer.get();
                peer->socket = std::move(socket);
                QObject::connect(one->socket.get(), &QTcpSocket::readyRead, one->socket.get(), [one] { one->read(); });
                QObject::connect(one->socket.get(), &QTcpSocket::disconnected, one->socket.get(),
                                 [one] { one->closed = true; });
                peers.push_back(std::move(peer));
                return true;
            });
        if (!m_http.listen(QHostAddress::LocalHost, 0))
            qFatal("no port");
    }
    QUrl url() const { return QUrl(QStringLiteral("ws://127.0.0.1:%1").arg(m_http.port())); }

    std::vector<std::unique_ptr<Peer>> peers;
    int refuseWith = 0;
    int refused = 0;

private:
    net::HttpServer m_http;
};

class Host final : public Slot::Host
{
public:
    explicit Host(const Clock &clock)
        : table(StreamTable::Thresholds{}, exchange::CandleFacts{.trade_counts = true})
        , m_clock(&clock)
    {}
    const StreamEntry &stream(StreamId id) const override { return table.at(id); }
    void slotFrame(Slot &slot, Connection &connection, std::string_view) override
    {
        ++frames;
        if (slot.isRotating())
            slot.successorDelivered(connection, 0);
        if (slot.awaitsData())
            slot.delivered(0);
        table.data(0, {.event = m_clock->utcNow()}, m_clock->now(), m_clock->utcNow());
    }
    void slotSubscribed(const std::vector<StreamId> &streams) override { subscribed += int(streams.size()); }
    void slotDown(Slot &, const QString &cause) override { causes.append(cause); }
    void slotAttempt(const QString &, bool success) override { ++(success ? successes : failures); }
    milliseconds takeAttempt() override { return mustWait; }
    QByteArray canaryFor(const QByteArray &) const override { return {}; }

    StreamTable table;
    int frames = 0;
    int subscribed = 0;
    int successes = 0;
    int failures = 0;
    milliseconds mustWait{0};
    QStringList causes;

private:
    const Clock *m_clock;
};

} // namespace

class SlotTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        loudLines = attemptLines = 0;
        m_handler = qInstallMessageHandler(countLines);
        m_clock = std::make_unique<ManualClock>();
        m_server = std::make_unique<Server>();
        m_adapter = exchange::binance::makeAdapter();
        m_host = std::make_unique<Host>(*m_clock);
        m_host->table.add(spec(QStringLiteral("BTC"), StreamKind::MarkPrice), m_clock->now(), m_clock->utcNow());
        SlotSettings settings;
        settings.exchange = QStringLiteral("binance-usdm");
        settings.route = "market";
        settings.url = m_server->url();
        settings.rotate_after = 1h;
        settings.transport_silence = 15s;
        m_slot = std::make_unique<Slot>(settings, *m_adapter, *m_clock, *m_host);
        m_slot->add({0});
        m_slot->connectNow();
        QTRY_VERIFY(m_slot->isUp());
    }
    void cleanup()
    {
        m_slot.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        m_server.reset();
        qInstallMessageHandler(m_handler);
    }

    void asksForItsStreams()
    {
        QTRY_COMPARE(peer().texts.size(), qsizetype(1));
        QVERIFY(peer().texts[0].contains("SUBSCRIBE") && peer().texts[0].contains("btcusdt@markPrice@1s"));
        QCOMPARE(m_host->subscribed, 1);
        say();
        QTRY_COMPARE(m_host->frames, 1);
    }

    void pingsAreAnswered()
    {
        peer().socket->write(net::encodeFrame(net::Opcode::Ping, "1795168800000", std::nullopt));
        QTRY_COMPARE(peer().pongs, QList<QByteArray>{"1795168800000"});
    }

    void backWithinASecondFirst()
    {
        peer().socket->abort();
        QTRY_COMPARE(m_host->causes.size(), 1);
        QVERIFY(!m_slot->isUp());
        QVERIFY(toMs(m_slot->downSince()) != 0);
        QCOMPARE(attemptLines, 1);
        m_clock->advance(1s);
        tick();
        QTRY_VERIFY(m_slot->isUp());
        QCOMPARE(m_host->successes, 0); // open, and no data yet: not back
        QVERIFY(m_slot->awaitsData());
        QVERIFY(toMs(m_slot->downSince()) != 0);
        QTRY_COMPARE(m_server->peers.size(), size_t(2));
        say(1);
        QTRY_COMPARE(m_host->successes, 1);
        QVERIFY(!m_slot->awaitsData());
        QCOMPARE(m_slot->reconnects(), quint64(1));
        QCOMPARE(toMs(m_slot->downSince()), qint64(0));
        QTRY_COMPARE(m_server->peers.back()->texts.size(), qsizetype(1)); // and asks again
    }

    void neverGivesUpAndIsLoudOnce()
    {
        m_server->refuseWith = 503;
        peer().socket->abort();
        QTRY_COMPARE(m_host->causes.size(), 1);
        for (int failure = 2; failure <= 12; ++failure) {
            m_clock->advance(failure <= 7 ? 1s * (1 << (failure - 2)) : 60s); // the ceiling of each wait
            tick();
            QTRY_COMPARE(m_host->causes.size(), failure);
            QCOMPARE(m_slot->failuresInRow(), failure);
        }
        QCOMPARE(m_server->refused, 11);
        QVERIFY(m_host->causes.last().contains(QLatin1String("503")));
        QCOMPARE(loudLines, 1);
        QCOMPARE(attemptLines, 12);
        QCOMPARE(m_host->failures, 11);

        // A handshake alone does not reset the backoff; a minute of good data does.
        m_server->refuseWith = 0;
        m_clock->advance(60s);
        tick();
        QTRY_VERIFY(m_slot->isUp());
        QVERIFY(alive());
        for (int second = 0; second < 60; second += 5) {
            QCOMPARE(m_slot->failuresInRow(), 12);
            m_clock->advance(5s);
            QVERIFY(alive());
            tick();
        }
        QCOMPARE(m_slot->failuresInRow(), 0);
        m_server->refuseWith = 503;
        m_server->peers.back()->socket->abort();
        QTRY_COMPARE(m_host->causes.size(), 13);
        QCOMPARE(m_slot->failuresInRow(), 1);
    }

    void halfOpenIsFound()
    {
        QVERIFY(alive());
        m_clock->advance(15s);
        tick();
        QVERIFY(m_slot->isUp());
        m_clock->advance(1s);
        tick();
        QVERIFY(!m_slot->isUp());
        QCOMPARE(m_host->causes, QStringList{QStringLiteral("no data for 16 s")});
    }

    void theLimitOfAttemptsIsKept()
    {
        m_host->mustWait = 30s;
        peer().socket->abort();
        QTRY_COMPARE(m_host->causes.size(), 1);
        m_clock->advance(1s);
        tick();
        QTest::qWait(50);
        QCOMPARE(m_server->peers.size(), size_t(1));
        m_host->mustWait = 0ms;
        m_clock->advance(29s);
        tick();
        QTest::qWait(50);
        QCOMPARE(m_server->peers.size(), size_t(1));
        m_clock->advance(1s);
        tick();
        QTRY_VERIFY(m_slot->isUp());
    }

    // The new connection delivers before the old one is closed.
    void rotationOverlaps()
    {
        QVERIFY(aliveUntil(1h - 5s));
        QCOMPARE(m_server->peers.size(), size_t(1));
        QVERIFY(aliveUntil(5s));
        QTRY_COMPARE(m_server->peers.size(), size_t(2));
        QVERIFY(m_slot->isRotating());
        QTRY_COMPARE(m_server->peers[1]->texts.size(), qsizetype(1)); // asked for on the new one
        QVERIFY(alive());                                             // the old one still delivers
        tick();
        QVERIFY(m_slot->isRotating());
        QVERIFY(!peer().closed);
        const int frames = m_host->frames;
        say(1);
        QTRY_COMPARE(m_host->frames, frames + 1);
        QTRY_VERIFY((tick(), !m_slot->isRotating()));
        QTRY_VERIFY(peer().closed);
        QVERIFY(m_slot->isUp());
        QVERIFY(m_host->causes.isEmpty()); // no moment without a connection
        QCOMPARE(m_slot->reconnects(), quint64(0));
        QVERIFY(m_slot->rotateAt() > m_clock->now() + 50min);
    }

    void rotationIsPutOffWhenTheNewOneIsSilent()
    {
        QVERIFY(aliveUntil(1h));
        QTRY_COMPARE(m_server->peers.size(), size_t(2));
        QVERIFY(aliveUntil(65s));
        QVERIFY(!m_slot->isRotating());
        QVERIFY(m_slot->isUp());
        QVERIFY(!peer().closed);
        QTRY_VERIFY(m_server->peers[1]->closed);
        QVERIFY(m_host->causes.isEmpty());
        QVERIFY(m_slot->rotateAt() > m_clock->now() && m_slot->rotateAt() < m_clock->now() + 5min);
    }

    // Cut in the middle of a rotation: the successor is there already.
    void cutWhileRotating()
    {
        QVERIFY(aliveUntil(1h));
        QTRY_COMPARE(m_server->peers.size(), size_t(2));
        QTRY_COMPARE(m_server->peers[1]->texts.size(), qsizetype(1));
        peer().socket->abort();
        QTRY_COMPARE(m_host->causes.size(), 1);
        QVERIFY(m_slot->isUp());
        QVERIFY(!m_slot->isRotating());
        QCOMPARE(m_server->peers.size(), size_t(2));
    }

    void stopIsForGood()
    {
        m_slot->stop();
        QTRY_VERIFY(peer().closed);
        m_clock->advance(10min);
        tick();
        QTest::qWait(50);
        QCOMPARE(m_server->peers.size(), size_t(1));
        QVERIFY(m_host->causes.isEmpty());
    }

private:
    Server::Peer &peer() { return *m_server->peers.front(); }
    void tick() { m_slot->tick(m_clock->now()); }
    void say(size_t index = 0) { m_server->peers[index]->say("{}"); }
    bool alive() // the current connection delivers
    {
        const int frames = m_host->frames;
        const size_t index = m_slot->isRotating() || m_server->peers.size() == 1 ? 0 : m_server->peers.size() - 1;
        say(m_host->causes.isEmpty() ? 0 : index);
        return QTest::qWaitFor([&] { return m_host->frames > frames; });
    }
    bool aliveUntil(milliseconds span)
    {
        for (milliseconds left = span; left > 0s; left -= 14s) {
            m_clock->advance(std::min<milliseconds>(left, 14s));
            if (!alive())
                return false;
            tick();
        }
        return true;
    }

    QtMessageHandler m_handler = nullptr;
    std::unique_ptr<ManualClock> m_clock;
    std::unique_ptr<Server> m_server;
    std::unique_ptr<exchange::ExchangeAdapter> m_adapter;
    std::unique_ptr<Host> m_host;
    std::unique_ptr<Slot> m_slot;
};

TK_TEST(SlotTest, slot);
#include "tst_slot.moc"
