#include "ui/dialogs/settings_dialog.h"

#include "config/exchange_defaults.h"
#include "config/exchange_title.h"
#include "ui/dialogs/settings_engine_page.h"
#include "ui/dialogs/settings_exchange_page.h"
#include "ui/dialogs/settings_hosts_page.h"
#include "ui/dialogs/settings_pairs_page.h"
#include "ui/dialogs/settings_store_page.h"
#include "ui/dialogs/settings_supervision_page.h"

#include <QJsonObject>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

constexpr int checkAfter = 200; // ms after the last change
constexpr int rowHeight = 28;

} // namespace

SettingsDialog::SettingsDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, Keyring *keyring,
                               QWidget *parent)
    : QDialog(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_asker(asker)
    , m_keyring(keyring)
    , m_file(engine.connection())
    , m_list(new QListWidget)
    , m_stack(new QStackedWidget)
    , m_said(new QLabel)
    , m_place(new QLabel)
    , m_revert(new QPushButton(tr("Revert")))
    , m_apply(new QPushButton(tr("Apply")))
{
    setObjectName(QStringLiteral("settingsDialog"));
    setWindowTitle(tr("Settings"));
    resize(860, 640);
    m_list->setObjectName(QStringLiteral("settingsPages"));
    m_list->setAccessibleName(tr("Pages"));
    m_list->setFixedWidth(150);
    monitor::EngineConnection &connection = engine.connection();
    m_store = new SettingsStorePage(connection, theme, keyring != nullptr);
    addPage(QStringLiteral("pagePairs"), tr("Pairs"), tr("Which pairs are collected."),
            new SettingsPairsPage(connection, theme));
    addPage(QStringLiteral("pageExchange"), tr("Exchange"),
            tr("What is collected of each pair, and how %1 is reached.")
                .arg(config::exchangeTitle(config::defaultExchange())),
            new SettingsExchangePage(connection, theme));
    addPage(QStringLiteral("pageSupervision"), tr("Supervision"),
            tr("When silence is a fault, and how connections come back."), new SettingsSupervisionPage(theme));
    addPage(QStringLiteral("pageStore"), tr("Store"), tr("Where records are kept."), m_store);
    addPage(
        QStringLiteral("pageHosts"), tr("Hosts"),
        tr("Feeders and other computers whose services and files are watched over ssh. Keys and agent only: there are "
           "no passwords."),
        new SettingsHostsPage(engine, theme, asker));
    addPage(QStringLiteral("pageEngine"), tr("Engine"), tr("The engine's own folder and address."),
            new SettingsEnginePage(theme));
    auto *pages = new QHBoxLayout;
    pages->addWidget(m_list);
    pages->addWidget(m_stack, 1);
    auto *layout = new QVBoxLayout(this);
    layout->addLayout(pages, 1);
    layout->addWidget(makeFooter());
    connect(m_list, &QListWidget::currentRowChanged, m_stack, &QStackedWidget::setCurrentIndex);
    m_list->setCurrentRow(0);
    m_checkSoon.setSingleShot(true);
    m_checkSoon.setInterval(checkAfter);
    connect(&m_checkSoon, &QTimer::timeout, this, &SettingsDialog::check);
    connect(&m_file, &SettingsFile::loaded, this, &SettingsDialog::takeFile);
    connect(&m_file, &SettingsFile::checked, this, &SettingsDialog::showProblems);
    connect(&m_file, &SettingsFile::finished, this, &SettingsDialog::taken);
    connect(&connection, &monitor::EngineConnection::stateChanged, this, [this] {
        if (!m_isLoaded && m_engine.connection().isConnected())
            m_file.load();
        showState();
    });
    showState();
    if (connection.isConnected())
        m_file.load();
}

void SettingsDialog::addPage(const QString &name, const QString &title, const QString &what, SettingsPage *page)
{
    page->setObjectName(name);
    auto *heading = new QLabel(title);
    QFont font = heading->font();
    font.setBold(true);
    font.setPointSizeF(font.pointSizeF() * 1.2);
    heading->setFont(font);
    auto *about = new QLabel(what);
    about->setForegroundRole(QPalette::PlaceholderText);
    about->setWordWrap(true);
    auto *whole = new QWidget;
    auto *layout = new QVBoxLayout(whole);
    layout->setContentsMargins(16, 4, 16, 4);
    layout->addWidget(heading);
    layout->addWidget(about);
    layout->addSpacing(8);
    layout->addWidget(page, 1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(whole);
    m_stack->addWidget(scroll);
    auto *item = new QListWidgetItem(title, m_list);
    item->setSizeHint({0, rowHeight});
    m_pages.push_back(page);
    connect(page, &SettingsPage::changed, this, &SettingsDialog::changed);
}

QWidget *SettingsDialog::makeFooter()
{
    auto *footer = new QWidget;
    m_said->setObjectName(QStringLiteral("settingsSaid"));
    m_said->setWordWrap(true);
    m_said->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_place->setObjectName(QStringLiteral("settingsPlace"));
    m_place->setForegroundRole(QPalette::PlaceholderText);
    m_place->setWordWrap(true);
    m_place->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_revert->setObjectName(QStringLiteral("settingsRevert"));
    m_revert->setAutoDefault(false);
    m_revert->setToolTip(tr("Read the file again"));
    m_apply->setObjectName(QStringLiteral("settingsApply"));
    m_apply->setDefault(true);
    auto *close = new QPushButton(tr("Close"));
    close->setObjectName(QStringLiteral("settingsClose"));
    close->setAutoDefault(false);
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_place, 1);
    buttons->addWidget(m_revert);
    buttons->addWidget(close);
    buttons->addWidget(m_apply);
    auto *layout = new QVBoxLayout(footer);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_said);
    layout->addLayout(buttons);
    connect(m_revert, &QPushButton::clicked, this, [this] {
        m_note.clear();
        m_file.load();
    });
    connect(close, &QPushButton::clicked, this, &SettingsDialog::reject);
    connect(m_apply, &QPushButton::clicked, this, &SettingsDialog::apply);
    return footer;
}

