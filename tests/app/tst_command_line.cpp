#include "app/command_line.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::app;

class CommandLineTest : public QObject
{
    Q_OBJECT

    static Result<CommandLine> parse(const QString &words)
    {
        return parseCommandLine(QStringList{QStringLiteral("tapekeeper")} + words.split(u' ', Qt::SkipEmptyParts));
    }

private Q_SLOTS:
    void understands_data()
    {
        QTest::addColumn<QString>("words");
        QTest::addColumn<int>("action");
        const auto row = [](const char *words, CommandLine::Action action) {
            QTest::newRow(words) << QString::fromLatin1(words) << int(action);
        };
        row("", CommandLine::Action::Window);
        row("--no-gui", CommandLine::Action::Engine);
        row("check --config x.toml", CommandLine::Action::Check);
        row("status --format json", CommandLine::Action::Status);
        row("gaps --repair", CommandLine::Action::Gaps);
        row("query ohlcv BTC/USDT:USDT 3m --limit 5", CommandLine::Action::Query);
        row("query mark-price", CommandLine::Action::Query);
        row("query funding-rate BTC-USDT-PERP", CommandLine::Action::Query);
        row("backfill --pairs all --timeframes 3m --from 2026-01-01", CommandLine::Action::Backfill);
        row("copy embedded influx", CommandLine::Action::Copy);
        row("copy influx embedded --pairs BTC/USDT:USDT --from 2026-01-01", CommandLine::Action::Copy);
        row("dead-letters", CommandLine::Action::DeadLetters);
        row("dead-letters a.jsonl b.jsonl --format json", CommandLine::Action::DeadLetters);
        row("dead-letters --replay a.jsonl", CommandLine::Action::DeadLetters);
        row("sync", CommandLine::Action::Sync);
        row("sync --once --full --datadir /x --pairs BTC/USDT:USDT --timeframes 3m", CommandLine::Action::Sync);
        row("sync --receipts", CommandLine::Action::Sync);
        row("hosts status", CommandLine::Action::Hosts);
        row("hosts restart a b --unit x.service", CommandLine::Action::Hosts);
        row("hosts logs a --follow --grep error --limit 5", CommandLine::Action::Hosts);
        row("hosts trust a SHA256:abc", CommandLine::Action::Hosts);
        row("hosts deploy --binary f --config-file c", CommandLine::Action::Hosts);
        row("hosts deploy a b --package f.deb --unit x.service", CommandLine::Action::Hosts);
        row("--help", CommandLine::Action::Help);
        row("--version", CommandLine::Action::Version);
    }
    void understands()
    {
        QFETCH(QString, words);
        QFETCH(int, action);
        const auto line = parse(words);
        QVERIFY2(line, line ? "" : qPrintable(line.error().message));
        QCOMPARE(int(line->action), action);
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("words");
        for (const char *words : {"fly",
                                  "query",
                                  "query trades",
                                  "query ohlcv BTC/USDT:USDT",
                                  "query mark-price A B",
                                  "gaps now",
                                  "sync now",
                                  "sync --receipts --once",
                                  "--format xml",
                                  "--limit 0",
                                  "--from yesterday",
                                  "backfill",
                                  "backfill --pairs all --timeframes 3m",
                                  "backfill --pairs all --timeframes 3m --from 2026-01-02 --to 2026-01-01",
                                  "--no-such-option",
                                  "copy",
                                  "copy embedded",
                                  "copy influx influx",
                                  "copy embedded sqlite",
                                  "copy embedded influx 3m",
                                  "copy embedded influx --from 2026-01-02 --to 2026-01-02",
                                  "dead-letters a.jsonl --replay b.jsonl",
                                  "hosts",
                                  "hosts explode a",
                                  "hosts stop",
                                  "hosts trust a",
                                  "hosts trust a b",
                                  "hosts deploy a",
                                  "hosts deploy a --binary f --package g",
                                  "hosts deploy a --package g --config-file c",
                                  "hosts status a --binary f",
                                  "--speed fast",
                                  "--demo-pairs 3",
                                  "--log-format xml"})
            QTest::newRow(words) << QString::fromLatin1(words);
    }
    void refuses()
    {
        QFETCH(QString, words);
        const auto line = parse(words);
        QVERIFY(!line);
        QVERIFY(line.error().message.contains(QStringLiteral("--help")));
    }

    void takesEveryPart()
    {
        const auto line = parse(QStringLiteral("backfill --pairs BTC/USDT:USDT,ETH-USDT-PERP --timeframes 3m,1h --from "
                                               "2026-11-01 --to 1795168800000 --format csv"));
        QVERIFY(line);
        QCOMPARE(line->pairs, (QStringList{QStringLiteral("BTC/USDT:USDT"), QStringLiteral("ETH-USDT-PERP")}));
        QCOMPARE(line->timeframes, (QStringList{QStringLiteral("3m"), QStringLiteral("1h")}));
        QCOMPARE(isoText(*line->from), QStringLiteral("2026-11-01T00:00:00Z"));
        QCOMPARE(toMs(*line->to), qint64(1'795'168'800'000));
        QVERIFY(line->format == OutputFormat::Csv);
    }
};

TK_TEST(CommandLineTest, command_line);

#include "tst_command_line.moc"
