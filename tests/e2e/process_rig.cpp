#include "process_rig.h"

#include <QFile>
#include <QTest>

#include <csignal>

namespace tk::test {

ProcessRig::ProcessRig(ProcessOptions options)
    : m_options(std::move(options))
    , m_anchor(SystemClock().utcNow())
{
    m_clock = std::make_shared<ScaledClock>(m_options.factor, m_anchor);
    sim::SimSettings settings = m_options.sim;
    settings.pairs = m_options.pairs;
    m_sim = std::make_unique<sim::SimulatorThread>(settings, m_clock);
    configure(m_options.configuration);
}

ProcessRig::~ProcessRig()
{
    if (m_process)
        kill();
}

void ProcessRig::configure(const QByteArray &exchangeLines)
{
    QByteArray timeframes;
    for (const Timeframe timeframe : m_options.timeframes)
        timeframes += (timeframes.isEmpty() ? "\"" : ", \"") + timeframeText(timeframe).toLatin1() + '"';
    QFile file(configFile());
    if (!file.open(QIODevice::WriteOnly))
        qFatal("the configuration cannot be written");
    file.write("version = 1\n[engine]\ndata_dir = \"" + dataDir().toUtf8() + "\"\nhttp = \"" + m_options.http +
               "\"\n[[exchange]]\nname = \"binance-usdm\"\n"
               "rest_url = \"" +
               m_sim->restUrl().toString().toUtf8() + "\"\nws_url = \"" + m_sim->wsUrl().toString().toUtf8() +
               "\"\ntimeframes = [" + timeframes + "]\nhistory = " + QByteArray::number(m_options.history) + '\n' +
               exchangeLines);
}

bool ProcessRig::start(const QProcessEnvironment &environment)
{
    m_log.clear();
    m_process = std::make_unique<QProcess>();
    m_process->setProcessEnvironment(environment);
    m_process->setProcessChannelMode(QProcess::MergedChannels);
    QObject::connect(m_process.get(), &QProcess::readyReadStandardOutput, m_process.get(), [this] {
        m_log += m_process->readAllStandardOutput();
        if (toMs(m_fillBegan) == 0 && m_log.contains("first fill begins"))
            m_fillBegan = m_clock->utcNow();
    });
    m_process->start(QStringLiteral(TAPEKEEPER_BIN_DIR "/") + m_options.program,
                     {QStringLiteral("--no-gui"), QStringLiteral("--config"), configFile(), QStringLiteral("--speed"),
                      QString::number(m_options.factor), QStringLiteral("--anchor"), QString::number(toMs(m_anchor))});
    if (toMs(m_startedAt) == 0)
        m_startedAt = m_clock->utcNow();
    return m_process->waitForStarted();
}

ProcessRig::Answer ProcessRig::ask(const QStringList &arguments) const
{
    QProcess process;
    process.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/") + m_options.program,
                  arguments + QStringList{QStringLiteral("--config"), configFile()});
    // The simulator, which the engine needs meanwhile, has a thread of its own.
    if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 30'000)) {
        process.kill();
        process.waitForFinished(5'000);
        return {};
    }
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
}

bool ProcessRig::waitLog(const QByteArray &text, milliseconds patience)
{
    return QTest::qWaitFor([&] { return m_log.contains(text); }, int(patience.count()));
}

bool ProcessRig::waitReady()
{
    return waitLog("engine started");
}

void ProcessRig::kill()
{
    m_process->kill();
    m_process->waitForFinished(10'000);
}

void ProcessRig::signal(int number)
{
    ::kill(pid_t(m_process->processId()), number);
}

bool ProcessRig::waitEnd(milliseconds patience)
{
    return QTest::qWaitFor([this] { return m_process->state() == QProcess::NotRunning; }, int(patience.count()));
}

qint64 ProcessRig::residentBytes() const
{
    QFile status(QStringLiteral("/proc/%1/status").arg(m_process->processId()));
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    for (const QByteArray &line : status.readAll().split('\n')) {
        if (line.startsWith("VmRSS:"))
            return line.simplified().split(' ').value(1).toLongLong() * 1024;
    }
    return 0;
}

bool ProcessRig::waitSimulated(milliseconds span)
{
    const UtcTime until = m_clock->utcNow() + span;
    return QTest::qWaitFor([&] { return m_clock->utcNow() >= until; },
                           10'000 + int(2.0 * double(span.count()) / m_options.factor));
}

QString ProcessRig::verdict()
{
    const UtcTime until = m_clock->utcNow();
    if (!waitSimulated(std::chrono::seconds(100)))
        return QStringLiteral("the clock did not run");
    const TruthCheck check{.sim = m_sim.get(),
                           .dataDir = dataDir(),
                           .instruments = collectedInstruments(dataDir()),
                           .timeframes = m_options.timeframes,
                           .since = std::max(m_startedAt, m_fillBegan),
                           .history = m_options.history,
                           .influx = m_options.truth};
    QStringList found;
    (void)QTest::qWaitFor([&] { return (found = check.differences(until)).isEmpty(); }, 60'000);
    return verdictOf(found);
}

} // namespace tk::test