void SettingsDialog::setPage(int index)
{
    m_list->setCurrentRow(index);
}

void SettingsDialog::setPage(const QString &objectName)
{
    for (size_t i = 0; i < m_pages.size(); ++i) {
        if (m_pages[i]->objectName() == objectName)
            setPage(int(i));
    }
}

void SettingsDialog::takeFile()
{
    const SettingsFile::Content &content = m_file.content();
    std::vector<config::Problem> problems;
    const auto root = config::parseToml(content.text.toUtf8(), content.file, problems);
    m_isLoaded = root.has_value();
    m_isWriting = false;
    for (SettingsPage *page : m_pages) {
        page->setEnabled(m_isLoaded && content.why_not.isEmpty());
        if (root)
            page->load(*root, content);
    }
    m_checkSoon.stop();
    showProblems(content.problems);
}

std::vector<config::TomlEdit> SettingsDialog::edits() const
{
    std::vector<config::TomlEdit> edits;
    for (const SettingsPage *page : m_pages) {
        for (config::TomlEdit &edit : page->edits())
            edits.push_back(std::move(edit));
    }
    return edits;
}

bool SettingsDialog::isChanged() const
{
    return m_isLoaded && (!edits().empty() || !m_store->secrets().empty());
}

void SettingsDialog::changed()
{
    if (!m_isLoaded)
        return;
    m_note.clear();
    m_isChecked = false;
    m_checkSoon.start();
    showState();
}

void SettingsDialog::check()
{
    const auto text = m_file.edited(edits());
    if (text)
        m_file.check(*text);
    else
        showProblems({{QString(), text.error().message}});
}

void SettingsDialog::showProblems(const std::vector<SettingsProblem> &problems)
{
    if (m_checkSoon.isActive())
        return; // of what was typed before
    m_isChecked = problems.empty();
    QStringList elsewhere;
    int pageNumber = 0;
    for (SettingsPage *page : m_pages) {
        const int count = page->showProblems(problems);
        QListWidgetItem *item = m_list->item(pageNumber++);
        item->setForeground(count > 0 ? QBrush(m_theme.palette().stale) : QBrush());
        item->setToolTip(count > 0 ? tr("%n problem(s)", nullptr, count) : QString());
    }
    for (const SettingsProblem &problem : problems) {
        if (std::none_of(m_pages.begin(), m_pages.end(), [&](SettingsPage *page) { return page->has(problem.key); }))
            elsewhere.append(problem.key.isEmpty() ? problem.text : tr("%1: %2").arg(problem.key, problem.text));
    }
    showState();
    if (!elsewhere.isEmpty())
        say(elsewhere.join(u'\n'), true);
    else if (!problems.empty())
        say(tr("Problems stand at their fields; nothing can be applied until they are gone."), true);
}

