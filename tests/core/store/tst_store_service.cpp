// The store's thread when its store takes nothing: what it gives up in the end is said, and told by stream.
#include "samples.h"
#include "store/store_service.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QSignalSpy>

using namespace tk;
using namespace tk::store;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

QStringList critical;

void hear(QtMsgType type, const QMessageLogContext &, const QString &line)
{
    if (type == QtCriticalMsg)
        critical.append(line);
}

// A store on a disk that takes nothing.
class FullStore final : public StoreFactory
{
public:
    class Writer final : public StoreWriter
    {
    public:
        Result<WriteOutcome> write(const std::vector<RecordBatch> &) override
        {
            return Error{Error::Kind::Storage, QStringLiteral("Read-only file system"), true};
        }
        Result<qint64> removeBefore(UtcTime) override { return 0; }
        Status sync() override { return ok(); }
    };
    Result<std::unique_ptr<StoreWriter>> openWriter() override
    {
        return std::unique_ptr<StoreWriter>(std::make_unique<Writer>());
    }
    Result<std::unique_ptr<StoreReader>> openReader() override { return nothing(); }
    Result<std::shared_ptr<StoreIndex>> openIndex() override { return nothing(); }

private:
    static Error nothing() { return {Error::Kind::Storage, QStringLiteral("nothing to read"), false}; }
};

} // namespace

class StoreServiceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsGivenUpIsTold()
    {
        critical.clear();
        const auto before = qInstallMessageHandler(hear);
        const auto queue = std::make_shared<StoreService::Queue>(100);
        StoreService service(std::make_shared<FullStore>(), queue, 0ms, std::make_shared<ManualClock>(), [] {});
        QSignalSpy stopped(&service, &StoreService::stopped);
        std::vector<StreamSpan> spans;
        QString why;
        connect(&service, &StoreService::gaveUp, this, [&](const std::vector<StreamSpan> &lost, const QString &cause) {
            spans = lost;
            why = cause;
        });
        QVERIFY(service.start());
        RecordBatch taken = batch(series(), candles(Timeframe::M3, sampleStart, 4));
        taken.marks.push_back({series().exchange, series().pair, sampleStart + 30s, dec("10.5"), {}});
        QVERIFY(queue->push(std::move(taken)));
        service.stop();
        QVERIFY(stopped.isEmpty()); // it tries for a while
        RecordBatch last;           // flushed by a feed that ends
        last.marks.push_back({series().exchange, series().pair, sampleStart + 90s, dec("10.6"), {}});
        QVERIFY(queue->push(std::move(last)));
        QVERIFY(QTest::qWaitFor([&] { return !stopped.isEmpty(); }, 10'000));
        qInstallMessageHandler(before);
        QCOMPARE(why, QStringLiteral("Read-only file system"));
        QCOMPARE(spans.size(), size_t(2));
        QCOMPARE(spans[0].stream.kind, StreamKind::Candles);
        QVERIFY((spans[0].span == TimeSpan{sampleStart, sampleStart + 12min}));
        QCOMPARE(spans[1].stream.kind, StreamKind::MarkPrice);
        QVERIFY((spans[1].span == TimeSpan{sampleStart, sampleStart + 2min}));
        const QString line = critical.join(u'|');
        QVERIFY2(line.contains(QLatin1String("records are given up")), qPrintable(line));
        QVERIFY2(line.contains(QLatin1String("records=6")), qPrintable(line));
        QVERIFY2(line.contains(QLatin1String("from=") + isoText(sampleStart)), qPrintable(line));
    }
};

TK_TEST(StoreServiceTest, store_service);
#include "tst_store_service.moc"
