// How long it takes until each face of the product tells of each fault of the catalogue, on a clock five times as fast
// as ours. Prints the table of docs/truth.md.
#include "engine_rig.h"
#include "support/test_registry.h"

#include <QJsonObject>

#include <cstdio>

namespace tk::bench {

using namespace std::chrono_literals;
using test::EngineRig;
using test::RigOptions;

namespace {

constexpr double speed = 5;
const QStringList faces{QStringLiteral("status"),  QStringLiteral("ready"), QStringLiteral("heartbeat"),
                        QStringLiteral("metrics"), QStringLiteral("event"), QStringLiteral("window")};

struct Case
{
    const char *name;
    sim::FaultSpec fault;
    milliseconds within;       // status and window must tell
    std::vector<QString> told; // faces that must tell; others may be right to be silent
};

sim::FaultSpec fault(const char *id, QJsonObject parameters = {}, const char *stream = "")
{
    return {.fault = QString::fromLatin1(id),
            .stream = QString::fromLatin1(stream),
            .duration = 150s,
            .parameters = std::move(parameters)};
}

std::vector<Case> cases()
{
    const std::vector<QString> streams{faces[0], faces[2], faces[3], faces[4], faces[5]};
    return {{"all candles of the venue stop", fault("F5", {}, "*@kline_*"), 20s, streams},
            {"the candles of one busy pair stop", fault("F5", {}, "btcusdt@kline_*"), 20s, streams},
            {"one mark price stops", fault("F5", {}, "btcusdt@markPrice@1s"), 14s, streams},
            {"all data stops, the connection lives", fault("F4"), 14s, streams},
            {"half-open: not a byte", fault("F6"), 20s, streams},
            {"closed with a reason", fault("F7", {{QStringLiteral("code"), 1008}}), 5s, {faces[0], faces[3]}},
            {"reset", fault("F7", {{QStringLiteral("abrupt"), true}}), 5s, {faces[0], faces[3]}},
            {"the exchange's clock is 10 s ahead",
             fault("F23", {{QStringLiteral("offset"), QStringLiteral("10s")}}),
             65s,
             {faces[0], faces[5]}}};
}

} // namespace

class BenchTruth : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void timeToName()
    {
        std::printf("| fault | %s |\n|---|---|---|---|---|---|---|\n", qPrintable(faces.join(QStringLiteral(" | "))));
        for (const Case &one : cases()) {
            RigOptions options{.pairs = 12, .factor = speed, .timeframes = {Timeframe::M1, Timeframe::M3}};
            options.sim.activity = 60;
            options.sim.activity_since = SystemClock().utcNow();
            options.adjust = [](config::Settings &settings) { settings.supervision.heartbeat = 5s; };
            EngineRig rig(options);
            QVERIFY(rig.start());
            QVERIFY(rig.waitLive() && rig.waitSimulated(50s) && rig.waitHealthy());
            rig.witness().expectTrouble();
            rig.sim().addFault(one.fault);
            const QStringList wanted(one.told.begin(), one.told.end());
            const UtcTime begin = rig.clock().utcNow();
            rig.waitUntil(
                [&] { return rig.witness().allTold(wanted) || rig.clock().utcNow() - begin > one.within + 60s; }, 180s);
            const auto told = rig.witness().told();
            QString row = QStringLiteral("| %1 |").arg(QLatin1String(one.name));
            for (const QString &face : faces)
                row +=
                    told.contains(face) ? QStringLiteral(" %1 |").arg(ageText(told.at(face))) : QStringLiteral(" - |");
            std::printf("%s\n", qPrintable(row));
            std::fflush(stdout);
            for (const QString &face : wanted)
                QVERIFY2(told.contains(face) && told.at(face) <= one.within + 10s,
                         qPrintable(QLatin1String(one.name) + u' ' + face));
            QCOMPARE(rig.contradictions(), QStringList());
        }
    }
};

} // namespace tk::bench

using tk::bench::BenchTruth;
TK_TEST(BenchTruth, truth);
#include "tst_truth.moc"
