// What remote hosts print, as systemd 252, coreutils and OpenSSH of Debian 12 printed it, turned into values.
#include "remote/data_files.h"
#include "remote/host_key.h"
#include "remote/journal_entry.h"
#include "remote/unit_scripts.h"
#include "support/test_registry.h"

#include <QProcess>

using namespace tk;
using namespace tk::remote;

namespace {

const QByteArray shown =
    "MainPID=195\nResult=success\nNRestarts=2\nExecMainStatus=0\nMemoryCurrent=12345678\n"
    "Id=freqtrade-feeder1.service\nTriggers=\nDescription=Feeder one\nLoadState=loaded\nActiveState=active\n"
    "SubState=running\nUnitFileState=enabled\nStateChangeTimestamp=@1795274469\n"
    "InvocationID=7fc0738be7d34495a17dd147a4577d7f\n\n"
    "MainPID=0\nResult=exit-code\nNRestarts=0\nExecMainStatus=3\nMemoryCurrent=[not set]\nId=broken.service\n"
    "Triggers=\nDescription=broken.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\n"
    "UnitFileState=static\nStateChangeTimestamp=@1795274469\nInvocationID=7b9e11c4f5f34e008e335fa6ef1e1a0d\n\n"
    "NextElapseUSecRealtime=Sat 2026-11-21 16:00:00 UTC\nLastTriggerUSec=\nResult=success\n"
    "Id=influxdb-data-sync.timer\nTriggers=influxdb-data-sync.service\nDescription=influxdb-data-sync.timer\n"
    "LoadState=loaded\nActiveState=active\nSubState=waiting\nUnitFileState=enabled\n"
    "StateChangeTimestamp=Sat 2026-11-21 15:21:09 UTC\n\n"
    "MainPID=0\nResult=success\nMemoryCurrent=18446744073709551615\nId=nosuch.service\nLoadState=not-found\n"
    "ActiveState=inactive\nSubState=dead\nUnitFileState=\nStateChangeTimestamp=\n";

} // namespace

class ParsersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void units()
    {
        const std::vector<UnitState> units = parseUnits(shown);
        QCOMPARE(units.size(), size_t(4));
        QCOMPARE(units[0].name, QStringLiteral("freqtrade-feeder1.service"));
        QVERIFY(units[0].isRunning());
        QCOMPARE(*units[0].restarts, qint64(2));
        QCOMPARE(*units[0].memory, qint64(12'345'678));
        QCOMPARE(isoText(units[0].since), QStringLiteral("2026-11-21T15:21:09Z"));
        QCOMPARE(units[0].pid, qint64(195));
        QVERIFY(lightOf(units[0]) == Light::Good);

        QVERIFY(!units[1].memory);
        QCOMPARE(stateText(units[1]), QStringLiteral("failed (exit-code 3)"));
        QVERIFY(lightOf(units[1]) == Light::Bad);

        QCOMPARE(isoText(units[2].next_run), QStringLiteral("2026-11-21T16:00:00Z"));
        QCOMPARE(isoText(units[2].since), QStringLiteral("2026-11-21T15:21:09Z")); // without --timestamp=unix
        QCOMPARE(units[2].triggers, QStringList{QStringLiteral("influxdb-data-sync.service")});

        QCOMPARE(stateText(units[3]), QStringLiteral("not there"));
        QVERIFY(!units[3].memory);
        QVERIFY(lightOf(units[3]) == Light::Bad);
        QVERIFY(parseUnits("").empty());
        QVERIFY(parseUnits("noise\nmore = noise\n\n\n").empty());
    }

    // It runs at every look, and yet it crashes in between.
    void aGrowingNumberOfRestartsIsBad()
    {
        const UnitState before = parseUnits(shown)[0];
        UnitState after = before;
        QVERIFY(lightOf(after, &before) == Light::Good);
        after.restarts = 3;
        QVERIFY(lightOf(after, &before) == Light::Bad);
    }

    void aTimersResultIsThatOfWhatItStarts()
    {
        QHash<QString, PartAnswer> parts;
        parts[QStringLiteral("units")] = {
            shown + "\nId=influxdb-data-sync.service\nLoadState=loaded\nActiveState=failed\nResult=timeout\n", 0};
        parts[QStringLiteral("timers")] = {
            "[{\"next\":1795276800000000,\"left\":1795276800000000,\"last\":1795273200000001,\"passed\":0,\"unit\":"
            "\"influxdb-data-sync.timer\",\"activates\":\"influxdb-data-sync.service\"}]\n",
            0};
        const auto units = readUnits(parts);
        QVERIFY(units);
        const auto timer = std::ranges::find(*units, QStringLiteral("influxdb-data-sync.timer"), &UnitState::name);
        QVERIFY(timer != units->end());
        QCOMPARE(timer->result, QStringLiteral("timeout"));
        QCOMPARE(isoText(timer->next_run), QStringLiteral("2026-11-21T16:00:00Z"));
        QCOMPARE(isoText(timer->last_run), QStringLiteral("2026-11-21T15:00:00Z"));
        QVERIFY(lightOf(*timer) == Light::Bad);
        parts[QStringLiteral("units")] = {"sh: 1: systemctl: not found\n", 127};
        QVERIFY(!readUnits(parts));
    }

    void patterns()
    {
        const QStringList all{QStringLiteral("freqtrade-feeder*.service"), QStringLiteral("a.timer")};
        QVERIFY(matchesAny(QStringLiteral("freqtrade-feeder12.service"), all));
        QVERIFY(matchesAny(QStringLiteral("a.timer"), all));
        QVERIFY(!matchesAny(QStringLiteral("xfreqtrade-feeder1.service"), all));
        QVERIFY(!matchesAny(QStringLiteral("b.timer"), all));
        QCOMPARE(parseUnitNames(
                     "ssh.service  enabled  enabled\nsshd.service alias    -\nx@.service static -\nssh.service\n"),
                 (QStringList{QStringLiteral("ssh.service"), QStringLiteral("sshd.service")}));
    }

    void whatAnActionSaid()
    {
        QHash<QString, PartAnswer> parts;
        parts[QStringLiteral("after")] = {shown, 0};
        parts[QStringLiteral("journal")] = {{}, 0};
        parts[QStringLiteral("action")] = {"sudo: a password is required\n", 1};
        const QString unit = QStringLiteral("freqtrade-feeder1.service");
        auto result = readAction(UnitAction::Restart, unit, parts);
        QVERIFY(result && !result->done);
        QVERIFY(
            result->trouble.contains(QStringLiteral("NOPASSWD: /usr/bin/systemctl restart freqtrade-feeder1.service")));
        parts[QStringLiteral("action")] = {"Job for x.service failed.\n", 1};
        parts[QStringLiteral("journal")] = {"one\ntwo\n", 0};
        result = readAction(UnitAction::Start, unit, parts);
        QCOMPARE(result->trouble, QStringLiteral("Job for x.service failed."));
        QCOMPARE(result->journal.size(), 2);
        parts[QStringLiteral("action")] = {{}, 0};
        QVERIFY(readAction(UnitAction::Start, unit, parts)->done);
    }

    void journal()
    {
        const auto entry = parseJournalLine(
            "{\"PRIORITY\":\"3\",\"UNIT\":\"broken.service\",\"__CURSOR\":\"s=8c5c;i=86\",\"__REALTIME_TIMESTAMP\":"
            "\"1795274469922138\",\"MESSAGE\":\"Failed to start broken.service.\",\"_SYSTEMD_UNIT\":\"init.scope\"}");
        QVERIFY(entry);
        QCOMPARE(entry->unit, QStringLiteral("broken.service"));
        QCOMPARE(entry->priority, 3);
        QCOMPARE(isoText(entry->time), QStringLiteral("2026-11-21T15:21:09.922Z"));
        QCOMPARE(entry->cursor, QStringLiteral("s=8c5c;i=86"));
        const auto bytes = parseJournalLine("{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":[104,105,27,255]}");
        QVERIFY(bytes && bytes->message.startsWith(QStringLiteral("hi")) && !bytes->message.contains(QChar(27)));
        QCOMPARE(parseJournalLine("{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":[\"a\",\"b\"]}")->message,
                 QStringLiteral("a"));
        QVERIFY(parseJournalLine("{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":null}")->message.contains(u'('));
        QVERIFY(!parseJournalLine("-- No entries --"));
        QVERIFY(!parseJournalLine("{}"));
        QVERIFY((JournalFilter{QStringLiteral("FAILED"), 4}.takes(*entry)));
        QVERIFY(!(JournalFilter{QStringLiteral("FAILED"), 2}.takes(*entry)));
        QVERIFY(!(JournalFilter{QStringLiteral("started"), 7}.takes(*entry)));
    }

    void hostKeys()
    {
        const auto keys = parseKnownHosts(
            "# comment\n[127.0.0.1]:2222 ssh-ed25519 "
            "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl host\nbroken\nh ssh-rsa ???\n");
        QCOMPARE(keys.size(), size_t(1));
        QCOMPARE(keys[0].name, QStringLiteral("[127.0.0.1]:2222"));
        // As `ssh-keygen -lf` prints it for this key, which the whole world knows.
        QCOMPARE(keys[0].fingerprint(), QStringLiteral("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"));
    }

    void dataFiles()
    {
        const auto file = parseDataFileName(QStringLiteral("binance/futures/BTC_USDT_USDT-3m-futures.feather"));
        QVERIFY(file && file->timeframe == Timeframe::M3);
        QCOMPARE(file->pair, QStringLiteral("BTC_USDT_USDT"));
        QCOMPARE(file->content, QStringLiteral("futures"));
        QVERIFY(parseDataFileName(QStringLiteral("BTC_USDT_USDT-1Mo-futures.feather"))->timeframe == Timeframe::Mo1);
        QCOMPARE(parseDataFileName(QStringLiteral("BTC_USDT-1h.feather"))->content, QStringLiteral("spot"));
        QCOMPARE(parseDataFileName(QStringLiteral("币安人生_USDT_USDT-1h-mark.feather"))->content,
                 QStringLiteral("mark"));
        QVERIFY(!parseDataFileName(QStringLiteral("BTC_USDT_USDT-trades.feather")));
        QVERIFY(!parseDataFileName(QStringLiteral("BTC_USDT_USDT-7m-futures.feather")));

        QHash<QString, PartAnswer> parts;
        parts[QStringLiteral("files-0")] = {"131\t4242\t1795274463.4430000000\tbinance/A-3m-futures.feather\nnoise\n",
                                            0};
        parts[QStringLiteral("disk-0")] = {
            "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/vda         "
            "264212084 26832620  68668644      29% /\n",
            0};
        const Listing listing = readListing(0, parts);
        QVERIFY(listing.readable);
        QCOMPARE(listing.files.size(), size_t(1));
        QCOMPARE(listing.files[0].mtime, qint64(1'795'274'463'443'000'000));
        QCOMPARE(listing.disk_free, qint64(68'668'644) * 1024);
        QVERIFY(!readListing(1, parts).readable);
    }

    // Through a real shell: parts, their codes, a part that fails, and nothing that looks like an end.
    void scripts()
    {
        Script script;
        script.part(QStringLiteral("a"), QStringLiteral("printf 'no line end'"))
            .part(QStringLiteral("b"), QStringLiteral("echo tk-123 c 0; cat; (exit 7)"))
            .part(QStringLiteral("c"), QStringLiteral("x=1"));
        QProcess shell;
        shell.start(QStringLiteral("sh"), {QStringLiteral("-c"), script.text()});
        QVERIFY(shell.waitForFinished());
        const QByteArray out = shell.readAllStandardOutput();
        const auto parts = script.answer(out);
        QVERIFY(parts);
        QCOMPARE(parts->value(QStringLiteral("a")).out, QByteArray("no line end"));
        QCOMPARE(parts->value(QStringLiteral("b")).code, 7);
        QCOMPARE(parts->value(QStringLiteral("b")).out, QByteArray("tk-123 c 0\n"));
        QCOMPARE(parts->value(QStringLiteral("c")).code, 0);
        QVERIFY(!script.answer(out.chopped(3)));
        QVERIFY(!Script(script).part(QStringLiteral("d"), {}).answer(out));
    }

    void pieces()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("it's $HOME.feather")));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("0123456789") == 10);
        file.close();
        QProcess stat;
        stat.start(QStringLiteral("stat"), {QStringLiteral("-c"), QStringLiteral("%i"), file.fileName()});
        QVERIFY(stat.waitForFinished());
        const quint64 inode = stat.readAllStandardOutput().trimmed().toULongLong();
        const RemoteFile found{QStringLiteral("it's $HOME.feather"), inode, 10, 0};
        RemoteFile replaced = found;
        replaced.inode = inode + 1;
        const std::vector<Wanted> wanted{{folder.path(), found, {2, 3}},
                                         {folder.path(), replaced, {2, 3}},
                                         {folder.path(), {QStringLiteral("gone"), 5, 1, 0}, {0, 1}},
                                         {folder.path(), found, {8, 2}}};
        Script script;
        addPieces(script, wanted);
        QProcess shell;
        shell.start(QStringLiteral("sh"), {QStringLiteral("-c"), script.text()});
        QVERIFY(shell.waitForFinished());
        const auto parts = script.answer(shell.readAllStandardOutput());
        QVERIFY(parts);
        const std::vector<QByteArray> read = readPieces(wanted, *parts);
        QCOMPARE(read[0], QByteArray("234"));
        QVERIFY(read[1].isEmpty());
        QVERIFY(read[2].isEmpty());
        QCOMPARE(read[3], QByteArray("89"));
    }
};

TK_TEST(ParsersTest, parsers);
#include "tst_parsers.moc"
