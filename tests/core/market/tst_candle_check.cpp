// Which candles can be.
#include "market/candle_check.h"
#include "support/test_registry.h"

#include <QTest>

using namespace tk;

class CandleCheckTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void rows_data()
    {
        QTest::addColumn<int>("late");  // ms behind the hour
        QTest::addColumn<int>("early"); // ms that the end is early
        QTest::addColumn<QStringList>("values");
        QTest::addColumn<QString>("why");
        const QStringList good{QStringLiteral("10"), QStringLiteral("12"), QStringLiteral("9"), QStringLiteral("11"),
                               QStringLiteral("5")};
        const auto with = [&good](qsizetype at, const char *value) {
            QStringList values = good;
            values[at] = QString::fromLatin1(value);
            return values;
        };
        QTest::newRow("sound") << 0 << 0 << good << QString();
        QTest::newRow("flat") << 0 << 0 << QStringList(5, QStringLiteral("7")) << QString();
        QTest::newRow("beside the grid") << 494'789 << 0 << good
                                         << QStringLiteral("opens 494.789 s beside the grid of 1h");
        QTest::newRow("too short") << 0 << 1'000 << good << QStringLiteral("not at the end of its 1h");
        QTest::newRow("high below open") << 0 << 0 << with(1, "9.5") << QStringLiteral("contradict");
        QTest::newRow("low above close") << 0 << 0 << with(2, "11.5") << QStringLiteral("contradict");
        QTest::newRow("negative price") << 0 << 0 << with(2, "-1") << QStringLiteral("below zero");
        QTest::newRow("negative volume") << 0 << 0 << with(4, "-5") << QStringLiteral("below zero");
        QTest::newRow("no close") << 0 << 0 << with(3, "") << QStringLiteral("missing");
    }
    void rows()
    {
        QFETCH(int, late);
        QFETCH(int, early);
        QFETCH(QStringList, values);
        QFETCH(QString, why);
        const auto decimal = [&values](int at) {
            return DecimalText::from(values[at].toStdString()).value_or(DecimalText());
        };
        Candle candle;
        candle.open_time = fromMs(1'795'168'800'000 + late);
        candle.open = decimal(0);
        candle.high = decimal(1);
        candle.low = decimal(2);
        candle.close = decimal(3);
        candle.volume = decimal(4);
        const UtcTime close = fromMs(1'795'168'800'000 + 3'600'000 - 1 - early);
        const auto found = whyImpossible(candle, Timeframe::H1, close);
        QCOMPARE(found.has_value(), !why.isEmpty());
        QVERIFY2(!found || found->contains(why), qPrintable(found.value_or(QString())));
    }
};

TK_TEST(CandleCheckTest, candle_check);
#include "tst_candle_check.moc"
