// Which connection carries which streams. Most tests let no connection begin; those that need one that is open find a
// small loopback server.
#include "feed/slot_pool.h"

#include "feed_samples.h"
#include "net/http_server.h"
#include "net/websocket_codec.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QTcpSocket>

#include <algorithm>

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

class Host final : public Slot::Host
{
public:
    explicit Host(const StreamTable &table)
        : m_table(table)
    {}
    const StreamEntry &stream(StreamId id) const override { return m_table.at(id); }
    void slotFrame(Slot &, Connection &, std::string_view) override {}
    void slotSubscribed(const std::vector<StreamId> &) override {}
    void slotDown(Slot &slot, const QString &cause) override { downs.append(slot.label() + u' ' + cause); }
    void slotAttempt(const QString &, bool) override {}
    milliseconds takeAttempt() override { return mustWait; }
    QByteArray canaryFor(const QByteArray &) const override { return {}; }

    milliseconds mustWait = 1h;
    QStringList downs;

private:
    const StreamTable &m_table;
};

} // namespace

class SlotPoolTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_settings = {};
        m_table = std::make_unique<StreamTable>(StreamTable::Thresholds{}, exchange::CandleFacts{});
        m_host = std::make_unique<Host>(*m_table);
        m_pool = makePool();
    }
    void cleanup()
    {
        m_pool.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }

    // Where there is room on the same route, else on a connection of their own.
    void streamsGoWhereThereIsRoom()
    {
        const std::vector<StreamId> most = add(m_capacity - 1);
        m_pool->place(most);
        QCOMPARE(m_pool->patients().size(), size_t(1));
        QVERIFY(m_pool->patients()[0].streams == most);
        m_pool->place(add(1));
        QCOMPARE(m_pool->patients().size(), size_t(1)); // now it is full
        const std::vector<StreamId> last = add(1);
        m_pool->place(last);
        QCOMPARE(m_pool->patients().size(), size_t(2));
        QVERIFY(m_pool->patients()[1].streams == last);
        QCOMPARE(m_pool->rows(m_clock.now())[1].label, QStringLiteral("market#2"));
    }

    void aConnectionWithoutStreamsGoes()
    {
        const std::vector<StreamId> both = add(2);
        m_pool->place(both);
        m_pool->remove(both[0]);
        m_pool->dropEmpty();
        QCOMPARE(m_pool->patients().size(), size_t(1));
        m_pool->remove(both[1]);
        QCOMPARE(m_pool->patients().size(), size_t(1)); // not before it is said
        m_pool->dropEmpty();
        QVERIFY(m_pool->isEmpty());
    }

    void anOperatorsPairGetsAFreshConnection()
    {
        const std::vector<StreamId> three = add(3);
        m_pool->place(three);
        m_pool->resubscribe(m_table->at(three[1]).spec.key.pair);
        QCOMPARE(m_pool->patients().size(), size_t(2));
        QVERIFY((m_pool->patients()[0].streams == std::vector{three[0], three[2]}));
        QVERIFY(m_pool->patients()[1].streams == std::vector{three[1]});
        m_table->at(three[0]).state = StreamState::Stale; // without a pair: all that is sick
        m_pool->resubscribe({});
        QCOMPARE(m_pool->patients().size(), size_t(3));
        QVERIFY(m_pool->patients()[2].streams == std::vector{three[0]});
    }

    // Healing makes fresh connections, up to twice the plan and eight; then it uses those that are open.
    void theNumberOfConnectionsIsBounded()
    {
        const std::vector<StreamId> many = add(12);
        m_pool->place(many);
        for (size_t i = 0; i < 11; ++i)
            moveAway({many[i]});
        QCOMPARE(m_pool->patients().size(), size_t(10));           // one planned
        QCOMPARE(m_pool->patients()[0].streams.size(), size_t(3)); // none of the others is open: asked again later
    }

    void theSmallestOpenOneTakesThem()
    {
        net::HttpServer server([](const net::HttpRequest &, const QHostAddress &, const auto &reply) {
            reply(net::HttpResponse{.status = 404});
        });
        std::vector<std::unique_ptr<QTcpSocket>> peers;
        server.setUpgrade(
            [&](const net::HttpRequest &request, std::unique_ptr<QTcpSocket> &socket, const QByteArray &) {
                socket->write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: " +
                              net::acceptKey(request.headers.value("sec-websocket-key")) + "\r\n\r\n");
                peers.push_back(std::move(socket));
                return true;
            });
        QVERIFY(server.listen(QHostAddress::LocalHost, 0));
        m_settings.ws_url = QUrl(QStringLiteral("ws://127.0.0.1:%1").arg(server.port()));
        m_host->mustWait = 0ms;
        const std::vector<StreamId> many = add(14);
        m_pool->place(many);
        moveAway({many[0], many[1]});
        for (size_t i = 2; i < 10; ++i)
            moveAway({many[i]});
        QCOMPARE(m_pool->patients().size(), size_t(10));
        QTRY_VERIFY(allAreUp());
        moveAway({many[10]});
        QCOMPARE(m_pool->patients().size(), size_t(10));
        QVERIFY((m_pool->patients()[2].streams == std::vector{many[2], many[10]})); // the first of the smallest
        QCOMPARE(m_pool->patients()[0].streams.size(), size_t(3));
        m_pool->replaceAll(QStringLiteral("all of them"));
        QCOMPARE(m_host->downs.size(), 10);
        QVERIFY(m_host->downs[0].endsWith(QStringLiteral("#1 all of them")));
        m_pool.reset(); // before the server
    }

    // Each cure on the connection that it names, whatever the ones before have added.
    void curesGoToTheirConnections()
    {
        const std::vector<StreamId> first = add(m_capacity);
        const std::vector<StreamId> second = add(2);
        m_pool->place(first);
        m_pool->place(second);
        m_pool->apply({{.patient = 0, .kind = Cure::Kind::Move, .streams = {first[0]}, .cause = {}},
                       {.patient = 1, .kind = Cure::Kind::Move, .streams = second, .cause = {}}});
        const std::vector<Patient> after = m_pool->patients();
        QCOMPARE(after.size(), size_t(3)); // the second had nothing left, and went
        QCOMPARE(after[0].streams.size(), m_capacity - 1);
        QCOMPARE(after[1].streams, std::vector{first[0]});
        QCOMPARE(after[2].streams, second);
    }

    void aCanaryTicksOnTheSameRoute()
    {
        const std::vector<StreamId> one = add(1);
        const StreamEntry &entry = m_table->at(one[0]);
        QVERIFY(m_pool->canaryFor(entry.spec.route).isEmpty()); // no data of it yet
        m_table->at(one[0]).state = StreamState::Live;
        QCOMPARE(m_pool->canaryFor(entry.spec.route), entry.spec.wire_name);
        QVERIFY(m_pool->canaryFor("elsewhere").isEmpty());
        m_table->at(one[0]).removed = true;
        QVERIFY(m_pool->canaryFor(entry.spec.route).isEmpty());
    }