void SettingsDialog::showState()
{
    const bool connected = m_engine.connection().isConnected();
    const SettingsFile::Content &content = m_file.content();
    const size_t count = m_isLoaded ? edits().size() + m_store->secrets().size() : 0;
    m_apply->setEnabled(connected && count > 0 && m_isChecked && !m_isWriting && content.why_not.isEmpty());
    m_revert->setEnabled(connected && !m_isWriting && (count > 0 || !m_isLoaded));
    if (!content.file.isEmpty())
        m_place->setText(content.exists ? content.file : tr("%1 (not there yet; Apply makes it)").arg(content.file));
    if (!connected)
        say(tr("The engine is away: its settings can be changed when it is back."), true);
    else if (!content.why_not.isEmpty())
        say(tr("Shown only: %1").arg(content.why_not), true);
    else if (!m_note.isEmpty())
        say(m_note, false);
    else if (m_isWriting)
        say(tr("Writing…"), false);
    else
        say(count > 0 ? tr("%n change(s) not applied", nullptr, int(count)) : QString(), false);
}

void SettingsDialog::say(const QString &text, bool isProblem)
{
    QPalette palette = m_said->palette();
    palette.setColor(QPalette::WindowText, isProblem ? m_theme.palette().stale : m_theme.palette().text);
    m_said->setPalette(palette);
    m_said->setText(text);
}

void SettingsDialog::apply()
{
    m_isWriting = true;
    showState();
    writeSecrets({}, 0);
}

// Secrets first, each into the keyring or into its file; then the configuration, which names the files.
void SettingsDialog::writeSecrets(std::vector<config::TomlEdit> more, size_t next)
{
    const std::vector<SettingsStorePage::Secret> secrets = m_store->secrets();
    if (next >= secrets.size()) {
        std::vector<config::TomlEdit> all = edits();
        for (config::TomlEdit &edit : more)
            all.push_back(std::move(edit));
        return m_file.write(all);
    }
    if (!m_store->wantsKeyring())
        return writeSecretFile(std::move(more), next);
    const SettingsStorePage::Secret &secret = secrets[next];
    m_keyring->write(secret.name, secret.value, this,
                     [this, more = std::move(more), next, name = secret.name](const Status &status) mutable {
                         if (!status) { // the file is worse than the keyring, and better than a lost secret
                             m_keyringSaid = tr("%1; kept in a file instead.").arg(status.error().message);
                             return writeSecretFile(std::move(more), next);
                         }
                         m_keyringSaid = tr("The secret is in the desktop keyring; a restart takes it.");
                         // A file that is named would come before it.
                         more.push_back({QStringLiteral("store.influx.%1_file").arg(name), QString()});
                         writeSecrets(std::move(more), next + 1);
                     });
}

void SettingsDialog::writeSecretFile(std::vector<config::TomlEdit> more, size_t next)
{
    const SettingsStorePage::Secret secret = m_store->secrets()[next];
    m_engine.connection().ask(
        QStringLiteral("secret-write"),
        {{QStringLiteral("name"), secret.name}, {QStringLiteral("value"), secret.value}}, this,
        [this, more = std::move(more), next, name = secret.name](const Result<QJsonValue> &answer) mutable {
            if (!answer)
                return taken(answer.error(), {});
            more.push_back({QStringLiteral("store.influx.%1_file").arg(name),
                            answer->toObject().value(QLatin1String("setting")).toString()});
            writeSecrets(std::move(more), next + 1);
        });
}

void SettingsDialog::taken(const Status &status, const QString &note)
{
    m_isWriting = false;
    if (!status) {
        showState();
        return say(status.error().message, true);
    }
    m_note = m_keyringSaid.isEmpty() ? note : note + u' ' + m_keyringSaid;
    m_keyringSaid.clear();
    m_file.load();
}

void SettingsDialog::reject()
{
    if (!isChanged())
        return QDialog::reject();
    m_asker.confirm(this,
                    {.title = tr("Close without applying?"),
                     .text = tr("What was typed is not in the configuration yet and will be lost."),
                     .action = tr("Discard"),
                     .dangerous = true},
                    [this] { QDialog::reject(); });
}

} // namespace tk::ui
