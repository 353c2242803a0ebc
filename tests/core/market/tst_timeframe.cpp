// Candle grids in UTC, and names of pairs.
#include "market/pair.h"
#include "market/timeframe.h"
#include "support/test_registry.h"

#include <QDateTime>

using namespace tk;
using namespace std::chrono_literals;

namespace {

UtcTime utc(int year, int month, int day, int hour = 0, int minute = 0)
{
    return fromMs(QDateTime(QDate(year, month, day), QTime(hour, minute), Qt::UTC).toMSecsSinceEpoch());
}

} // namespace

class TimeframeTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void names()
    {
        for (const Timeframe timeframe : allTimeframes)
            QCOMPARE(timeframeFromName(timeframeName(timeframe)).value(), timeframe);
        QCOMPARE(timeframeFromName("1m").value(), Timeframe::M1);
        QCOMPARE(timeframeFromName("1M").value(), Timeframe::Mo1); // case matters
        for (const char *bad : {"", "1", "m", "1H", "2m", "1mo", " 1m", "1m "})
            QVERIFY2(!timeframeFromName(bad), bad);
        QCOMPARE(timeframeText(Timeframe::H12), QStringLiteral("12h"));
    }

    void grids()
    {
        const UtcTime time = utc(2026, 11, 20, 10, 7) + 30s;
        QCOMPARE(candleOpen(Timeframe::M1, time), utc(2026, 11, 20, 10, 7));
        QCOMPARE(candleOpen(Timeframe::M3, time), utc(2026, 11, 20, 10, 6));
        QCOMPARE(candleOpen(Timeframe::M15, time), utc(2026, 11, 20, 10, 0));
        QCOMPARE(candleOpen(Timeframe::H4, time), utc(2026, 11, 20, 8));
        QCOMPARE(candleOpen(Timeframe::D1, time), utc(2026, 11, 20));
        QCOMPARE(candleOpen(Timeframe::W1, time), utc(2026, 11, 16)); // a Monday
        QCOMPARE(candleOpen(Timeframe::W1, utc(2026, 11, 16)), utc(2026, 11, 16));
        QCOMPARE(candleOpen(Timeframe::W1, utc(2026, 11, 16) - 1ms), utc(2026, 11, 9));
        QCOMPARE(candleOpen(Timeframe::Mo1, time), utc(2026, 11, 1));
        QCOMPARE(candleOpen(Timeframe::Mo1, utc(2028, 2, 29, 23, 59)), utc(2028, 2, 1));
        QCOMPARE(toMs(candleOpen(Timeframe::D3, time)) % (72 * 3'600'000), qint64(0)); // from the epoch
        QCOMPARE(nextCandleOpen(Timeframe::Mo1, utc(2028, 2, 1)), utc(2028, 3, 1));
        QCOMPARE(nextCandleOpen(Timeframe::Mo1, utc(2026, 12, 1)), utc(2027, 1, 1));
        QCOMPARE(previousCandleOpen(Timeframe::Mo1, utc(2027, 1, 1)), utc(2026, 12, 1));
        QCOMPARE(candlesBefore(Timeframe::Mo1, utc(2026, 11, 1), 23), utc(2024, 12, 1));
        QCOMPARE(candlesBetween(Timeframe::Mo1, utc(2024, 12, 1), utc(2026, 11, 1)), qint64(23));
    }

    void properties()
    {
        quint64 random = 99;
        for (int i = 0; i < 5000; ++i) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            const UtcTime time = fromMs(qint64(random >> 20) % 4'000'000'000'000 - 500'000'000'000); // from 1954 on
            for (const Timeframe timeframe : allTimeframes) {
                const UtcTime open = candleOpen(timeframe, time);
                const UtcTime next = nextCandleOpen(timeframe, open);
                QVERIFY(open <= time && time < next);
                QCOMPARE(candleOpen(timeframe, open), open);
                QCOMPARE(previousCandleOpen(timeframe, next), open);
                QCOMPARE(candlesBefore(timeframe, next, 1), open);
                QCOMPARE(candlesBetween(timeframe, candlesBefore(timeframe, open, 37), open), qint64(37));
                QCOMPARE(candlesBetween(timeframe, next, open), qint64(0));
            }
        }
    }

    void pairs()
    {
        struct Row
        {
            const char *base, *unified, *cryptofeed, *stem;
        };
        for (const Row &row : {Row{"BTC", "BTC/USDT:USDT", "BTC-USDT-PERP", "BTC_USDT_USDT"},
                               Row{"1000PEPE", "1000PEPE/USDT:USDT", "1000PEPE-USDT-PERP", "1000PEPE_USDT_USDT"},
                               Row{"1INCH", "1INCH/USDT:USDT", "1INCH-USDT-PERP", "1INCH_USDT_USDT"},
                               Row{"币安人生", "币安人生/USDT:USDT", "币安人生-USDT-PERP", "币安人生_USDT_USDT"}}) {
            const Pair pair{QString::fromUtf8(row.base), QStringLiteral("USDT"), QStringLiteral("USDT")};
            QCOMPARE(pair.unified(), QString::fromUtf8(row.unified));
            QCOMPARE(pair.cryptofeed(), QString::fromUtf8(row.cryptofeed));
            QCOMPARE(pair.freqtradeStem(), QString::fromUtf8(row.stem));
            QVERIFY(Pair::parse(pair.unified()).value() == pair);
            QVERIFY(Pair::parse(pair.cryptofeed()).value() == pair);
        }
        const Pair spot = Pair::parse(u" BTC/USDT ").value();
        QVERIFY(spot.settle.isEmpty());
        QCOMPARE(spot.freqtradeStem(), QStringLiteral("BTC_USDT"));
        QCOMPARE(Pair::parse(u"BTC/USDC:USDC").value().cryptofeed(), QStringLiteral("BTC-USDC-PERP"));
        const Pair odd{QStringLiteral("A.B@C$D+E F"), QStringLiteral("Q"), QStringLiteral("Q")};
        QCOMPARE(odd.freqtradeStem(), QStringLiteral("A_B_C_D_E_F_Q_Q"));
        for (const char *bad :
             {"", "BTC", "BTCUSDT", "/USDT:USDT", "BTC/:USDT", "BTC/USDT:", "-PERP", "BTC-PERP", "-USDT-PERP"})
            QVERIFY2(!Pair::parse(QString::fromUtf8(bad)), bad);
    }
};

TK_TEST(TimeframeTest, timeframe);
#include "tst_timeframe.moc"