private:
    std::unique_ptr<SlotPool> makePool()
    {
        return std::make_unique<SlotPool>(SlotPool::Sources{m_settings, *m_adapter, m_clock, *m_table, *m_host});
    }
    std::vector<StreamId> add(size_t count) // of pairs of their own
    {
        std::vector<StreamId> added;
        for (size_t i = 0; i < count; ++i)
            added.push_back(m_table->add(spec(QStringLiteral("C%1").arg(m_table->size()), StreamKind::MarkPrice),
                                         m_clock.now(), m_clock.utcNow()));
        return added;
    }
    void moveAway(const std::vector<StreamId> &streams) // from the first connection
    {
        m_pool->apply(
            {{.patient = 0, .kind = Cure::Kind::Move, .streams = streams, .cause = QStringLiteral("a test")}});
    }
    bool allAreUp() const { return std::ranges::all_of(m_pool->patients(), &Patient::up); }

    ManualClock m_clock;
    FeedSettings m_settings;
    std::unique_ptr<exchange::ExchangeAdapter> m_adapter = exchange::binance::makeAdapter();
    const size_t m_capacity = size_t(m_adapter->connectionLimits().planned_streams);
    std::unique_ptr<StreamTable> m_table;
    std::unique_ptr<Host> m_host;
    std::unique_ptr<SlotPool> m_pool;
};

TK_TEST(SlotPoolTest, slot_pool);

#include "tst_slot_pool.moc"
