#include "support/influx/influx_server.h"

#include "net/http_client.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QStandardPaths>
#include <QUrl>

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

namespace tk::test {

namespace {

constexpr int patience = 30'000;

net::HttpAnswer get(const QUrl &url, const QByteArray &password, const QByteArray &method = "GET")
{
    net::BlockingHttpClient client({.timeout = milliseconds(20'000)});
    net::HttpCall call{.method = method, .url = url};
    if (!password.isEmpty())
        call.headers.emplace_back("Authorization", "Basic " + ("keeper:" + password).toBase64());
    return client.send(call);
}

} // namespace

InfluxServer::InfluxServer(InfluxServerOptions options)
    : m_options(std::move(options))
{
    if (m_options.auth)
        m_password = QByteArray::number(QRandomGenerator::system()->generate64(), 36);
}

InfluxServer::~InfluxServer()
{
    thaw();
    kill();
}

bool InfluxServer::isInstalled()
{
    return !QStandardPaths::findExecutable(QStringLiteral("influxd")).isEmpty();
}

QString InfluxServer::dataFolder() const
{
    return m_options.data_folder.isEmpty() ? m_folder.filePath(QStringLiteral("state")) : m_options.data_folder;
}

void InfluxServer::writeConfiguration() const
{
    QFile file(m_folder.filePath(QStringLiteral("influxdb.conf")));
    if (!file.open(QIODevice::WriteOnly))
        qFatal("cannot write %s", qPrintable(file.fileName()));
    const QByteArray folder = dataFolder().toUtf8();
    file.write("reporting-disabled = true\nbind-address = \"127.0.0.1:0\"\n[meta]\ndir = \"" + folder +
               "/meta\"\n[data]\ndir = \"" + folder + "/data\"\nwal-dir = \"" + folder + "/wal\"\n" + m_options.data +
               "\n[monitor]\nstore-enabled = false\n[http]\nlog-enabled = false\nbind-address = \"127.0.0.1:" +
               QByteArray::number(m_port) + "\"\nauth-enabled = " + (m_options.auth ? "true" : "false") + '\n' +
               m_options.http + '\n');
}

bool InfluxServer::start()
{
    writeConfiguration();
    m_process = std::make_unique<QProcess>();
    const QString log_file = m_folder.filePath(QStringLiteral("influxd.log"));
    QFile::remove(log_file);
    m_process->setProcessChannelMode(QProcess::MergedChannels);
    m_process->setStandardOutputFile(log_file);
    m_process->setChildProcessModifier([parent = getpid()] {
        // A test that dies takes its server along.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent)
            ::_exit(1);
    });
    m_process->start(QStringLiteral("influxd"), {QStringLiteral("run"), QStringLiteral("-config"),
                                                 m_folder.filePath(QStringLiteral("influxdb.conf"))});
    // Into a file: nobody reads a pipe while the test is busy, and a full one stops the server.
    QByteArray log;
    QElapsedTimer timer;
    timer.start();
    bool listens = false;
    while (!listens && timer.elapsed() < patience) {
        if (m_process->waitForFinished(10))
            break;
        QFile file(log_file);
        if (file.open(QIODevice::ReadOnly))
            log = file.readAll();
        const qsizetype at = log.indexOf("msg=\"Listening on HTTP\"");
        const qsizetype end = at < 0 ? -1 : log.indexOf('\n', at);
        if (end > 0) {
            const QByteArray line = log.sliced(at, end - at);
            const qsizetype address = line.indexOf("addr=127.0.0.1:");
            m_port = line.sliced(address + 15, line.indexOf(' ', address) - address - 15).toUShort();
            listens = true;
        }
    }
    if (!listens) {
        qWarning("influxd did not start: %s", log.right(2000).constData());
        return false;
    }
    if (m_options.auth)
        query("CREATE USER keeper WITH PASSWORD '" + m_password + "' WITH ALL PRIVILEGES");
    return true;
}

void InfluxServer::kill()
{
    if (!m_process)
        return;
    m_process->kill();
    m_process->waitForFinished(patience);
    m_process.reset();
}

void InfluxServer::stop()
{
    if (!m_process)
        return;
    m_process->terminate();
    m_process->waitForFinished(patience);
    m_process.reset();
}

void InfluxServer::freeze()
{
    if (m_process)
        ::kill(pid_t(m_process->processId()), SIGSTOP);
}

void InfluxServer::thaw()
{
    if (m_process)
        ::kill(pid_t(m_process->processId()), SIGCONT);
}

bool InfluxServer::isRunning() const
{
    return m_process && m_process->state() == QProcess::Running;
}

bool InfluxServer::setHttp(const QByteArray &lines)
{
    m_options.http = lines;
    return true;
}

void InfluxServer::wipe()
{
    QDir(dataFolder() + QStringLiteral("/data")).removeRecursively();
    QDir(dataFolder() + QStringLiteral("/wal")).removeRecursively();
    QDir(dataFolder() + QStringLiteral("/meta")).removeRecursively();
}

config::InfluxSettings InfluxServer::settings(const QString &database) const
{
    config::InfluxSettings settings;
    settings.url = QUrl(QStringLiteral("http://127.0.0.1:%1").arg(m_port));
    settings.database = database;
    settings.bucket = database;
    settings.timeout = milliseconds(5'000);
    if (m_options.auth) {
        settings.user = QStringLiteral("keeper");
        settings.password = config::Secret(m_password);
    }
    return settings;
}

QByteArray InfluxServer::query(const QByteArray &statement, const QByteArray &database) const
{
    QUrl url(QStringLiteral("http://127.0.0.1:%1/query").arg(m_port));
    url.setQuery(QStringLiteral("epoch=ns&db=") +
                 QString::fromLatin1(QUrl::toPercentEncoding(QString::fromUtf8(database))) + QStringLiteral("&q=") +
                 QString::fromLatin1(QUrl::toPercentEncoding(QString::fromUtf8(statement))));
    const bool reads = statement.startsWith("SELECT") || statement.startsWith("SHOW");
    return get(url, m_password, reads ? "GET" : "POST").body;
}

bool InfluxServer::write(const QByteArray &lines, const QByteArray &database) const
{
    net::BlockingHttpClient client({.timeout = milliseconds(20'000)});
    QUrl url(QStringLiteral("http://127.0.0.1:%1/write").arg(m_port));
    url.setQuery(QStringLiteral("db=") + QString::fromUtf8(database));
    return client.send({.method = "POST", .url = url, .body = lines}).status == 204;
}

PointMap InfluxServer::points(const QByteArray &database) const
{
    PointMap points;
    const QByteArray body = query("SELECT * FROM /.*/ GROUP BY *", database);
    const QJsonArray series = QJsonDocument::fromJson(body)
                                  .object()
                                  .value(QLatin1StringView("results"))
                                  .toArray()
                                  .at(0)
                                  .toObject()
                                  .value(QLatin1StringView("series"))
                                  .toArray();
    for (const QJsonValue &one : series) {
        const QJsonObject object = one.toObject();
        QString key = object.value(QLatin1StringView("name")).toString();
        const QJsonObject tags = object.value(QLatin1StringView("tags")).toObject();
        for (auto tag = tags.constBegin(); tag != tags.constEnd(); ++tag) { // sorted by name
            if (!tag.value().toString().isEmpty())
                key += u',' + tag.key() + u'=' + tag.value().toString();
        }
        const QJsonArray columns = object.value(QLatin1StringView("columns")).toArray();
        const QJsonArray rows = object.value(QLatin1StringView("values")).toArray();
        for (const QJsonValue &row : rows) {
            const QJsonArray cells = row.toArray();
            auto &fields = points[key + u'|' + QString::number(cells.at(0).toInteger())];
            for (qsizetype i = 1; i < cells.size(); ++i) {
                if (!cells.at(i).isNull())
                    fields[columns.at(i).toString()] =
                        cells.at(i).isString() ? cells.at(i).toString() : numberText(cells.at(i).toDouble());
            }
        }
    }
    return points;
}

} // namespace tk::test
