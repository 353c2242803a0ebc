#include "window_rig.h"

#include "link/local_link.h"
#include "remote/ssh_link.h"

#include <QApplication>
#include <QDir>
#include <QTest>

namespace tk::test {

WindowRig::WindowRig(WindowWay way, RigOptions options)
    : m_way(way)
    , m_rig(std::move(options))
    , m_settings(m_folder.filePath(QStringLiteral("window.ini")), QSettings::IniFormat)
{
    if (way == WindowWay::Ssh)
        m_ssh.start();
    m_theme.setMode(ui::Theme::Mode::Dark);
    m_theme.applyTo(*qobject_cast<QApplication *>(QCoreApplication::instance()));
    m_settings.setValue(QStringLiteral("window/theme"), int(ui::Theme::Mode::Dark));
}

WindowRig::~WindowRig()
{
    closeView();
    m_rig.stop();
}

bool WindowRig::start()
{
    if (!m_rig.start())
        return false;
    m_view = std::make_unique<monitor::EngineView>(makeWay());
    openWindow();
    m_view->start();
    return true;
}

monitor::EngineConnection::Way WindowRig::makeWay()
{
    const QString socket = link::LinkServer::fileIn(m_rig.dataDir());
    switch (m_way) {
    case WindowWay::Local: {
        auto link = std::make_unique<link::LocalLink>(*m_rig.engine().link());
        auto *raw = link.get();
        return {std::move(link), [raw] { raw->open(); }, QStringLiteral("this computer")};
    }
    case WindowWay::Socket: {
        auto link = std::make_unique<link::LinkClient>();
        auto *raw = link.get();
        return {std::move(link), [raw, socket] { raw->connectTo(socket); }, socket};
    }
    case WindowWay::Ssh:
        break;
    }
    remote::SshTarget target = m_ssh.target();
    target.path = socket;
    auto link = std::make_unique<remote::SshLink>(target);
    auto *raw = link.get();
    return {std::move(link), [raw] { raw->open(); }, target.text()};
}

void WindowRig::openWindow()
{
    m_window = std::make_unique<ui::MainWindow>(ui::MainWindow::Parts{*m_view, m_theme, m_asker, m_settings});
    m_window->restoreSession();
    m_window->show();
    m_window->activateWindow(); // a server without a window manager gives the focus to nobody by itself
}

void WindowRig::closeWindow()
{
    m_window.reset();
}

void WindowRig::closeView()
{
    m_window.reset();
    m_view.reset();
}

const monitor::PairRow *WindowRig::pair(const QString &name) const
{
    return m_view->pairs().find(QStringLiteral("binance-usdm"), name);
}

void WindowRig::shoot(QWidget &widget, const QString &name)
{
    const QString folder = qEnvironmentVariable("TAPEKEEPER_SHOTS");
    if (folder.isEmpty())
        return;
    QDir().mkpath(folder);
    for (const auto &[mode, word] : {std::pair{ui::Theme::Mode::Light, QStringLiteral("light")},
                                     std::pair{ui::Theme::Mode::Dark, QStringLiteral("dark")}}) {
        m_theme.setMode(mode);
        QTest::qWait(50); // style sheets are polished from the event loop; pictures are for people
        widget.grab().save(QStringLiteral("%1/%2-%3.png").arg(folder, name, word));
        if (!qobject_cast<QMainWindow *>(&widget))
            continue;
        const QSize size = widget.size(); // the window on the smallest screen that we draw for
        widget.resize(1024, 640);
        QTest::qWait(50);
        widget.grab().save(QStringLiteral("%1/%2-small-%3.png").arg(folder, name, word));
        widget.resize(size);
        QTest::qWait(50);
    }
}

} // namespace tk::test
