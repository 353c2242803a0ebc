#include "app/gui/window_session.h"

#include "app/load_config.h"
#include "base/logging.h"
#include "config/exchange_defaults.h"
#include "config/load.h"
#include "link/link_client.h"
#include "link/local_link.h"
#include "remote/ssh_link.h"
#include "runtime/data_dir_lock.h"

#include <QApplication>
#include <QDir>
#include <QFileInfo>
#include <QMessageBox>
#include <QSaveFile>
#include <QStandardPaths>
#include <QTimer>

namespace tk::app {

namespace {

// What a first configuration collects.
QByteArray firstExchange()
{
    return "version = 1\n\n[[exchange]]\nname = \"" + config::defaultExchange().toUtf8() + "\"\npairs = \"all\"\n";
}

using namespace std::chrono_literals;

constexpr auto keyringPatience = 20s;
constexpr auto cancelPatience = 5s;

QString windowSettingsFile()
{
    return QDir(QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation))
        .filePath(QStringLiteral("tapekeeper/window.ini"));
}

monitor::EngineConnection::Way socketWay(const QString &socket, const QString &name)
{
    auto client = std::make_unique<link::LinkClient>();
    auto *raw = client.get();
    return {std::move(client), [raw, socket] { raw->connectTo(socket); }, name};
}

} // namespace

WindowSession::WindowSession(CommandLine line)
    : m_line(std::move(line))
    , m_settings(windowSettingsFile(), QSettings::IniFormat)
    , m_theme(ui::Theme::systemIsDark(QApplication::palette()))
{
    m_theme.applyTo(*qApp);
    QApplication::setWindowIcon(ui::applicationIcon());
    QApplication::setQuitOnLastWindowClosed(false); // the engine stops first, in order
}

WindowSession::~WindowSession() = default;

void WindowSession::start()
{
    // From the event loop, so that an early end works too.
    QMetaObject::invokeMethod(this, &WindowSession::begin, Qt::QueuedConnection);
}

void WindowSession::begin()
{
    if (!m_line.attach.isEmpty())
        return attach(m_line.attach);
    const QString file = m_line.config.isEmpty() ? config::defaultSettingsFile() : m_line.config;
    if (m_line.config.isEmpty() && !m_line.demo && !QFileInfo::exists(file))
        return welcome();
    config::LoadResult loaded = config::loadSettings(m_line.config);
    if (!loaded.isGood()) {
        QStringList problems;
        for (const config::Problem &problem : loaded.problems)
            problems.append(problem.text());
        qCCritical(lcApp).noquote() << "the configuration has problems:" << problems.join(u'\n');
        return fail(tr("The configuration has problems"), problems.join(u'\n'), WrongUsage);
    }
    startEngine(loaded.settings);
}

void WindowSession::welcome()
{
    m_welcome = std::make_unique<ui::Welcome>(config::defaultSettingsFile());
    connect(m_welcome.get(), &ui::Welcome::demoChosen, this, [this] {
        m_line.demo = true;
        m_welcome->hide();
        startEngine(config::Settings{});
    });
    connect(m_welcome.get(), &ui::Welcome::collectChosen, this, [this] {
        writeFirstConfig("# Every key is optional: see tapekeeper.toml in the documentation for all of them.\n" +
                         firstExchange());
    });
    connect(m_welcome.get(), &ui::Welcome::connectChosen, this, [this](const QString &target) {
        if (ui::targetKind(target) == ui::TargetKind::Influx)
            return writeFirstConfig(firstExchange() + "\n[store]\nkind = \"influx\"\n[store.influx]\nurl = \"" +
                                    QUrl(target).toEncoded() + "\"\n");
        m_welcome->hide();
        attach(config::expandHome(target));
    });
    // Closed without a choice: nothing was started, so nothing has to stop.
    connect(m_welcome.get(), &ui::Welcome::closed, this, [] { QCoreApplication::exit(Done); });
    m_welcome->show();
}

void WindowSession::writeFirstConfig(const QByteArray &content)
{
    const QString name = config::defaultSettingsFile();
    QDir().mkpath(QFileInfo(name).path());
    QSaveFile file(name);
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size() || !file.commit())
        return m_welcome->setError(tr("%1 could not be written: %2").arg(name, file.errorString()));
    m_welcome->hide();
    begin();
}

