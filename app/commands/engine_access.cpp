#include "app/commands/engine_access.h"

#include "app/load_config.h"

#include <QLoggingCategory>

#include <cstdio>
#include <cstdlib>

namespace tk::app {

namespace {

constexpr std::chrono::seconds silencePatience{30}; // beyond the first seconds, which are told at once

void say(const QString &line)
{
    std::fprintf(stderr, "tapekeeper: %s\n", qUtf8Printable(line));
}

bool meansNoEngine(const Error &error)
{
    return error.kind == Error::Kind::Network;
}

} // namespace

EngineAccess::EngineAccess(CommandLine line, config::Settings settings)
    : m_line(std::move(line))
    , m_settings(std::move(settings))
{
    using link::LinkClient;
    connect(&m_client, &LinkClient::connected, this, [this] { m_request = m_client.request(m_command, m_args); });
    connect(&m_client, &LinkClient::progressed, this, [this](qint64 id, const QJsonObject &progress) {
        if (id == m_request)
            Q_EMIT progressed(progress);
    });
    connect(&m_client, &LinkClient::finished, this, [this](qint64 id, const QJsonValue &result) {
        if (id == m_request)
            end([this, result] { Q_EMIT finished(result); });
    });
    connect(&m_client, &LinkClient::refused, this, [this](qint64 id, const Error &error) {
        if (id == m_request)
            end([this, error] { Q_EMIT failed(error); });
    });
    // A request may take its time; the engine says every second that it is at work. One that says nothing is hung.
    m_patience.setSingleShot(true);
    setPatience(silencePatience);
    connect(&m_client, &LinkClient::wentSilent, this, [this] {
        m_silentSince = SystemClock().utcNow() - LinkClient::silence;
        say(QStringLiteral("the engine does not answer since %1").arg(isoText(m_silentSince).mid(11, 8)));
        m_patience.start();
    });
    connect(&m_client, &LinkClient::heardAgain, this, [this] {
        m_patience.stop();
        say(QStringLiteral("the engine answers again"));
    });
    connect(&m_patience, &QTimer::timeout, this, [this] {
        end([this] {
            Q_EMIT failed(Error{Error::Kind::Timeout,
                                QStringLiteral("the engine on %1 does not answer since %2: look into its log, or "
                                               "restart it")
                                    .arg(m_settings.engine.data_dir, isoText(m_silentSince).mid(11, 8)),
                                true});
        });
    });
    connect(&m_client, &LinkClient::failed, this, [this](const Error &error) {
        if (m_ended)
            return;
        if (m_request != 0 || !meansNoEngine(error))
            end([this, error] { Q_EMIT failed(error); });
        else if (m_ownAllowed)
            startOwn();
        else
            end([this, error] { Q_EMIT noEngine(error); });
    });
}

EngineAccess::~EngineAccess() = default;

void EngineAccess::ask(const QString &command, const QJsonObject &args, bool ownEngine)
{
    m_command = command;
    m_args = args;
    m_ownAllowed = ownEngine;
    m_client.connectTo(link::LinkServer::fileIn(m_settings.engine.data_dir));
}

void EngineAccess::tell(const QString &command, const QJsonObject &args)
{
    if (m_engine)
        m_engine->commands().run(command, args,
                                 link::Reply({[](const QJsonObject &) {}, [](const QJsonValue &) {},
                                              [](const Error &) {}, [] { return true; }}));
    else if (m_client.isConnected())
        m_client.request(command, args);
}

void EngineAccess::stop()
{
    end([this] { Q_EMIT failed(Error{Error::Kind::Cancelled, QStringLiteral("stopped")}); });
}

void EngineAccess::startOwn()
{
    m_own = true;
    // Its services talk to an operator who watches a log; who runs a command sees its progress.
    QLoggingCategory::setFilterRules(QStringLiteral("tapekeeper.*.info=false"));
    if (!m_line.demo)
        return createOwn();
    if (!m_line.anchor)
        m_line.anchor = SystemClock().utcNow(); // the same for both
    m_demo.emplace(Demo::Options{.pairs = m_line.demo_pairs, .speed = m_line.speed, .anchor = *m_line.anchor});
    connect(&*m_demo, &Demo::ready, this, [this](const QUrl &rest, const QUrl &ws) {
        for (config::ExchangeSettings &exchange : m_settings.exchanges) {
            exchange.rest_url = rest;
            exchange.ws_url = ws;
        }
        createOwn();
    });
    connect(&*m_demo, &Demo::failed, this,
            [this](const Error &error) { end([this, error] { Q_EMIT failed(error); }); });
    m_demo->start();
}

void EngineAccess::createOwn()
{
    if (m_ended)
        return;
    auto engine =
        Engine::create(m_settings, makeClock(m_line), {.live = false, .keep_filled = false, .wakeup_pause = {}});
    if (!engine) {
        // Most often the lock: an engine runs, but does not answer on its link.
        const Error error{Error::Kind::Remote, engine.error().message};
        end([this, error] { Q_EMIT failed(error); });
        return;
    }
    m_engine = std::move(engine).value();
    connect(m_engine.get(), &Engine::ready, this, [this] {
        // Queued: a command may end within run(), and the engine must not stop inside of its own call.
        const auto later = [this](std::function<void()> what) {
            QMetaObject::invokeMethod(this, std::move(what), Qt::QueuedConnection);
        };
        m_engine->commands().run(
            m_command, m_args,
            link::Reply({[this, later](const QJsonObject &progress) {
                             later([this, progress] {
                                 if (!m_ended)
                                     Q_EMIT progressed(progress);
                             });
                         },
                         [this, later](const QJsonValue &result) {
                             later([this, result] { end([this, result] { Q_EMIT finished(result); }); });
                         },
                         [this, later](const Error &error) {
                             later([this, error] { end([this, error] { Q_EMIT failed(error); }); });
                         },
                         [this] { return !m_ended; }}));
    });
    connect(m_engine.get(), &Engine::failed, this, [this](const QString &service, const Error &error) {
        const Error told{error.kind, service + QStringLiteral(": ") + error.message};
        end([this, told] { Q_EMIT failed(told); });
    });
    connect(m_engine.get(), &Engine::stopped, this, [this] {
        const auto last = std::exchange(m_last, {});
        const bool hung = m_engine->isHung();
        if (last)
            last();
        if (hung)
            std::_Exit(Internal); // a thread that can never be joined: no destructor may wait for it
    });
    m_engine->start();
}

void EngineAccess::end(std::function<void()> tell)
{
    if (std::exchange(m_ended, true))
        return;
    if (!m_engine) {
        tell();
        return;
    }
    m_last = std::move(tell); // what is fetched is stored first
    m_engine->stop();
}

} // namespace tk::app
