// What the whole program costs under the load it was made for: processes, real time, the real exchange's way of sending
// every frame in a TCP segment of its own.
#include "base/clock.h"
#include "measure.h"
#include "support/test_registry.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <unistd.h>

namespace tk::bench {

namespace {

constexpr int windows = 4; // of the measured time; the median of them counts
constexpr int windowMs = 16'000;
constexpr int settleMs = 12'000;

struct Load
{
    int pairs;
    double activity;
    QByteArray timeframes;
};

struct Figures
{
    std::vector<double> cpuPercent;
    std::vector<double> framesPerSecond;
    double residentMb = 0;
};

double cpuSecondsOf(qint64 pid)
{
    QFile stat(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!stat.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> fields = stat.readAll().split(')').last().trimmed().split(' ');
    return (fields.value(11).toDouble() + fields.value(12).toDouble()) / double(sysconf(_SC_CLK_TCK));
}

double residentMbOf(qint64 pid)
{
    QFile statm(QStringLiteral("/proc/%1/statm").arg(pid));
    if (!statm.open(QIODevice::ReadOnly))
        return 0;
    return statm.readAll().split(' ').value(1).toDouble() * double(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

class LoadRig
{
public:
    explicit LoadRig(const Load &load)
        : m_load(load)
    {}
    ~LoadRig()
    {
        for (QProcess *process : {&m_engine, &m_exchange}) {
            process->terminate();
            process->waitForFinished(10'000);
        }
    }

    bool start()
    {
        const QString since = isoText(SystemClock().utcNow() - std::chrono::minutes(20));
        m_exchange.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-exchange"),
                         {QStringLiteral("--pairs"), QString::number(m_load.pairs), QStringLiteral("--activity"),
                          QString::number(m_load.activity), QStringLiteral("--activity-since"), since,
                          QStringLiteral("--segment-per-frame"), QStringLiteral("--exit-with-stdin")});
        if (!m_exchange.waitForReadyRead(20'000))
            return false;
        const QJsonObject urls = QJsonDocument::fromJson(m_exchange.readLine()).object();
        m_control = urls.value(QLatin1String("control")).toString();
        QFile file(m_folder.filePath(QStringLiteral("tapekeeper.toml")));
        if (!file.open(QIODevice::WriteOnly))
            return false;
        file.write("version = 1\n[engine]\ndata_dir = \"" + m_folder.filePath(QStringLiteral("data")).toUtf8() +
                   "\"\nhttp = \"\"\n[[exchange]]\nname = \"binance-usdm\"\nrest_url = \"" +
                   urls.value(QLatin1String("rest")).toString().toUtf8() + "\"\nws_url = \"" +
                   urls.value(QLatin1String("ws")).toString().toUtf8() + "\"\ntimeframes = [" + m_load.timeframes +
                   "]\nhistory = 10\n");
        file.close();
        m_engine.setProcessChannelMode(QProcess::MergedChannels);
        m_engine.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"),
                       {QStringLiteral("--no-gui"), QStringLiteral("--config"), file.fileName()});
        return QTest::qWaitFor([this] { return (m_log += m_engine.readAll()).contains("first fill done"); }, 240'000);
    }

    Figures measure()
    {
        QTest::qWait(settleMs);
        Figures figures;
        for (int i = 0; i < windows; ++i) {
            const double frames = framesSent();
            const double cpu = cpuSecondsOf(m_engine.processId());
            const MonotonicTime began = SystemClock().now();
            QTest::qWait(windowMs);
            const std::chrono::duration<double> took = SystemClock().now() - began;
            figures.cpuPercent.push_back(100 * (cpuSecondsOf(m_engine.processId()) - cpu) / took.count());
            figures.framesPerSecond.push_back((framesSent() - frames) / took.count());
        }
        figures.residentMb = residentMbOf(m_engine.processId());
        return figures;
    }

    const QByteArray &log()
    {
        m_log += m_engine.readAll();
        return m_log;
    }

private:
    double framesSent()
    {
        QNetworkReply *reply = m_network.get(QNetworkRequest(QUrl(m_control + QStringLiteral("/stats"))));
        (void)QTest::qWaitFor([reply] { return reply->isFinished(); }, 10'000);
        reply->deleteLater();
        return QJsonDocument::fromJson(reply->readAll()).object().value(QLatin1String("framesSent")).toDouble();
    }

    Load m_load;
    QTemporaryDir m_folder;
    QString m_control;
    QNetworkAccessManager m_network;
    QByteArray m_log;
    QProcess m_exchange;
    QProcess m_engine;
};

} // namespace

class BenchLoad : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void aTwentiethOfACore_data()
    {
        QTest::addColumn<int>("pairs");
        QTest::addColumn<QByteArray>("timeframes");
        QTest::addColumn<bool>("demanded");
        // Ten candle streams and the mark price of each pair, in a market so busy that every candle changes all the
        // time: 164 * (10 * 4 + 1) frames a second, the figure of a busy day.
        QTest::newRow("164-pairs") << 164
                                   << QByteArray(R"("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h")")
                                   << true;
        QTest::newRow("1000-pairs") << 1000 << QByteArray(R"("3m", "15m", "1h")") << false;
    }
    void aTwentiethOfACore()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        QFETCH(int, pairs);
        QFETCH(QByteArray, timeframes);
        QFETCH(bool, demanded);
        LoadRig rig({.pairs = pairs, .activity = 300, .timeframes = timeframes});
        QVERIFY2(rig.start(), rig.log().right(4000).constData());
        const Figures figures = rig.measure();
        const QString name = QString::fromLatin1(QTest::currentDataTag());
        const auto bound = demanded ? Demand::Bound::AtMost : Demand::Bound::ReportOnly;
        judge({name + QStringLiteral("-frames"), Demand::Bound::ReportOnly, 0, QStringLiteral("/s")},
              figures.framesPerSecond);
        const bool cpu = judge({name + QStringLiteral("-cpu"), bound, 5, QStringLiteral(" %")}, figures.cpuPercent);
        const bool memory =
            judge({name + QStringLiteral("-resident"), bound, 80, QStringLiteral(" MB")}, {figures.residentMb});
        QVERIFY2(!demanded || median(figures.framesPerSecond) >= 6'000, "the load was not the one that is asked for");
        QVERIFY2(!rig.log().contains("CRITICAL"), rig.log().right(4000).constData());
        QVERIFY(cpu);
        QVERIFY(memory);
    }
};

} // namespace tk::bench

using tk::bench::BenchLoad;
TK_TEST(BenchLoad, load);
#include "tst_load.moc"