void WindowSession::startEngine(const config::Settings &settings)
{
    QString folder = settings.engine.data_dir;
    if (m_line.demo)
        folder += QStringLiteral("/demo");
    m_single = std::make_unique<SingleWindow>(QFileInfo(folder).absoluteFilePath());
    if (!m_single->claim())
        return QCoreApplication::exit(Done); // it has been raised
    connect(m_single.get(), &SingleWindow::raiseWanted, this, &WindowSession::bringForward);
    // Whoever holds the folder is shown instead of being refused.
    if (const auto lock = runtime::DataDirLock::acquire(folder); !lock) {
        qCInfo(lcApp).noquote() << "an engine runs on" << folder << "already: attaching to it";
        return show(socketWay(link::LinkServer::fileIn(folder), tr("this computer")));
    }
    m_keyring = std::make_unique<ui::Keyring>(QFileInfo(folder).absoluteFilePath());
    readSecrets(settings, [this, settings] { runEngine(settings); });
}

// What neither the environment nor a file says may be in the desktop's keyring. A keyring that does not answer, or
// waits for somebody to open it, does not keep the engine from collecting into its spool.
void WindowSession::readSecrets(const config::Settings &settings, std::function<void()> then)
{
    const config::InfluxSettings &influx = settings.store.influx;
    if (!ui::Keyring::isBuiltIn() || settings.store.kind != QLatin1String("influx") || !influx.token.isEmpty() ||
        !influx.password.isEmpty())
        return then();
    struct Reading
    {
        int left = 2;
        std::function<void()> then;
    };
    auto *context = new QObject(this); // gone when it is over: no answer counts twice
    auto reading = std::make_shared<Reading>(Reading{2, std::move(then)});
    const auto go = [context, reading] {
        context->deleteLater();
        if (auto next = std::exchange(reading->then, nullptr))
            next();
    };
    const auto take = [reading, go](config::Secret &into, const Result<QString> &secret) {
        if (!secret)
            qCWarning(lcApp).noquote() << secret.error().message;
        else if (!secret->isEmpty())
            into = config::Secret(secret->toUtf8());
        if (--reading->left == 0)
            go();
    };
    m_keyring->read(QStringLiteral("token"), context,
                    [this, take](const Result<QString> &secret) { take(m_token, secret); });
    m_keyring->read(QStringLiteral("password"), context,
                    [this, take](const Result<QString> &secret) { take(m_password, secret); });
    QTimer::singleShot(keyringPatience, context, go);
}

void WindowSession::runEngine(const config::Settings &settings)
{
    m_engine = std::make_unique<EngineSession>(m_line, settings);
    m_engine->setSecrets([this](config::Settings &read) {
        if (read.store.influx.token.isEmpty())
            read.store.influx.token = m_token;
        if (read.store.influx.password.isEmpty())
            read.store.influx.password = m_password;
    });
    connect(m_engine.get(), &EngineSession::created, this, [this](Engine &engine) {
        if (!engine.link())
            return fail(tr("The engine cannot be shown"), tr("Its socket could not be opened; see the log."), Internal);
        auto link = std::make_unique<link::LocalLink>(*engine.link());
        auto *raw = link.get();
        show({std::move(link), [raw] { raw->open(); }, tr("this computer")});
    });
    connect(m_engine.get(), &EngineSession::stopping, this, [this] {
        if (m_window)
            m_window->setStopping();
    });
    connect(m_engine.get(), &EngineSession::ended, this, [this](int code) {
        if (!m_engine->failure().isEmpty() && code != Done)
            return fail(tr("The engine could not go on"), m_engine->failure(), code);
        QCoreApplication::exit(code);
    });
    m_engine->start();
}

