// The status of the database and its spool, as rows for people.
#include "app/commands/status.h"
#include "app/live_topics.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::app;
using store::influx::AuditSnapshot;
using store::influx::SenderSnapshot;

namespace {

const UtcTime started = fromMs(1'795'168'800'000); // 2026-11-20T10:00:00Z

QJsonObject statusOf(const SenderSnapshot &sender, const AuditSnapshot *audit)
{
    return {{QStringLiteral("ok"), true},
            {QStringLiteral("engine"),
             QJsonObject{{QStringLiteral("started"), isoText(started)}, {QStringLiteral("uptime_ms"), 3'600'000}}},
            {QStringLiteral("database"), databaseObject(sender, audit)}};
}

// "state|since|detail" of a part; empty where there is no such row.
QString row(const Table &table, const QString &part)
{
    for (const auto &cells : table.rows) {
        if (cells[0].text == part)
            return cells[1].text + u'|' + cells[2].text + u'|' + cells[3].text;
    }
    return {};
}

} // namespace

class StatusTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void withoutADatabaseThereIsNoRow()
    {
        const Table table = statusTable({{QStringLiteral("database"), QJsonValue()}});
        QVERIFY(row(table, QStringLiteral("database")).isEmpty());
        QVERIFY(row(table, QStringLiteral("spool")).isEmpty());
    }

    void allIsWell()
    {
        SenderSnapshot sender;
        sender.state = SenderSnapshot::State::Delivering;
        sender.api = "v1";
        sender.points = 1200;
        sender.points_per_second = 12.34;
        sender.spool.max_size = 1000;
        sender.spool.bytes_on_disk = 10;
        const AuditSnapshot audit{.last_pass = started};
        const Table table = statusTable(statusOf(sender, &audit));
        QCOMPARE(
            row(table, QStringLiteral("database")),
            QStringLiteral("delivering||v1, 12.3 points/s, 1200 points delivered since the start, 0 lines refused, "
                           "last audit: 2026-11-20T10:00:00Z"));
        QCOMPARE(row(table, QStringLiteral("spool")), QStringLiteral("ok||0 bytes wait, 10 of 1000 bytes on the disk"));
    }

    void troubleComesFirst()
    {
        SenderSnapshot sender;
        sender.state = SenderSnapshot::State::Parked;
        sender.trouble = QStringLiteral("401 authorization failed");
        sender.advice = QStringLiteral("look at the token");
        sender.trouble_since = started;
        sender.refused_lines = 3;
        sender.spool.max_size = 1000;
        sender.spool.bytes_on_disk = 900;
        sender.spool.evicted_entries = 2;
        sender.spool.lanes[0].waiting_entries = 7;
        sender.spool.lanes[0].waiting_bytes = 800;
        sender.spool.lanes[0].oldest_waiting = started + std::chrono::minutes(30);
        const AuditSnapshot audit{.lost = 5, .resent = 4, .trouble = QStringLiteral("timeout")};
        const Table table = statusTable(statusOf(sender, &audit));
        QCOMPARE(
            row(table, QStringLiteral("database")),
            QStringLiteral("parked|2026-11-20T10:00:00Z|401 authorization failed; look at the token; 0.0 points/s, "
                           "0 points delivered since the start, 3 lines refused, last audit: never, 5 points lost "
                           "and 4 sent again; it cannot be counted: timeout"));
        QCOMPARE(
            row(table, QStringLiteral("spool")),
            QStringLiteral("overflowed|2026-11-20T10:30:00Z|800 bytes wait, the oldest for %1, 900 of 1000 bytes on "
                           "the disk, 2 entries gave way to newer ones")
                .arg(ageText(std::chrono::minutes(30))));
    }
};

TK_TEST(StatusTest, status);

#include "tst_status.moc"
