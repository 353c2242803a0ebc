#include "cli_fixture.h"

#include "store/embedded/embedded_store.h"
#include "store/embedded/sqlite.h"

#include <QFile>
#include <QJsonDocument>
#include <QTest>

namespace tk::test {

namespace {

constexpr int patience = 30'000; // ms; only a failure waits for so long

QString list(const QStringList &items)
{
    return u'"' + items.join(QStringLiteral("\", \"")) + u'"';
}

} // namespace

QJsonArray RunResult::array() const
{
    return QJsonDocument::fromJson(out).array();
}

QJsonObject RunResult::object() const
{
    return QJsonDocument::fromJson(out).object();
}

CliFixture::CliFixture()
{
    m_exchange = std::make_unique<sim::SimulatorThread>(sim::SimSettings{.pairs = 12, .activity = 0.2}, m_clock);
    m_restUrl = m_exchange->restUrl();
    writeConfig();
}

CliFixture::~CliFixture()
{
    for (const auto &process : m_processes) {
        if (process->state() == QProcess::NotRunning)
            continue;
        process->kill();
        process->waitForFinished(patience);
    }
}

void CliFixture::writeConfig(const QString &more)
{
    QFile file(configFile());
    if (!file.open(QIODevice::WriteOnly))
        return;
    file.write(QStringLiteral("[engine]\ndata_dir = \"%1\"\nhttp = \"\"\n[[exchange]]\npairs = [%2]\n"
                              "timeframes = [\"3m\", \"1h\"]\nhistory = 50\nrest_url = \"%3\"\nws_url = \"%4\"\n%5\n")
                   .arg(dataDir(), list(m_pairs), m_restUrl.toString(), m_exchange->wsUrl().toString(), more)
                   .toUtf8());
}

QProcess *CliFixture::start(const QStringList &arguments)
{
    auto &process = m_processes.emplace_back(std::make_unique<QProcess>());
    process->start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"),
                   QStringList{QStringLiteral("--config"), configFile()} + arguments);
    process->waitForStarted(patience);
    return process.get();
}

RunResult CliFixture::run(const QStringList &arguments)
{
    QProcess *process = start(arguments);
    if (!process->waitForFinished(patience) || process->exitStatus() != QProcess::NormalExit)
        return {.code = -1, .out = process->readAllStandardOutput(), .err = process->readAllStandardError()};
    return {
        .code = process->exitCode(), .out = process->readAllStandardOutput(), .err = process->readAllStandardError()};
}

bool CliFixture::startEngine()
{
    m_engine = start({QStringLiteral("--no-gui")});
    QByteArray log;
    return QTest::qWaitFor(
               [&] {
                   log += m_engine->readAllStandardError();
                   return log.contains("first fill done") || m_engine->state() == QProcess::NotRunning;
               },
               patience) &&
           m_engine->state() == QProcess::Running;
}

bool CliFixture::stopEngine()
{
    m_engine->terminate();
    return m_engine->waitForFinished(patience) && m_engine->exitStatus() == QProcess::NormalExit &&
           m_engine->exitCode() == 0;
}

qint64 CliFixture::execute(const QByteArray &sql)
{
    auto database = store::Database::open(store::EmbeddedStore::fileIn(dataDir()), store::Database::Mode::ReadWrite,
                                          std::chrono::seconds(5));
    if (!database || !database->execute(sql.constData()))
        return -1;
    return database->changes();
}

qint64 CliFixture::makeHole(const QString &pair, const QString &measurement, int keepNewest, int count)
{
    return execute(QStringLiteral("WITH s AS (SELECT id FROM series WHERE pair='%1' AND measurement='%2') "
                                  "DELETE FROM ohlcv WHERE series=(SELECT id FROM s) AND t IN (SELECT t FROM ohlcv "
                                  "WHERE series=(SELECT id FROM s) ORDER BY t DESC LIMIT %4 OFFSET %3)")
                       .arg(pair, measurement)
                       .arg(keepNewest)
                       .arg(count)
                       .toUtf8());
}

qint64 CliFixture::cutStart(const QString &pair, const QString &measurement, int count)
{
    return execute(QStringLiteral("WITH s AS (SELECT id FROM series WHERE pair='%1' AND measurement='%2') "
                                  "DELETE FROM ohlcv WHERE series=(SELECT id FROM s) AND t IN (SELECT t FROM ohlcv "
                                  "WHERE series=(SELECT id FROM s) ORDER BY t LIMIT %3)")
                       .arg(pair, measurement)
                       .arg(count)
                       .toUtf8());
}

} // namespace tk::test
