#include "support/test_registry.h"
#include "telemetry/metrics.h"

#include <QRegularExpression>
#include <QSet>

#include <thread>

using namespace tk;
using namespace tk::telemetry;

class MetricsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theTextIsWellFormed()
    {
        Metrics metrics;
        fill(metrics);
        const QString text = QString::fromStdString(metrics.text());
        QVERIFY(text.endsWith(u'\n'));
        QVERIFY(!text.contains(u'\r'));

        // Not a raw string: moc loses the class after one.
        static const QRegularExpression sample(
            QStringLiteral("^([a-zA-Z_][a-zA-Z0-9_]*)(\\{([a-z_]+=\"(\\\\.|[^\"\\\\])*\"(,(?=[a-z])|(?=\\})))*\\})? "
                           "(([-+]?[0-9.]+(e[-+]?[0-9]+)?|NaN|[-+]Inf)$)"));
        QString family;
        QString type;
        QSet<QString> families;
        QSet<QString> series;
        QStringList lines = text.split(u'\n');
        lines.removeLast();
        for (qsizetype i = 0; i < lines.size(); ++i) {
            const QString &line = lines[i];
            if (line.startsWith(QLatin1String("# HELP "))) {
                family = line.section(u' ', 2, 2);
                QVERIFY2(!families.contains(family), qPrintable(family)); // all its lines together, named once
                families.insert(family);
                QVERIFY2(line.section(u' ', 3).size() > 5, qPrintable(line));
                QVERIFY(i + 1 < lines.size());
                QVERIFY2(lines[i + 1].startsWith(QStringLiteral("# TYPE %1 ").arg(family)), qPrintable(lines[i + 1]));
                type = lines[++i].section(u' ', 3, 3);
                QCOMPARE(type == QLatin1String("counter"), family.endsWith(QLatin1String("_total")));
                QVERIFY2(family.startsWith(QLatin1String("tapekeeper_")) ||
                             family.startsWith(QLatin1String("process_")),
                         qPrintable(family));
                continue;
            }
            const auto match = sample.match(line);
            QVERIFY2(match.hasMatch(), qPrintable(line));
            QString name = match.captured(1);
            if (type == QLatin1String("histogram"))
                name.remove(QRegularExpression(QStringLiteral("_(bucket|sum|count)$")));
            QCOMPARE(name, family);
            const QString key = line.left(line.lastIndexOf(u' '));
            QVERIFY2(!series.contains(key), qPrintable(key));
            series.insert(key);
        }
        for (const char *name : {"tapekeeper_frames_total",
                                 "tapekeeper_frame_bytes_total",
                                 "tapekeeper_frames_unhandled_total",
                                 "tapekeeper_frames_broken_total",
                                 "tapekeeper_records_stored_total",
                                 "tapekeeper_reconnects_total",
                                 "tapekeeper_streams",
                                 "tapekeeper_spool_bytes",
                                 "tapekeeper_spool_oldest_record_age_seconds",
                                 "tapekeeper_store_errors_total",
                                 "tapekeeper_gaps_open",
                                 "tapekeeper_gaps_opened_total",
                                 "tapekeeper_gaps_repaired_total",
                                 "tapekeeper_gaps_unfillable_total",
                                 "tapekeeper_rest_weight_used",
                                 "tapekeeper_rest_requests_total",
                                 "tapekeeper_event_to_stored_seconds",
                                 "tapekeeper_candles_corrected_total",
                                 "tapekeeper_clock_offset_seconds",
                                 "tapekeeper_queue_waiting",
                                 "tapekeeper_queue_refused_total",
                                 "tapekeeper_build_info",
                                 "process_cpu_seconds_total",
                                 "process_resident_memory_bytes",
                                 "process_open_fds",
                                 "process_start_time_seconds"})
            QVERIFY2(families.contains(QLatin1String(name)), name);
    }

    // Who has one exchange keeps the series that his rules know; with a second one they say whose they are, and what
    // was counted goes on.
    void gapsNameTheirExchangeWhereThereAreSeveral()
    {
        const QString one = QStringLiteral("one");
        const QString two = QStringLiteral("two");
        Metrics metrics;
        const auto has = [&](const QString &line) {
            return QString::fromStdString(metrics.text()).contains(u'\n' + line + u'\n');
        };
        metrics.addExchange(one, {QStringLiteral("all")});
        metrics.gapsOpen(one).Set(3);
        metrics.gapsRepaired(one).Increment(5);
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_open 3")));
        metrics.addExchange(two, {QStringLiteral("all")});
        QVERIFY(!QString::fromStdString(metrics.text()).contains(QStringLiteral("\ntapekeeper_gaps_open 3")));
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_open{exchange=\"one\"} 3")));
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_open{exchange=\"two\"} 0")));
        metrics.gapsRepaired(one).Increment(2);
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_repaired_total{exchange=\"one\"} 7")));
        metrics.reconnects(two, QStringLiteral("no data"), QStringLiteral("ok")).Increment();
        metrics.forgetExchange(two);
        QVERIFY(!QString::fromStdString(metrics.text()).contains(QStringLiteral("\"two\"")));
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_open 3")));
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_repaired_total 7")));
        metrics.forgetExchange(two); // once more is nothing
        QVERIFY(has(QStringLiteral("tapekeeper_gaps_open 3")));
    }

    void histogramsAreCumulative()
    {
        Metrics metrics;
        for (const double seconds : {0.001, 0.3, 0.3, 7.0, 100.0})
            metrics.eventToStored().Observe(seconds);
        double last = 0;
        double infinity = -1;
        int buckets = 0;
        for (const QString &line : QString::fromStdString(metrics.text()).split(u'\n')) {
            if (!line.startsWith(QLatin1String("tapekeeper_event_to_stored_seconds_bucket")))
                continue;
            const double value = line.section(u' ', -1).toDouble();
            QVERIFY2(value >= last, qPrintable(line));
            last = value;
            ++buckets;
            if (line.contains(QLatin1String("le=\"+Inf\"")))
                infinity = value;
        }
        QCOMPARE(buckets, 13);
        QCOMPARE(infinity, 5.0);
        QVERIFY(has(metrics, "tapekeeper_event_to_stored_seconds_count 5"));
        QVERIFY(has(metrics, "tapekeeper_event_to_stored_seconds_bucket{le=\"0.1\"} 1"));
    }

    void knownSeriesBeginAtZero()
    {
        Metrics metrics;
        metrics.addExchange(QStringLiteral("binance-usdm"), {QStringLiteral("market")});
        // A rate over a series that does not exist yet would miss the first of them.
        QVERIFY(
            has(metrics, "tapekeeper_reconnects_total{exchange=\"binance-usdm\",reason=\"closed\",status=\"ok\"} 0"));
        QVERIFY(has(metrics, "tapekeeper_frames_total{exchange=\"binance-usdm\",route=\"market\"} 0"));
        QVERIFY(has(metrics, "tapekeeper_streams{exchange=\"binance-usdm\",state=\"stale\"} 0"));
        QVERIFY(has(metrics, "tapekeeper_records_stored_total{kind=\"funding_rate\"} 0"));
        QVERIFY(has(metrics, "tapekeeper_gaps_repaired_total 0"));
    }

    void referencesStayTheSame()
    {
        Metrics metrics;
        Counter &frames = metrics.frames(QStringLiteral("x"), QStringLiteral("y"));
        QCOMPARE(&frames, &metrics.frames(QStringLiteral("x"), QStringLiteral("y")));
        frames.Increment(3);
        QVERIFY(has(metrics, "tapekeeper_frames_total{exchange=\"x\",route=\"y\"} 3"));
        QCOMPARE(&metrics.eventToStored(), &metrics.eventToStored());
    }

    void labelsFromOutsideAreBounded()
    {
        Metrics metrics;
        for (int i = 0; i < 1000; ++i)
            metrics.framesUnhandled(QStringLiteral("x"), QStringLiteral("kind \"%1\"\n").arg(i)).Increment();
        const QString text = QString::fromStdString(metrics.text());
        QVERIFY(text.count(QLatin1String("tapekeeper_frames_unhandled_total{")) <= 102);
        QVERIFY(text.contains(QLatin1String("kind=\"other\"} 900")));
    }

    void countsFromManyThreads()
    {
        Metrics metrics;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                Counter &counter = metrics.recordsStored(RecordKind::Candle);
                for (int n = 0; n < 10'000; ++n)
                    counter.Increment();
            });
        for (int i = 0; i < 10; ++i)
            QVERIFY(!metrics.text().empty());
        for (std::thread &thread : threads)
            thread.join();
        QVERIFY(has(metrics, "tapekeeper_records_stored_total{kind=\"candle\"} 40000"));
    }

    void theProcessIsMeasured()
    {
        Metrics metrics;
        const QString text = QString::fromStdString(metrics.text());
        const auto value = [&](const char *name) {
            const qsizetype at = text.indexOf(QLatin1Char('\n') + QLatin1String(name) + QLatin1Char(' '));
            return text.mid(at + 1).section(u'\n', 0, 0).section(u' ', 1).toDouble();
        };
        QVERIFY(value("process_resident_memory_bytes") > 1e6);
        QVERIFY(value("process_start_time_seconds") > 1.5e9);
        QVERIFY(value("process_open_fds") >= 3);
    }

private:
    static bool has(Metrics &metrics, const char *line)
    {
        return QString::fromStdString(metrics.text()).split(u'\n').contains(QLatin1String(line));
    }
    static void fill(Metrics &metrics)
    {
        const QString exchange = QStringLiteral("binance-usdm");
        metrics.addExchange(exchange, {QStringLiteral("market"), QStringLiteral("public")});
        metrics.framesUnhandled(exchange, QStringLiteral("odd \"kind\"\\")).Increment();
        metrics.reconnects(exchange, QStringLiteral("no data"), QStringLiteral("ok")).Increment();
        metrics.storeErrors(QStringLiteral("full")).Increment();
        metrics.restRequests(exchange, 429).Increment();
        metrics.clockOffset(QStringLiteral("binance-usdm")).Set(-0.0125);
        metrics.queueWaiting(QStringLiteral("store")).Set(3);
        metrics.queueRefused(QStringLiteral("store")).Increment();
        metrics.eventToStored().Observe(0.2);
    }
};

TK_TEST(MetricsTest, metrics);
#include "tst_metrics.moc"
