#include "app/engine_session.h"

#include "app/load_config.h"
#include "base/logging.h"
#include "config/load.h"

#include <QCoreApplication>
#include <QFileInfo>

#include <cstdlib>

namespace tk::app {

EngineSession::EngineSession(CommandLine line, config::Settings settings)
    : m_line(std::move(line))
    , m_settings(std::move(settings))
    , m_clock(makeClock(m_line))
{
    m_loader.setMaxThreadCount(1);
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, &EngineSession::terminate);
    connect(&m_signals, &runtime::SignalWatcher::reload, this, [this] { reload([](const Status &) {}); });
    connect(&m_watchdog, &QTimer::timeout, this, [this] {
        // Fed only while the loops really turn: a hung thread is the service manager's to end.
        if (m_engine && m_engine->health().isAlive())
            m_manager.watchdog();
    });
}

EngineSession::~EngineSession() = default;

void EngineSession::setSecrets(std::function<void(config::Settings &)> secrets)
{
    m_secrets = std::move(secrets);
    if (m_secrets)
        m_secrets(m_settings);
}

void EngineSession::start()
{
    if (const Status status = m_signals.start(); !status)
        qCWarning(lcApp).noquote() << status.error().message;
    if (const auto interval = m_manager.watchdogInterval())
        m_watchdog.start(*interval);
    if (!m_line.demo) {
        startEngine();
        return;
    }
    const UtcTime anchor = m_line.anchor.value_or(m_clock->utcNow());
    m_demo.emplace(Demo::Options{.pairs = m_line.demo_pairs, .speed = m_line.speed, .anchor = anchor});
    connect(&*m_demo, &Demo::ready, this, [this](const QUrl &rest, const QUrl &ws, const QUrl &control) {
        qCInfo(lcApp).noquote() << "demo: the exchange simulator is up" << logField(u"rest", rest.toString())
                                << logField(u"ws", ws.toString()) << logField(u"control", control.toString());
        Demo::apply(m_settings, rest, ws);
        startEngine();
    });
    connect(&*m_demo, &Demo::failed, this, [this](const Error &error) {
        if (m_stopping)
            return; // ended by the same signal as we
        qCCritical(lcApp).noquote() << error.message;
        m_failure = error.message;
        m_exitCode = Unreachable;
        terminate(1);
    });
    m_demo->start();
}

void EngineSession::startEngine()
{
    auto engine = Engine::create(m_settings, m_clock, {.any_http_port = m_line.demo});
    if (!engine) {
        qCCritical(lcApp).noquote() << engine.error().message;
        m_failure = engine.error().message;
        exit(engine.error().kind == Error::Kind::Config ? WrongUsage : Unreachable);
        return;
    }
    m_engine = std::move(engine).value();
    m_engine->setReload([this](const std::function<void(const Status &)> &done) { reload(done); });
    const QString file = m_line.config.isEmpty() ? config::defaultSettingsFile() : m_line.config;
    m_engine->setConfigPlace({.file = QFileInfo(file).absoluteFilePath(), .demo = m_line.demo});
    Q_EMIT created(*m_engine);
    connect(m_engine.get(), &Engine::ready, this, [this] {
        qCInfo(lcApp).noquote() << "engine started" << logField(u"version", QStringLiteral(TAPEKEEPER_VERSION))
                                << logField(u"data_dir", m_settings.engine.data_dir)
                                << logField(u"http", m_engine->httpPort() ? QString::number(m_engine->httpPort())
                                                                          : QStringLiteral("off"));
        m_manager.ready(QStringLiteral("collecting"));
    });
    connect(m_engine.get(), &Engine::failed, this, [this](const QString &service, const Error &error) {
        qCCritical(lcApp).noquote() << service << "cannot go on:" << error.message;
        m_failure = QStringLiteral("%1 cannot go on: %2").arg(service, error.message);
        m_exitCode = error.kind == Error::Kind::Config ? WrongUsage : Internal;
    });
    connect(m_engine.get(), &Engine::stopped, this, &EngineSession::end);
    connect(&m_engine->switchboard(), &Switchboard::historySnapshot, this,
            [this](const std::shared_ptr<const history::HistorySnapshot> &snapshot) { m_bar.show(snapshot->fill); });
    m_engine->start();
}

void EngineSession::stop()
{
    terminate(1);
}

void EngineSession::terminate(int count)
{
    if (count > 1) {
        qCWarning(lcApp) << "asked twice: ending at once";
        std::_Exit(m_exitCode);
    }
    if (m_stopping)
        return;
    m_stopping = true;
    qCInfo(lcApp) << "stopping: no new jobs, feeds close, the store drains";
    m_manager.stopping(QStringLiteral("draining"));
    Q_EMIT stopping();
    if (m_engine)
        m_engine->stop();
    else
        exit(m_exitCode);
}

// Reading may wait for a disk, and judging takes as long as the file is: not in the thread that everything hangs on.
void EngineSession::reload(const std::function<void(const Status &)> &done)
{
    const Error notRunning{Error::Kind::Refused, QStringLiteral("the engine is not running")};
    if (!m_engine || m_stopping)
        return done(notRunning);
    m_manager.reloading();
    m_loader.start([this, done, notRunning, file = m_line.config] {
        QMetaObject::invokeMethod(this, [this, done, notRunning, loaded = config::loadSettings(file)] {
            if (!m_engine || m_stopping)
                return done(notRunning);
            const Status status = takeConfig(loaded);
            if (!status)
                qCCritical(lcApp).noquote() << status.error().message;
            else
                qCInfo(lcApp) << "configuration reloaded";
            m_manager.ready(QStringLiteral("collecting"));
            done(status);
        });
    });
}

Status EngineSession::takeConfig(config::LoadResult loaded)
{
    tellProblems(loaded);
    if (!loaded.isGood())
        return Error{Error::Kind::Config,
                     QStringLiteral("the configuration has problems; going on with the one in force")};
    config::Settings *settings = &loaded.settings;
    if (m_secrets)
        m_secrets(*settings);
    if (m_demo) {
        settings->engine.data_dir = m_settings.engine.data_dir;
        for (config::ExchangeSettings &exchange : settings->exchanges) {
            const auto now = std::ranges::find(m_settings.exchanges, exchange.name, &config::ExchangeSettings::name);
            if (now == m_settings.exchanges.end())
                continue;
            exchange.rest_url = now->rest_url;
            exchange.ws_url = now->ws_url;
        }
    }
    const Status status = m_engine->reload(*settings);
    m_settings = m_engine->settings();
    return status;
}

void EngineSession::end(bool clean)
{
    if (!clean)
        qCWarning(lcApp) << "a part of the engine did not stop in time";
    else
        qCInfo(lcApp) << "stopped";
    if (m_engine->isHung())
        std::_Exit(Internal); // a thread that can never be joined: no destructor may wait for it
    exit(m_exitCode);
}

void EngineSession::exit(int code)
{
    // From the event loop, so that it also works before exec().
    QMetaObject::invokeMethod(
        this, [this, code] { Q_EMIT ended(code); }, Qt::QueuedConnection);
}

} // namespace tk::app
