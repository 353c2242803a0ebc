// The feed against the simulated exchange: what an acknowledged subscription is worth (faults F1 and F2), and rotation.
#include "feed_samples.h"

#include "feed/feed_service.h"
#include "support/exchange/simulator_thread.h"
#include "support/rig_clock.h"
#include "support/test_registry.h"
#include "support/wrapped_adapter.h"

#include <map>

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

// Binance's adapter, with mistakes built in.
class WrongAdapter final : public WrappedAdapter
{
public:
    WrongAdapter()
        : WrappedAdapter(exchange::binance::makeAdapter())
        , limits(real().connectionLimits())
    {}

    std::function<void(exchange::StreamSpec &)> spoil;
    exchange::ConnectionLimits limits;

    exchange::ConnectionLimits connectionLimits() const override { return limits; }
    Result<exchange::StreamSpec> streamFor(const exchange::Instrument &instrument, StreamKind kind,
                                           Timeframe timeframe) const override
    {
        auto spec = real().streamFor(instrument, kind, timeframe);
        if (spec && spoil)
            spoil(spec.value());
        return spec;
    }
};

const QStringList bases{QStringLiteral("BTC"), QStringLiteral("ETH"), QStringLiteral("SOL"), QStringLiteral("XRP")};

class Rig
{
public:
    Rig(double factor, std::unique_ptr<WrongAdapter> adapter)
        : m_clock(std::make_shared<RigClock>(factor))
        , m_sim(std::make_unique<sim::SimulatorThread>(sim::SimSettings{.pairs = 10}, m_clock))
    {
        FeedSettings settings;
        settings.ws_url = m_sim->wsUrl();
        settings.kinds = {StreamKind::Candles, StreamKind::MarkPrice, StreamKind::Trades};
        settings.timeframes = {Timeframe::M1};
        settings.wakeup_pause = 0us;
        service = std::make_unique<FeedService>(
            settings, std::move(adapter), m_clock,
            [this](RecordBatch &&batch) {
                for (const CandleBatch &series : batch.candles) {
                    for (const Candle &candle : series.candles)
                        ++finals[{series.series.pair, toMs(candle.open_time)}];
                }
                for (const TickPoint &tick : batch.ticks)
                    ticksWithoutPayload += tick.payload.isEmpty();
                ticks += int(batch.ticks.size());
                return true;
            },
            [] {});
        QObject::connect(service.get(), &FeedService::snapshotReady, service.get(),
                         [this](const std::shared_ptr<const FeedSnapshot> &snapshot) { shown = snapshot; });
        QObject::connect(service.get(), &FeedService::gapsOpened, service.get(), [this](const std::vector<Gap> &gaps) {
            // Every tick stream has one from its subscription to its first data; that is no trouble.
            gapsOpened += int(std::ranges::count_if(
                gaps, [](const Gap &gap) { return gap.cause != QLatin1String("collecting began"); }));
        });
    }
    ~Rig() { service->stop(); }

    void start()
    {
        if (!service->start())
            qFatal("no start");
        std::vector<exchange::Instrument> wanted;
        for (const QString &base : bases)
            wanted.push_back(instrument(base));
        service->setInstruments(wanted, {});
        started = m_clock->utcNow();
    }
    StreamState state(const QString &base, StreamKind kind) const
    {
        for (const StreamRow &row : shown ? shown->streams : std::vector<StreamRow>{}) {
            if (row.key.pair == base + QStringLiteral("/USDT:USDT") && row.key.kind == kind)
                return row.state;
        }
        return StreamState::Requested;
    }
    bool wait(const std::function<bool()> &condition) { return QTest::qWaitFor(condition, 60'000); }
    milliseconds age() const { return m_clock->utcNow() - started; }
    const Clock &clock() const { return *m_clock; }
    sim::SimulatorThread &exchange() { return *m_sim; }

    std::unique_ptr<FeedService> service;
    std::shared_ptr<const FeedSnapshot> shown;
    std::map<std::pair<QString, qint64>, int> finals;
    int ticks = 0;
    int ticksWithoutPayload = 0;
    int gapsOpened = 0;
    UtcTime started{};

private:
    std::shared_ptr<RigClock> m_clock;
    std::unique_ptr<sim::SimulatorThread> m_sim;
};

} // namespace

class FeedServiceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // F1 and F2: accepted, acknowledged, and never a frame. Only the first-data deadline finds it, by name.
    void acknowledgedIsNotDelivered()
    {
        auto adapter = std::make_unique<WrongAdapter>();
        adapter->spoil = [](exchange::StreamSpec &spec) {
            if (spec.wire_name == "ethusdt@markPrice@1s")
                spec.route = "public";
            if (spec.wire_name == "solusdt@markPrice@1s")
                spec.wire_name = "SOLUSDT@markPrice@1s";
        };
        Rig rig(10, std::move(adapter));
        rig.start();
        QVERIFY(rig.wait([&] { return rig.state(bases[1], StreamKind::MarkPrice) == StreamState::Acknowledged; }));
        QVERIFY(rig.wait([&] {
            return rig.state(bases[1], StreamKind::MarkPrice) == StreamState::Silent &&
                   rig.state(bases[2], StreamKind::MarkPrice) == StreamState::Silent;
        }));
        QVERIFY2(rig.age() < 20s,
                 qPrintable(ageText(rig.age()))); // 8 s by contract, judged and told once a second each
        QVERIFY(rig.wait([&] { return rig.state(bases[0], StreamKind::MarkPrice) == StreamState::Live; }));
        QCOMPARE(rig.state(bases[3], StreamKind::MarkPrice), StreamState::Live);
        QCOMPARE(rig.shown->count(StreamState::Silent), 2);
        QCOMPARE(rig.gapsOpened, 2);
        QCOMPARE(rig.exchange().stats().ruleViolations, quint64(0));
    }

    // Planned rotation, twice and more: no final candle is lost or told twice, and no stream is ever without data.
    void rotationLosesNothing()
    {
        auto adapter = std::make_unique<WrongAdapter>();
        adapter->limits.rotate_after = 3min; // less up to a twentieth of jitter, by the service
        Rig rig(60, std::move(adapter));
        rig.start();
        QVERIFY(rig.wait([&] { return rig.state(bases[0], StreamKind::MarkPrice) == StreamState::Live; }));
        const quint64 opened = rig.exchange().stats().connectionsOpened;
        const UtcTime from = candleOpen(Timeframe::M1, rig.clock().utcNow()) + 1min;
        QVERIFY(rig.wait([&] { return rig.exchange().stats().connectionsOpened > opened && rig.age() > 8min; }));
        QVERIFY(rig.wait([&] { return rig.exchange().stats().connectionsOpen == int(opened); }));
        const UtcTime until = candleOpen(Timeframe::M1, rig.clock().utcNow());
        const UtcTime late = rig.clock().utcNow() + 15s;
        QVERIFY(rig.wait([&] { return rig.clock().utcNow() > late; }));
        for (const QString &base : bases) {
            for (const Candle &truth :
                 rig.exchange().truth(base + QStringLiteral("USDT"), Timeframe::M1, {from, until})) {
                if (truth.trades > 0)
                    QCOMPARE(rig.finals[std::pair(base + QStringLiteral("/USDT:USDT"), toMs(truth.open_time))], 1);
            }
        }
        QCOMPARE(rig.gapsOpened, 0);
        QVERIFY(rig.ticks > 0);
        QCOMPARE(rig.ticksWithoutPayload, 0);
    }
};

TK_TEST(FeedServiceTest, feed_service);
#include "tst_feed_service.moc"
