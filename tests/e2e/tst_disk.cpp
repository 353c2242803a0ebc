// The disk of the data folder takes nothing any more while the engine collects: everybody says so, what cannot be
// written is kept, no gap goes unnamed meanwhile, and when it is writable again the set is the exchange's truth.
#include "engine_rig.h"
#include "readonly_disk.h"
#include "support/test_registry.h"
#include "telling.h"

#include <QTest>

#include <mutex>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

// What the log says as an error, while this lives.
class CriticalLines
{
public:
    CriticalLines()
    {
        const std::scoped_lock lock(mutex);
        heard.clear();
        before = qInstallMessageHandler([](QtMsgType type, const QMessageLogContext &context, const QString &line) {
            if (type == QtCriticalMsg) {
                const std::scoped_lock taken(mutex);
                heard.append(line);
            }
            before(type, context, line);
        });
    }
    ~CriticalLines() { qInstallMessageHandler(before); }
    CriticalLines(const CriticalLines &) = delete;
    CriticalLines &operator=(const CriticalLines &) = delete;

    QString text() const
    {
        const std::scoped_lock lock(mutex);
        return heard.join(u'\n');
    }
    bool contain(const QString &words) const { return text().contains(words); }

private:
    inline static std::mutex mutex;
    inline static QStringList heard;
    inline static QtMessageHandler before = nullptr;
};

} // namespace

class TestDisk : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void becomesReadOnly();
    void endsOnAReadOnlyDisk();
    void startsOnAReadOnlyDisk();
};

void TestDisk::initTestCase()
{
    if (!ReadOnlyDisk::isPossible())
        QSKIP("a sanitizer stands between the program and the system here");
}

void TestDisk::becomesReadOnly()
{
    EngineRig rig;
    ReadOnlyDisk disk(rig.dataDir());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said = Telling::trouble(
        rig, {QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("event"), QStringLiteral("window")},
        10s,
        {QStringLiteral("the store does not take records"), QStringLiteral("the gap ledger takes nothing"),
         QStringLiteral("Read-only file system"), QStringLiteral("its disk is read-only"),
         QStringLiteral("Store does not take records")});
    disk.set(true);
    QVERIFY(rig.waitUntil([&] { return !rig.isReady() && !rig.reasons().isEmpty(); }, 20s));
    QVERIFY(ReadOnlyDisk::refusals() > 0);
    // Now the exchange says nothing for a while, too: what is missed then can be written down nowhere.
    const UtcTime muted = rig.clock().utcNow();
    rig.sim().addFault(
        {.fault = QStringLiteral("F4"), .stream = {}, .connection = 0, .duration = 3min, .parameters = {}});
    QVERIFY(rig.waitUntil([&] { return rig.gapsOpenMetric() > 0; }, 20s));
    QVERIFY(rig.waitSimulated(5min));
    QVERIFY(rig.gapsOpenMetric() > 0); // it delivers again, and nobody could repair
    QCOMPARE(rig.status().value(QLatin1String("gaps_open")).toInteger(), rig.gapsOpenMetric());
    const QJsonArray rows = rig.gapRows(); // what `gaps` prints
    QVERIFY(!rows.isEmpty());
    for (const QJsonValue &row : rows)
        QVERIFY2(row[QLatin1String("state")].toString() != QLatin1String("down"),
                 qPrintable(row[QLatin1String("pair")].toString() + row[QLatin1String("cause")].toString()));
    const QString reasons = rig.reasons().join(u'\n');
    QVERIFY2(reasons.contains(QLatin1String("the store does not take records")), qPrintable(reasons));
    QVERIFY2(reasons.contains(QLatin1String("the gap ledger takes nothing")), qPrintable(reasons));
    QVERIFY(!rig.isReady());
    disk.set(false);
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
    QCOMPARE(rig.gapsOpenMetric(), 0);
    // Named in the end, of every stream that was mute.
    qsizetype named = 0;
    for (const Gap &gap : rig.gaps())
        named += gap.state == GapState::Closed && gap.opened >= muted && gap.stream.kind == StreamKind::MarkPrice;
    QVERIFY2(named >= qsizetype(rig.instruments().size()), qPrintable(QString::number(named)));
}

// What waits for the store when the engine is told to end is given up: said with its number and span, and found by the
// next start.
void TestDisk::endsOnAReadOnlyDisk()
{
    const CriticalLines lines; // before the rig, whose own eyes pass on what they hear
    EngineRig rig;
    ReadOnlyDisk disk(rig.dataDir());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    const QStringList before = rig.differences(); // of a first fill that began late on a busy machine
    disk.set(true);
    const UtcTime since = rig.clock().utcNow();
    QVERIFY(rig.waitUntil([&] { return !rig.isReady(); }, 20s));
    QVERIFY(rig.waitSimulated(3min));
    rig.stop();
    QVERIFY2(lines.contain(QStringLiteral("records are given up")), qPrintable(lines.text()));
    QVERIFY2(lines.contain(QStringLiteral("Read-only file system")), qPrintable(lines.text()));
    QVERIFY2(lines.contain(QStringLiteral("the gap ledger does not take what was given up")), qPrintable(lines.text()));
    disk.set(false);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    const QStringList after = rig.differences();
    for (const QString &difference : after)
        QVERIFY2(before.contains(difference), qPrintable(difference));
    // The mark prices of the time in which nothing was written are named, of every pair.
    qsizetype named = 0;
    for (const Gap &gap : rig.gaps())
        named += gap.stream.kind == StreamKind::MarkPrice && gap.from <= since + 60s && gap.to > since;
    QVERIFY2(named >= qsizetype(rig.instruments().size()), qPrintable(QString::number(named)));
}

void TestDisk::startsOnAReadOnlyDisk()
{
    EngineRig rig;
    ReadOnlyDisk disk(rig.dataDir());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    rig.stop();
    disk.set(true);
    const auto refused = app::Engine::create(rig.settings(), std::make_shared<SystemClock>(), {});
    QVERIFY(!refused);
    QVERIFY2(refused.error().message.contains(rig.dataDir()), qPrintable(refused.error().message));
    QVERIFY2(refused.error().message.contains(QLatin1String("read-only"), Qt::CaseInsensitive),
             qPrintable(refused.error().message));
    disk.set(false);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QCOMPARE(rig.verdict(), QString());
}

TK_TEST(TestDisk, disk);

} // namespace tk::test

#include "tst_disk.moc"
