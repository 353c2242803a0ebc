#include "load_rig.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>
#include <QTest>

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

namespace tk::bench {

namespace {

constexpr int windows = 4; // of the measured time; the median of them counts
constexpr int windowMs = 16'000;
constexpr int settleMs = 12'000;

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

double peakMbOf(qint64 pid)
{
    QFile status(QStringLiteral("/proc/%1/status").arg(pid));
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    for (const QByteArray &line : status.readAll().split('\n')) {
        if (line.startsWith("VmHWM:"))
            return line.simplified().split(' ').value(1).toDouble() / 1024;
    }
    return 0;
}

} // namespace

Load realLoad()
{
    Load load;
    load.timeframes = "\"1m\", \"3m\", \"5m\", \"15m\", \"30m\", \"1h\", \"2h\", \"4h\", \"6h\", \"12h\"";
    return load;
}

LoadRig::LoadRig(Load load)
    : m_load(std::move(load))
    , m_anchor(SystemClock().utcNow())
    , m_clock(std::make_unique<ScaledClock>(m_load.speed, m_anchor))
    , m_folder(benchFolder() + QStringLiteral("/bench-load-XXXXXX")) // the load is durable: on a real disk
{}

LoadRig::~LoadRig()
{
    for (QProcess *process : {&m_engine, &m_exchange}) {
        process->terminate();
        if (!process->waitForFinished(20'000))
            process->kill();
        process->waitForFinished(10'000);
    }
}

bool LoadRig::start()
{
    const QString since = isoText(m_anchor - std::chrono::minutes(20));
    QStringList time; // none: the system's clock, as for users
    if (m_load.speed != 1)
        time = {QStringLiteral("--speed"), QString::number(m_load.speed), QStringLiteral("--anchor"),
                QString::number(toMs(m_anchor))};
    m_exchange.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-exchange"),
                     QStringList{QStringLiteral("--pairs"), QString::number(m_load.pairs), QStringLiteral("--activity"),
                                 QString::number(m_load.activity), QStringLiteral("--activity-since"), since,
                                 QStringLiteral("--segment-per-frame"), QStringLiteral("--exit-with-stdin")} +
                         time);
    if (!m_exchange.waitForReadyRead(20'000))
        return false;
    const QJsonObject urls = QJsonDocument::fromJson(m_exchange.readLine()).object();
    m_control = urls.value(QLatin1String("control")).toString();
    QFile file(m_folder.filePath(QStringLiteral("tapekeeper.toml")));
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.write("version = 1\n[engine]\ndata_dir = \"" + dataDir().toUtf8() +
               "\"\nhttp = \"\"\n[[exchange]]\nname = \"binance-usdm\"\nrest_url = \"" +
               urls.value(QLatin1String("rest")).toString().toUtf8() + "\"\nws_url = \"" +
               urls.value(QLatin1String("ws")).toString().toUtf8() + "\"\ntimeframes = [" + m_load.timeframes +
               "]\nhistory = 10\n");
    if (!m_load.streams.isEmpty())
        file.write("streams = [" + m_load.streams + "]\n");
    file.write(m_load.store);
    file.close();
    m_engine.setProcessChannelMode(QProcess::MergedChannels);
    m_engine.setChildProcessModifier([parent = getpid()] {
        // A benchmark that dies takes the program along.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent)
            ::_exit(1);
    });
    m_engine.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"),
                   QStringList{QStringLiteral("--no-gui"), QStringLiteral("--config"), file.fileName()} + time);
    return QTest::qWaitFor([this] { return log().contains("first fill done"); }, 240'000);
}

Figures LoadRig::measure()
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
    figures.residentMb = residentMb();
    figures.peakMb = peakMbOf(m_engine.processId());
    return figures;
}

double LoadRig::residentMb() const
{
    return residentMbOf(m_engine.processId());
}

double LoadRig::framesSent()
{
    QNetworkReply *reply = m_network.get(QNetworkRequest(QUrl(m_control + QStringLiteral("/stats"))));
    (void)QTest::qWaitFor([reply] { return reply->isFinished(); }, 10'000);
    reply->deleteLater();
    return QJsonDocument::fromJson(reply->readAll()).object().value(QLatin1String("framesSent")).toDouble();
}

const QByteArray &LoadRig::log()
{
    m_log += m_engine.readAll();
    return m_log;
}

QString benchFolder()
{
    return qEnvironmentVariable("TAPEKEEPER_BENCH_FOLDER", QStringLiteral(TAPEKEEPER_BIN_DIR));
}

} // namespace tk::bench
