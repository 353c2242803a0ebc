// A real InfluxDB 1.x (Debian's influxd) of a test's own: in a temporary folder, on a port of the system's choice,
// which it keeps over restarts. Ends with the object.
#pragma once

#include "config/settings.h"
#include "support/influx/point_map.h"

#include <QByteArray>
#include <QProcess>
#include <QString>
#include <QTemporaryDir>

#include <memory>

namespace tk::test {

struct InfluxServerOptions
{
    bool auth = false;     // a user "keeper" with all rights is made at the first start; see password()
    QByteArray http{};     // further lines of [http]
    QByteArray data{};     // further lines of [data]
    QString data_folder{}; // where the data go; a folder of its own when empty
};

class InfluxServer
{
public:
    explicit InfluxServer(InfluxServerOptions options = {});
    ~InfluxServer();

    static bool isInstalled();

    bool start(); // returns when it answers; false, with a warning, when it does not
    void kill();  // SIGKILL
    void stop();  // orderly
    void freeze();
    void thaw();
    bool isRunning() const;
    bool setHttp(const QByteArray &lines); // changes [http] at the next start
    void wipe();                           // all its data, while it does not run

    quint16 port() const { return m_port; }
    const QByteArray &password() const { return m_password; }
    QString dataFolder() const;
    config::InfluxSettings settings(const QString &database = QStringLiteral("market_data")) const;

    // InfluxQL, answered as JSON; empty when nobody answers.
    QByteArray query(const QByteArray &statement, const QByteArray &database = "market_data") const;
    bool write(const QByteArray &lines, const QByteArray &database = "market_data") const; // as another program would
    // Every point of every measurement.
    PointMap points(const QByteArray &database = "market_data") const;

private:
    void writeConfiguration() const;

    InfluxServerOptions m_options;
    QTemporaryDir m_folder;
    quint16 m_port = 0;
    QByteArray m_password;
    std::unique_ptr<QProcess> m_process;
};

} // namespace tk::test
