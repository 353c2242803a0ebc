// The shipped dashboard asks for what there is: every metric and label, and InfluxQL that a real InfluxDB answers.
#include "core/store/samples.h"
#include "store/influx/direct_writer.h"
#include "store/line_protocol.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"
#include "telemetry/metrics.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

using namespace tk;
using namespace tk::test;

namespace {

// All texts under this key, wherever they stand.
void collect(const QJsonValue &value, const QString &key, QStringList &into)
{
    if (value.isArray()) {
        const QJsonArray array = value.toArray();
        for (const QJsonValue &one : array)
            collect(one, key, into);
    }
    const QJsonObject object = value.toObject();
    for (auto entry = object.begin(); entry != object.end(); ++entry) {
        if (entry.key() == key && entry->isString())
            into.append(entry->toString());
        collect(*entry, key, into);
    }
}

QStringList captures(const QString &pattern, const QString &text)
{
    QStringList all;
    auto match = QRegularExpression(pattern).globalMatch(text);
    while (match.hasNext())
        all.append(match.next().captured(1));
    return all;
}

} // namespace

class GrafanaTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QFile file(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/resources/grafana/tapekeeper.json"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QJsonParseError error;
        m_board = QJsonDocument::fromJson(file.readAll(), &error).object();
        QVERIFY2(!m_board.isEmpty(), qPrintable(error.errorString()));
    }

    void everyMetricIsOne()
    {
        telemetry::Metrics metrics;
        const QString exchange = QStringLiteral("binance-usdm");
        metrics.addExchange(exchange, {QStringLiteral("market")});
        metrics.frames(exchange, QStringLiteral("market"));
        metrics.reconnects(exchange, QStringLiteral("closed"), QStringLiteral("ok"));
        metrics.storeErrors(QStringLiteral("503"));
        metrics.restWeightUsed(exchange);
        metrics.eventToStored().Observe(0.1);
        const QStringList text = QString::fromStdString(metrics.text()).split(u'\n');
        QStringList expressions;
        collect(m_board, QStringLiteral("expr"), expressions);
        QVERIFY(expressions.size() >= 18);
        for (const QString &expression : expressions) {
            const QStringList names = captures(QStringLiteral("(tapekeeper_\\w+)"), expression);
            QCOMPARE(names.size(), 1);
            const QRegularExpression sample(u'^' + names[0] + QStringLiteral("[{ ]"));
            const QStringList samples = text.filter(sample);
            QVERIFY2(!samples.isEmpty(), qPrintable(names[0]));
            QStringList labels = captures(QStringLiteral("(\\w+)=\""), expression);
            for (const QString &list : captures(QStringLiteral("by \\(([^)]*)\\)"), expression))
                labels += list.split(QStringLiteral(", "));
            for (const QString &label : labels)
                QVERIFY2(samples[0].contains(label + QStringLiteral("=\"")), qPrintable(expression + samples[0]));
        }
    }

    void everyQueryIsAnswered()
    {
        if (!InfluxServer::isInstalled())
            QSKIP("no influxd on this machine");
        InfluxServer server;
        QVERIFY(server.start());
        server.query("CREATE DATABASE \"market_data\"");
        const UtcTime now = SystemClock().utcNow() - std::chrono::minutes(5);
        const QString pair = QStringLiteral("币安人生/USDT:USDT");
        QByteArray lines;
        store::appendLines(CandleBatch{series(Timeframe::M3, pair), {candle(now)}}, lines);
        store::appendLine(FundingPoint{.exchange = QStringLiteral("binance-usdm"),
                                       .pair = pair,
                                       .time = now,
                                       .rate = dec("0.0001"),
                                       .predicted_rate = dec("0.0002")},
                          lines);
        store::appendLine(MarkPoint{QStringLiteral("binance-usdm"), pair, now, dec("1"), dec("2")}, lines);
        store::influx::DirectWriter writer({.settings = server.settings()}, std::make_shared<SystemClock>());
        QCOMPARE(writer.write(store::Lane::Candles, lines, [](const auto &) {}).value(), 3);
        QStringList queries;
        collect(m_board[QLatin1StringView("panels")], QStringLiteral("query"), queries);
        QVERIFY(queries.size() >= 9);
        const QJsonArray variables = m_board[QLatin1StringView("templating")][QLatin1StringView("list")].toArray();
        QStringList known{QStringLiteral("timeFilter"), QStringLiteral("__rate_interval")};
        for (const QJsonValue &variable : variables) {
            known.append(variable[QLatin1StringView("name")].toString());
            if (variable[QLatin1StringView("type")].toString() == QLatin1StringView("query"))
                queries.append(variable[QLatin1StringView("query")].toString());
        }
        for (QString query : std::as_const(queries)) {
            for (const QString &name : captures(QStringLiteral("\\$(\\w+)"), query))
                QVERIFY2(known.contains(name), qPrintable(name));
            query.replace(QStringLiteral("$exchange"), QStringLiteral("binance-usdm"))
                .replace(QStringLiteral("$pair"), pair)
                .replace(QStringLiteral("$timeframe"), QStringLiteral("3m"))
                .replace(QStringLiteral("$timeFilter"), QStringLiteral("time >= now() - 1h"));
            const QByteArray answer = server.query(query.toUtf8());
            QVERIFY2(answer.contains("\"results\"") && !answer.contains("\"error\"") && answer.contains("\"series\""),
                     (query.toUtf8() + answer).constData());
        }
    }

private:
    QJsonObject m_board;
};

TK_TEST(GrafanaTest, grafana);

#include "tst_grafana.moc"
