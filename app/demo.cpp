#include "app/demo.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

#include <unistd.h>

namespace tk::app {

Demo::Demo(Options options, QObject *parent)
    : QObject(parent)
    , m_options(options)
{
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &Demo::read);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            Q_EMIT failed({Error::Kind::Remote, QStringLiteral("the exchange simulator %1 could not be started: %2")
                                                    .arg(m_process.program(), m_process.errorString())});
    });
    connect(&m_process, &QProcess::finished, this, [this](int code) {
        Q_EMIT failed({Error::Kind::Remote, QStringLiteral("the exchange simulator ended with code %1").arg(code)});
    });
}

Demo::~Demo()
{
    m_process.disconnect(this);
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.closeWriteChannel(); // it ends with its standard input
    if (!m_process.waitForFinished(2'000))
        m_process.kill();
    m_process.waitForFinished(2'000);
}

void Demo::start()
{
    // Beside this program; or, as packages have it, in the PATH.
    QString program = QCoreApplication::applicationDirPath() + QStringLiteral("/tapekeeper-exchange");
    if (!QFileInfo::exists(program))
        program = QStringLiteral("tapekeeper-exchange");
    m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    // Away from the terminal's Ctrl-C: the simulator outlives the engine's orderly stop, and ends with its input.
    m_process.setChildProcessModifier([] { ::setsid(); });
    m_process.start(program, {QStringLiteral("--pairs"), QString::number(m_options.pairs), QStringLiteral("--speed"),
                              QString::number(m_options.speed), QStringLiteral("--anchor"),
                              QString::number(toMs(m_options.anchor)), QStringLiteral("--exit-with-stdin")});
}

void Demo::read()
{
    while (m_process.canReadLine()) {
        const QByteArray line = m_process.readLine();
        if (m_ready)
            continue;
        const QJsonObject urls = QJsonDocument::fromJson(line).object();
        if (urls.isEmpty())
            continue;
        m_ready = true;
        Q_EMIT ready(QUrl(urls.value(QLatin1String("rest")).toString()),
                     QUrl(urls.value(QLatin1String("ws")).toString()),
                     QUrl(urls.value(QLatin1String("control")).toString()));
    }
}

void Demo::apply(config::Settings &settings, const QUrl &rest, const QUrl &ws)
{
    settings.engine.data_dir += QStringLiteral("/demo");
    for (config::ExchangeSettings &exchange : settings.exchanges) {
        exchange.rest_url = rest;
        exchange.ws_url = ws;
        exchange.proxies.clear();
    }
}

} // namespace tk::app
