// Times, durations, sizes, decimals: what is accepted, what is refused, and how it is printed.
#include "base/clock.h"
#include "base/decimal_text.h"
#include "base/time.h"
#include "support/test_registry.h"

#include <QRegularExpression>

#include <random>

using namespace tk;
using namespace std::chrono_literals;

class ValuesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void times()
    {
        const auto ms = [](const char *text) {
            const auto time = parseUtcTime(QString::fromUtf8(text));
            return time ? toMs(*time) : qint64(-1);
        };
        QCOMPARE(ms("2026-11-20T10:00:00Z"), 1'795'168'800'000);
        QCOMPARE(ms("2026-11-20T10:00:00.123Z"), 1'795'168'800'123);
        QCOMPARE(ms("2026-11-20T10:00:00"), 1'795'168'800'000); // no zone means UTC, wherever the machine stands
        QCOMPARE(ms("2026-11-20T12:00:00+02:00"), 1'795'168'800'000);
        QCOMPARE(ms("2026-11-20"), 1'795'132'800'000);
        QCOMPARE(ms(" 1795168800000 "), 1'795'168'800'000);
        QCOMPARE(ms("0"), 0);
        for (const char *bad : {"", "yesterday", "2026-13-01", "2026-02-30", "10:00", "1e12", "2026-11-20T25:00:00Z"})
            QVERIFY2(!parseUtcTime(QString::fromUtf8(bad)), bad);
        QVERIFY(parseUtcTime(u"soon").error().message.contains(QLatin1String("soon")));
    }

    void timesPrinted()
    {
        QCOMPARE(isoText(fromMs(1'795'168'800'000)), QStringLiteral("2026-11-20T10:00:00Z"));
        QCOMPARE(isoText(fromMs(1'795'168'800'000), true), QStringLiteral("2026-11-20T10:00:00.000Z"));
        QCOMPARE(isoText(fromMs(1'795'168'800'007)), QStringLiteral("2026-11-20T10:00:00.007Z"));
        QCOMPARE(isoText(fromMs(0)), QStringLiteral("1970-01-01T00:00:00Z"));
        for (const qint64 ms : {0LL, 1LL, 951'782'400'000LL, 1'795'168'800'123LL, 4'133'404'800'000LL})
            QCOMPARE(toMs(*parseUtcTime(isoText(fromMs(ms)))), ms);
    }

    void durations()
    {
        const auto ms = [](const char *text) {
            const auto duration = parseDuration(QString::fromUtf8(text));
            return duration ? duration->count() : qint64(-1);
        };
        QCOMPARE(ms("250ms"), 250);
        QCOMPARE(ms("60s"), 60'000);
        QCOMPARE(ms("10m"), 600'000);
        QCOMPARE(ms("24h"), 86'400'000);
        QCOMPARE(ms("360d"), 31'104'000'000);
        QCOMPARE(ms("1.5h"), 5'400'000);
        QCOMPARE(ms(" 5 s "), 5'000);
        QCOMPARE(ms("0s"), 0);
        for (const char *bad :
             {"", "5", "s", "-5s", "5x", "5S", "1.2.3s", "5 s s", "1e3s", "99999999999999999999d", "٥s"})
            QVERIFY2(ms(bad) == -1, bad);
    }

    void sizes()
    {
        const auto bytes = [](const char *text) {
            const auto size = parseByteSize(QString::fromUtf8(text));
            return size ? *size : qint64(-1);
        };
        QCOMPARE(bytes("1000"), 1000);
        QCOMPARE(bytes("5B"), 5);
        QCOMPARE(bytes("100kB"), 100'000);
        QCOMPARE(bytes("512MiB"), 536'870'912);
        QCOMPARE(bytes("20GiB"), 21'474'836'480);
        QCOMPARE(bytes("1.5 TiB"), 1'649'267'441'664);
        for (const char *bad : {"", "GiB", "-1", "1gb", "1XB", "99999999999999999999TiB"})
            QVERIFY2(bytes(bad) == -1, bad);
    }

    void ages()
    {
        QCOMPARE(ageText(-5s), QStringLiteral("0.0s"));
        QCOMPARE(ageText(200ms), QStringLiteral("0.2s"));
        QCOMPARE(ageText(42s), QStringLiteral("42s"));
        QCOMPARE(ageText(11min + 42s), QStringLiteral("11:42"));
        QCOMPARE(ageText(3h + 5min), QStringLiteral("3h 05m"));
        QCOMPARE(ageText(52h), QStringLiteral("2d 04h"));
    }

    void decimals()
    {
        for (const char *good : {"0", "1", "-12.50", "0.00000001", "83084.30000000", "1e5", "1E-8", "-4.73e-07", "1e+5",
                                 ".5", "5.", "0000", "1234567890123456789012345678901"}) {
            const auto value = DecimalText::from(good);
            QVERIFY2(value, good);
            QCOMPARE(value->view(), std::string_view(good)); // as it was printed
        }
        for (const char *bad : {"",      " ",
                                ".",     "-",
                                "+1",    "1,2",
                                "1 2",   "1e",
                                "e5",    "1e5x",
                                "1e5.5", "1e5e5",
                                "--1",   "1-2",
                                "1e--5", "NaN",
                                "inf",   "0x10",
                                "1_000", "１",
                                "1\n",   "12345678901234567890123456789012"})
            QVERIFY2(!DecimalText::from(bad), bad);
        QVERIFY(!DecimalText::from(std::string_view("1\0", 2)));
        QCOMPARE(DecimalText::from("-4.73e-07")->toDouble(), -4.73e-07);
        QVERIFY(sameValue(*DecimalText::from("1.50"), *DecimalText::from("1.5")));
        QVERIFY(!sameValue(*DecimalText::from("1.50"), *DecimalText::from("1.51")));
        QVERIFY(!sameValue(*DecimalText::from("0"), DecimalText()));
        QVERIFY(sameValue(DecimalText(), DecimalText()));
        QVERIFY(!(*DecimalText::from("1.50") == *DecimalText::from("1.5"))); // the text differs
    }

    // Eight characters at a time or one by one: the same rule at every length.
    void decimalsByTheRule()
    {
        const QRegularExpression rule(QStringLiteral("^-?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?\\z"));
        const std::string letters = "0123456789012345678901234567890123456789....-+eE /:x\"";
        std::mt19937 random(20'261'121);
        int good = 0;
        for (int i = 0; i < 200'000; ++i) {
            // Mostly digits: otherwise nothing long would ever be right.
            std::string text(1 + random() % 33, '0');
            for (char &c : text)
                c = random() % 8 ? char('0' + random() % 10) : letters[random() % letters.size()];
            const bool expected =
                text.size() <= DecimalText::Capacity && rule.match(QString::fromStdString(text)).hasMatch();
            const auto value = DecimalText::from(text);
            QVERIFY2(value.has_value() == expected, text.c_str());
            if (value)
                QCOMPARE(value->view(), std::string_view(text));
            good += expected;
        }
        QVERIFY(good > 20'000);
        DecimalText reused = *DecimalText::from("1234567890.12345678901");
        QVERIFY(reused.assign("7"));
        QVERIFY(reused == *DecimalText::from("7"));
        QVERIFY(!reused.assign("7x"));
        QVERIFY(reused.isEmpty());
    }

    void scaledClocksAgree()
    {
        const UtcTime anchor = SystemClock().utcNow() - 10s;
        const ScaledClock one(60, anchor);
        const ScaledClock two(60, anchor);
        const auto difference = two.utcNow() - one.utcNow();
        QVERIFY(difference >= 0ms && difference < 5s);
        QVERIFY(one.utcNow() - anchor >= 10min);
        QCOMPARE(one.timerDelay(60s), milliseconds(1s));
        QCOMPARE(one.timerDelay(1ms), milliseconds(1));
        QCOMPARE(SystemClock().timerDelay(0ms), milliseconds(1));
    }
};

TK_TEST(ValuesTest, values);
#include "tst_values.moc"
