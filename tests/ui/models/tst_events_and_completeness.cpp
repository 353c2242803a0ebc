// The list of events with its filter, and how complete the record is by series and day.
#include "ui/models/completeness.h"
#include "ui/models/event_model.h"

#include "alert/event_json.h"
#include "support/test_registry.h"

#include <QAbstractItemModelTester>
#include <QJsonArray>

using namespace tk;
using namespace tk::ui;
using namespace std::chrono_literals;

class EventsAndCompletenessTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void eventsNewestFirst()
    {
        monitor::EventBook book(8);
        EventModel model(book);
        EventFilterModel shown(model);
        const QAbstractItemModelTester tester(&model);
        const QAbstractItemModelTester filtered(&shown);
        const auto put = [&](qint64 id, alert::EventKind kind, const char *title, alert::Severity severity,
                             qint64 incident = 0) {
            book.apply({{QString::number(id), alert::toJson({.id = id,
                                                             .time = fromMs(1'000 * id),
                                                             .until = fromMs(1'000 * id),
                                                             .kind = kind,
                                                             .severity = severity,
                                                             .title = QLatin1String(title),
                                                             .pairs = {QStringLiteral("BTC/USDT:USDT")},
                                                             .incident = incident})}});
        };
        put(1, alert::EventKind::Incident, "incident", alert::Severity::Trouble);
        put(2, alert::EventKind::Streams, "Stream stale", alert::Severity::Trouble, 1);
        put(3, alert::EventKind::Connection, "Reconnected", alert::Severity::Good, 1);
        put(4, alert::EventKind::Config, "Configuration changed", alert::Severity::Info);
        const auto titles = [&] {
            QStringList all;
            for (int row = 0; row < shown.rowCount(); ++row)
                all.append(shown.index(row, EventModel::Title).data().toString());
            return all;
        };
        const QString stale = QStringLiteral("Stream stale");
        const QString back = QStringLiteral("Reconnected");
        const QString config = QStringLiteral("Configuration changed");
        QCOMPARE(titles(), QStringList({config, back, stale}));
        shown.setText(QStringLiteral("btc"));
        QCOMPARE(titles().size(), 3);
        shown.setText(QStringLiteral("recon"));
        QCOMPARE(titles(), QStringList{back});
        shown.setText({});
        shown.setKind(alert::EventKind::Streams);
        QCOMPARE(titles(), QStringList{stale});
        shown.setKind({});
        shown.setIncident(1);
        QCOMPARE(titles(), QStringList({back, stale}));
        shown.setIncident(0);
        shown.setTroubleOnly(true);
        QCOMPARE(titles(), QStringList{stale});
        shown.setTroubleOnly(false);
        for (qint64 id = 5; id < 30; ++id)
            put(id, alert::EventKind::Engine, "more", alert::Severity::Info);
        QVERIFY(model.rowCount() <= 9);
    }

    void completenessByDay()
    {
        const UtcTime today = *parseUtcTime(u"2026-11-20");
        const UtcTime now = today + 10h;
        const SeriesKey series{QStringLiteral("x"), QStringLiteral("BTC/USDT:USDT"), Timeframe::H1};
        const std::vector<SeriesRange> ranges{{series, today - 30h, now - 1h}};
        const std::vector<MissingSpan> missing{{series, today - 2h, today + 3h},
                                               {series, today - 20h, today - 18h, true}};
        const Completeness report(ranges, missing, now, 4);
        QCOMPARE(report.days().size(), size_t(4));
        QCOMPARE(report.days().back(), QDate(2026, 11, 20));
        QVERIFY(!report.cell(0, 0).isKnown()); // before the record begins
        QCOMPARE(report.cell(0, 1), (DayCell{6, 0, 0}));
        QCOMPARE(report.cell(0, 2), (DayCell{24, 2, 2}));
        QCOMPARE(report.cell(0, 3), (DayCell{10, 3, 0}));
        QCOMPARE(report.total(0), (DayCell{40, 5, 2}));
        QCOMPARE(report.cell(0, 1).share(), 1.0);
    }

    void aSeriesWithNothingIsAllMissing()
    {
        const UtcTime today = *parseUtcTime(u"2026-11-20");
        const SeriesKey series{QStringLiteral("x"), QStringLiteral("NEW/USDT:USDT"), Timeframe::M15};
        const Completeness report({}, {{series, today + 1h, today + 3h}}, today + 3h, 2);
        QCOMPARE(report.series().size(), size_t(1));
        QCOMPARE(report.cell(0, 1), (DayCell{8, 8, 0}));
    }

    void nothingIsNothing()
    {
        const Completeness report({}, {}, *parseUtcTime(u"2026-11-20"), 3);
        QVERIFY(report.series().empty());
        QCOMPARE(report.days().size(), size_t(3));
    }
};

TK_TEST(EventsAndCompletenessTest, events_and_completeness);
#include "tst_events_and_completeness.moc"
