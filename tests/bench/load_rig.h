// The real program and the simulated exchange as processes of their own, under a load that a test chooses; and what the
// program costs there.
#pragma once

#include "base/clock.h"

#include <QNetworkAccessManager>
#include <QProcess>
#include <QTemporaryDir>

#include <memory>
#include <vector>

namespace tk::bench {

struct Load
{
    int pairs = 164;
    double activity = 300;
    QByteArray timeframes{}; // as in TOML's lists
    QByteArray streams{};    // likewise; the program's own choice when empty
    QByteArray store{};      // tables of TOML; the embedded store when empty
    double speed = 1;        // of both processes' clocks
};

// Ten candle streams and the mark price of each of 164 pairs, in a market so busy that every candle changes all the
// time: 164 * (10 * 4 + 1) frames a second, the figure of a busy day.
Load realLoad();

struct Figures
{
    std::vector<double> cpuPercent;      // of a core, the program alone
    std::vector<double> framesPerSecond; // of real time
    double residentMb = 0;
    double peakMb = 0; // since the start: the first fill, most of the time
};

class LoadRig
{
public:
    explicit LoadRig(Load load);
    ~LoadRig(); // ends both processes

    bool start();      // returns when the first fill is done
    Figures measure(); // a minute and a quarter
    double residentMb() const;
    double framesSent(); // by the exchange, since its start
    UtcTime now() const { return m_clock->utcNow(); }
    bool isRunning() const { return m_engine.state() == QProcess::Running; }
    QString dataDir() const { return m_folder.filePath(QStringLiteral("data")); }
    const QByteArray &log();

private:
    Load m_load;
    UtcTime m_anchor;
    std::unique_ptr<const Clock> m_clock;
    QTemporaryDir m_folder;
    QString m_control;
    QNetworkAccessManager m_network;
    QByteArray m_log;
    QProcess m_exchange;
    QProcess m_engine;
};

// Where benchmarks of the disk write: beside the build, not in a temporary folder, which may be memory. Another disk is
// measured by naming it in TAPEKEEPER_BENCH_FOLDER.
QString benchFolder();

} // namespace tk::bench
