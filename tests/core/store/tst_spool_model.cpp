#include "spool_rig.h"
#include "support/test_registry.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

// Random days against a model in memory; and two threads at once.
class SpoolModelTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void behavesAsTheModel_data()
    {
        QTest::addColumn<quint32>("seed");
        QTest::addColumn<qint64>("maxSize");
        for (quint32 seed = 1; seed <= 8; ++seed)
            QTest::addRow("%u", seed) << seed << qint64(seed % 2 == 0 ? 1 << 28 : 300'000);
    }
    void behavesAsTheModel()
    {
        QFETCH(quint32, seed);
        QFETCH(qint64, maxSize);
        SpoolRig rig;
        rig.options.max_size = maxSize;
        rig.options.segment_size = 16 * 1024;
        rig.options.keep_acknowledged = 30s;
        QVERIFY(rig.open());

        struct Entry
        {
            QByteArray lines;
            UtcTime taken;
        };
        struct Model
        {
            std::map<quint64, Entry> entries;
            quint64 last = 0;
            quint64 acknowledged = 0;
            quint64 durable = 0; // acknowledged, and saved
        };
        store::PerLane<Model> models;
        std::mt19937 random(seed);
        UtcTime now = spoolStart;
        int number = 0;

        for (int step = 0; step < 800; ++step) {
            now += std::chrono::milliseconds(random() % 500);
            const Lane lane = store::allLanes[random() % store::allLanes.size()];
            Model &model = models[size_t(lane)];
            switch (random() % 12) {
            default: { // append to some lanes
                store::PerLane<QByteArray> lines;
                for (const Lane one : store::allLanes) {
                    if (one == lane || random() % 3 == 0)
                        lines[size_t(one)] = spoolLine(one, ++number, int(50 + random() % 3000));
                }
                rig.evicted.clear();
                const auto seqs = rig.spool->append(lines, now);
                QVERIFY(seqs);
                for (const store::SpoolEntry &entry : rig.evicted) {
                    auto &of = models[size_t(entry.lane)];
                    QVERIFY(entry.seq > of.acknowledged);
                    QVERIFY(of.entries.contains(entry.seq));
                    QCOMPARE(of.entries[entry.seq].lines, entry.lines);
                    of.entries.erase(entry.seq);
                }
                for (const Lane one : store::allLanes) {
                    if (lines[size_t(one)].isEmpty())
                        continue;
                    Model &of = models[size_t(one)];
                    QCOMPARE((*seqs)[size_t(one)], of.last + 1);
                    of.entries[++of.last] = {lines[size_t(one)], now};
                }
                QVERIFY(rig.spool->figures().bytes_on_disk <= maxSize);
                break;
            }
            case 8: { // read some
                const quint64 after = model.last == 0 ? 0 : random() % (model.last + 1);
                const auto some = rig.spool->read(lane, after, qint64(random() % 20'000));
                QVERIFY(some);
                auto expected = model.entries.upper_bound(std::max(after, model.acknowledged));
                quint64 seq = after;
                for (const store::SpoolEntry &entry : *some) {
                    QVERIFY(entry.seq > seq);
                    seq = entry.seq;
                    if (entry.seq <= model.acknowledged)
                        continue; // kept for a while, or not
                    QVERIFY(expected != model.entries.end());
                    QCOMPARE(entry.seq, expected->first);
                    QCOMPARE(entry.lines, expected->second.lines);
                    QCOMPARE(entry.taken, expected->second.taken);
                    ++expected;
                }
                if (some->empty())
                    QVERIFY(expected == model.entries.end());
                break;
            }
            case 9: { // confirm some
                const quint64 seq = model.acknowledged + random() % (model.last - model.acknowledged + 1);
                rig.spool->acknowledge(lane, seq);
                model.acknowledged = seq;
                break;
            }
            case 10:
                QVERIFY(rig.spool->maintain(now));
                for (Model &one : models)
                    one.durable = one.acknowledged;
                break;
            case 11:
                if (random() % 4 != 0)
                    break;
                if (random() % 2 == 0) {
                    QVERIFY(rig.spool->closeCleanly(now));
                    for (Model &one : models)
                        one.durable = one.acknowledged;
                }
                QVERIFY(rig.open());
                for (const Lane one : store::allLanes) { // eviction saves positions too: at least what we know of
                    Model &of = models[size_t(one)];
                    const quint64 found = rig.figures(one).acknowledged_seq;
                    QVERIFY(found >= of.durable && found <= of.acknowledged);
                    of.acknowledged = found;
                    // What was evicted above may lie above `found`: the model has forgotten it as the spool has.
                }
                break;
            }
            const auto figures = rig.figures(lane);
            QCOMPARE(figures.last_seq, model.last);
            QCOMPARE(figures.acknowledged_seq, model.acknowledged);
            if (figures.waiting_entries == 0)
                continue;
            // Confirmed entries that come back after a crash may have been removed before: the model keeps them.
            qint64 waiting = 0;
            for (auto it = model.entries.upper_bound(model.acknowledged); it != model.entries.end(); ++it)
                ++waiting;
            QCOMPARE(figures.waiting_entries, waiting);
            QCOMPARE(figures.oldest_waiting, model.entries.upper_bound(model.acknowledged)->second.taken);
        }
        QVERIFY(rig.damage.empty());
        for (const Lane lane : store::allLanes) {
            std::vector<quint64> expected;
            for (auto it = models[size_t(lane)].entries.upper_bound(models[size_t(lane)].acknowledged);
                 it != models[size_t(lane)].entries.end(); ++it)
                expected.push_back(it->first);
            std::vector<quint64> found;
            for (const store::SpoolEntry &entry : rig.readAll(lane, models[size_t(lane)].acknowledged))
                found.push_back(entry.seq);
            QCOMPARE(found, expected);
        }
    }

    void servesTwoThreads_data()
    {
        QTest::addColumn<qint64>("maxSize");
        QTest::addRow("with room") << (qint64(1) << 30);
        QTest::addRow("without") << qint64(1 << 20);
    }
    void servesTwoThreads()
    {
        QFETCH(qint64, maxSize);
        SpoolRig rig;
        rig.options.max_size = maxSize;
        rig.options.segment_size = 32 * 1024;
        rig.options.keep_acknowledged = 0s;
        QVERIFY(rig.open());
        constexpr int count = 1500;
        std::atomic<bool> done = false;
        std::thread appender([&] {
            for (int i = 1; i <= count; ++i) {
                rig.fill(Lane::Ticks, i, i, 700, spoolStart + i * 1ms);
                if (i % 3 == 0)
                    rig.fill(Lane::Candles, i, i, 100, spoolStart + i * 1ms);
            }
            done = true;
        });
        std::vector<int> got;
        quint64 after = 0;
        bool sound = true;
        while (true) {
            const bool last = done;
            const auto some = rig.spool->read(Lane::Ticks, after, 30'000);
            sound = sound && some.has_value();
            if (!some || (some->empty() && last))
                break;
            if (some->empty())
                continue;
            for (const int number : numbersIn(*some))
                got.push_back(number);
            after = some->back().seq;
            rig.spool->acknowledge(Lane::Ticks, after);
            sound = sound && rig.spool->maintain(spoolStart + 1h).has_value();
            static_cast<void>(rig.spool->before(Lane::Ticks, spoolStart + 1s));
            static_cast<void>(rig.spool->figures());
        }
        appender.join();
        QVERIFY(sound);
        // Read, or handed over before it was read; an entry may be both.
        for (const store::SpoolEntry &entry : rig.evicted) {
            if (entry.lane == Lane::Ticks)
                got.push_back(numbersIn(entry.lines).front());
        }
        std::ranges::sort(got);
        const auto repeated = std::ranges::unique(got);
        got.erase(repeated.begin(), repeated.end());
        QCOMPARE(got, countUp(1, count));
        QVERIFY(rig.damage.empty());
    }
};

TK_TEST(SpoolModelTest, spool_model);
#include "tst_spool_model.moc"