void WindowSession::attach(const QString &target)
{
    m_single = std::make_unique<SingleWindow>(target);
    if (!m_single->claim())
        return QCoreApplication::exit(Done);
    connect(m_single.get(), &SingleWindow::raiseWanted, this, &WindowSession::bringForward);
    if (!target.contains(QLatin1String("://")))
        return show(socketWay(config::expandHome(target), target));
    const auto host = remote::SshTarget::parse(target);
    if (!host)
        return fail(tr("--attach"), host.error().message, WrongUsage);
    auto link = std::make_unique<remote::SshLink>(*host);
    auto *raw = link.get();
    show({std::move(link), [raw] { raw->open(); }, host->text()});
}

void WindowSession::show(monitor::EngineConnection::Way way)
{
    m_view = std::make_unique<monitor::EngineView>(std::move(way));
    m_window = std::make_unique<ui::MainWindow>(ui::MainWindow::Parts{
        *m_view, m_theme, m_asker, m_settings, ui::Keyring::isBuiltIn() ? m_keyring.get() : nullptr});
    m_window->restoreSession();
    connect(m_window.get(), &ui::MainWindow::quitWanted, this, &WindowSession::askQuit);
    connect(m_window.get(), &ui::MainWindow::closed, this, &WindowSession::askQuit);
    if (ui::Tray::isAvailable()) {
        m_tray = std::make_unique<ui::Tray>(*m_view, m_theme);
        connect(m_tray.get(), &ui::Tray::quitWanted, this, &WindowSession::askQuit);
        connect(m_tray.get(), &ui::Tray::showWanted, this, &WindowSession::bringForward);
        connect(&m_window->status(), &ui::StatusStrip::lineChanged, this,
                [this] { m_tray->setLine(m_window->status().line()); });
        m_window->setHasTray(true);
    }
    if (!m_line.minimised)
        m_window->show();
    else if (!m_tray)
        m_window->showMinimized();
    m_view->start();
}

void WindowSession::bringForward()
{
    if (!m_window)
        return;
    m_window->show();
    m_window->raise();
    m_window->activateWindow();
}

// An engine inside ends with its window: what it is at work on is told before.
void WindowSession::askQuit()
{
    const auto backfill =
        m_engine && m_engine->engine() ? m_engine->engine()->commands().facts().backfill : std::nullopt;
    if (!backfill)
        return quit();
    const qint64 percent = backfill->wanted > 0 ? 100 * backfill->settled / backfill->wanted : 0;
    m_asker.confirm(
        m_window.get(),
        {.title = tr("Quit while a backfill is under way?"),
         .text = tr("It is at %1 %, and goes on by itself at the next start, unless you end it for good. While "
                    "Tapekeeper is not running, nothing is collected.")
                     .arg(percent),
         .action = tr("Quit, Go On at the Next Start"),
         .dangerous = false,
         .other = tr("Cancel It and Quit"),
         .do_other = [this] { cancelBackfillsAndQuit(); },
         .stay = tr("Do Not Quit")},
        [this] { quit(); });
}

// Not before history has let go of them: an engine that ends in the midst of one goes on with it at its next start.
void WindowSession::cancelBackfillsAndQuit()
{
    Engine *engine = m_engine ? m_engine->engine() : nullptr;
    const auto backfill = engine ? engine->commands().facts().backfill : std::nullopt;
    if (!backfill)
        return quit();
    connect(&engine->switchboard(), &Switchboard::backfillDone, this, [this, engine] {
        if (!engine->commands().facts().backfill)
            quit();
    });
    for (const quint64 id : backfill->ids)
        Q_EMIT engine->switchboard().backfillCancelled(id);
    QTimer::singleShot(cancelPatience, this, [this, engine] {
        if (!engine->commands().facts().backfill)
            return;
        qCWarning(lcApp) << "the backfill could not be cancelled in time: it goes on at the next start";
        quit();
    });
}

void WindowSession::quit()
{
    if (m_window)
        m_window->saveSession();
    if (m_engine)
        m_engine->stop(); // ended() follows
    else
        QCoreApplication::exit(m_exitCode);
}

void WindowSession::fail(const QString &title, const QString &text, int code)
{
    auto *box = new QMessageBox(QMessageBox::Critical, tr("Tapekeeper"), title, QMessageBox::Close);
    box->setObjectName(QStringLiteral("failure"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(text);
    connect(box, &QMessageBox::finished, this, [code] { QCoreApplication::exit(code); });
    box->open();
}

} // namespace tk::app
