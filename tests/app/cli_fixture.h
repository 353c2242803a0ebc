// A data folder, a configuration and a simulated exchange; runs the built program on them.
#pragma once

#include "support/exchange/simulator_thread.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>

#include <memory>

namespace tk::test {

struct RunResult
{
    int code = -1;
    QByteArray out;
    QByteArray err;

    QJsonArray array() const;
    QJsonObject object() const;
};

class CliFixture
{
public:
    CliFixture();
    ~CliFixture(); // stops what runs

    RunResult run(const QStringList &arguments);

    // The engine as a process of its own, collecting and with its first fill done.
    bool startEngine();
    bool stopEngine(); // SIGTERM; true for exit code 0

    // Removes stored candles: the newest `keepNewest` stay, then `count` go.
    qint64 makeHole(const QString &pair, const QString &measurement, int keepNewest, int count);
    // Removes the oldest `count`.
    qint64 cutStart(const QString &pair, const QString &measurement, int count);
    qint64 execute(const QByteArray &sql); // rows changed; -1 for a failure

    void setPairs(const QStringList &pairs) { m_pairs = pairs; }
    void setRestUrl(const QUrl &url) { m_restUrl = url; }
    void writeConfig(const QString &more = {});

    QString dataDir() const { return m_folder.filePath(QStringLiteral("data")); }
    QString configFile() const { return m_folder.filePath(QStringLiteral("tapekeeper.toml")); }
    QString socketFile() const { return dataDir() + QStringLiteral("/engine.sock"); }
    sim::SimulatorThread &exchange() { return *m_exchange; }
    QProcess *start(const QStringList &arguments); // runs on; the fixture ends it

private:
    QTemporaryDir m_folder;
    std::shared_ptr<const Clock> m_clock = std::make_shared<SystemClock>();
    std::unique_ptr<sim::SimulatorThread> m_exchange;
    QStringList m_pairs{QStringLiteral("BTC/USDT:USDT"), QStringLiteral("币安人生/USDT:USDT")};
    QUrl m_restUrl;
    std::vector<std::unique_ptr<QProcess>> m_processes;
    QProcess *m_engine = nullptr;
};

} // namespace tk::test
