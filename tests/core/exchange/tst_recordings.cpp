// Every recorded frame, value by value against Qt's own JSON reader, and the rules of the order book in the captures.
#include "frame_check.h"

#include "exchange/binance_usdm/adapter.h"
#include "support/test_registry.h"

#include <QFileInfo>
#include <QJsonDocument>

#include <map>

using namespace tk;
using namespace tk::exchange;
using namespace tk::test;

class RecordingsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyFrame_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("none") << QString();
        for (const QString &file : recordings(QStringLiteral("*.frames.jsonl")))
            QTest::newRow(qPrintable(QFileInfo(file).fileName())) << file;
        for (const QString &file : recordings(QStringLiteral("fixtures/*.json")))
            QTest::newRow(qPrintable(QFileInfo(file).fileName())) << file;
    }
    void everyFrame()
    {
        QFETCH(QString, file);
        if (file.isEmpty()) {
            if (recordings(QStringLiteral("*.frames.jsonl")).isEmpty())
                QSKIP("no recordings at " TAPEKEEPER_RECORDINGS);
            return;
        }
        const QList<QByteArray> frames =
            file.endsWith(QLatin1String(".jsonl")) ? linesOf(file) : QList<QByteArray>{contentOf(file)};
        QVERIFY(!frames.isEmpty());
        const auto adapter = binance::makeAdapter();
        ParsedFrame parsed;
        qsizetype events = 0;
        for (const QByteArray &frame : frames) {
            const Padded padded(frame);
            const Status status = adapter->parse(padded.view(), parsed);
            QVERIFY2(status, frame.constData());
            const QStringList wrong = differences(parsed, frame);
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(QStringLiteral("; ")) + QString::fromUtf8(frame)));
            for (const Unhandled &unhandled : parsed.unhandled)
                QVERIFY2(!unhandled.kind.startsWith("malformed"), frame.constData());
            QVERIFY(parsed.acknowledged.empty() && parsed.rejected.empty());
            events += qsizetype(parsed.events.size());
            if (parsed.events.empty())
                QVERIFY2(!parsed.unhandled.empty(), frame.constData()); // said, not swallowed
        }
        if (file.endsWith(QLatin1String(".jsonl")))
            QVERIFY(events >= frames.size());
    }

    // The captures are what the reference says they are; so a reader that drops events would be found.
    void countsOfTheCapture()
    {
        const QStringList files = recordings(QStringLiteral("usdm-2021-07-22.frames.jsonl"));
        if (files.isEmpty())
            QSKIP("no recordings at " TAPEKEEPER_RECORDINGS);
        const auto adapter = binance::makeAdapter();
        ParsedFrame parsed;
        std::map<size_t, int> kinds;
        int finals = 0;
        for (const QByteArray &frame : linesOf(files.front())) {
            const Padded padded(frame);
            QVERIFY(adapter->parse(padded.view(), parsed));
            for (const MarketEvent &event : parsed.events) {
                ++kinds[event.payload.index()];
                if (const auto *candle = std::get_if<CandleUpdate>(&event.payload))
                    finals += candle->final;
            }
        }
        QCOMPARE(kinds[Payload(TradeUpdate()).index()], 45);
        QCOMPARE(kinds[Payload(BookTickerUpdate()).index()], 380);
        QCOMPARE(kinds[Payload(DepthUpdate()).index()], 390);
        QCOMPARE(kinds[Payload(CandleUpdate()).index()], 27);
        QCOMPARE(finals, 2);
    }

    void depthChain_data()
    {
        QTest::addColumn<QString>("capture");
        QTest::addColumn<QString>("snapshots");
        QTest::newRow("usdm") << QStringLiteral("usdm-2021-07-22.frames.jsonl")
                              << QStringLiteral("rest/usdm-depth-*USDT-*");
        QTest::newRow("coinm") << QStringLiteral("coinm-2021-07-22.frames.jsonl")
                               << QStringLiteral("rest/coinm-depth-*");
    }
    void depthChain()
    {
        QFETCH(QString, capture);
        QFETCH(QString, snapshots);
        const QStringList files = recordings(capture);
        const QStringList books = recordings(snapshots);
        if (files.isEmpty() || books.isEmpty())
            QSKIP("no recordings at " TAPEKEEPER_RECORDINGS);
        const auto adapter = binance::makeAdapter();
        ParsedFrame parsed;
        std::map<QByteArray, std::vector<DepthUpdate>> depth;
        for (const QByteArray &frame : linesOf(files.front())) {
            const Padded padded(frame);
            QVERIFY(adapter->parse(padded.view(), parsed));
            for (const MarketEvent &event : parsed.events) {
                if (const auto *update = std::get_if<DepthUpdate>(&event.payload))
                    depth[bytes(event.symbol)].push_back(*update);
            }
        }
        QCOMPARE(depth.size(), size_t(books.size()));
        for (const auto &[symbol, updates] : depth) {
            for (size_t i = 1; i < updates.size(); ++i)
                QCOMPARE(updates[i].previous_id, updates[i - 1].last_id);
        }
        for (const QString &file : books) {
            const QByteArray symbol = QFileInfo(file).fileName().section(u'-', 2, 2).toLatin1();
            const qint64 last =
                QJsonDocument::fromJson(contentOf(file)).object().value(QLatin1String("lastUpdateId")).toInteger();
            QVERIFY(last > 0);
            QVERIFY2(depth.contains(symbol), symbol.constData());
            const auto &updates = depth[symbol];
            const auto first =
                std::ranges::find_if(updates, [last](const DepthUpdate &update) { return update.last_id >= last; });
            QVERIFY(first != updates.end());
            QVERIFY2(first->first_id <= last && last <= first->last_id, symbol.constData());
        }
    }
};

TK_TEST(RecordingsTest, recordings);
#include "tst_recordings.moc"
