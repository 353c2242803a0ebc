#include "ui/dialogs/settings_hosts_page.h"

#include "ui/dialogs/host_check_dialog.h"

#include <QFormLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

namespace {

QString textOf(const config::Node &node)
{
    if (node.kind != config::Node::Kind::Array)
        return node.text;
    QStringList words;
    for (const config::Node &item : node.items)
        words.append(item.text);
    return words.join(QStringLiteral(", "));
}

} // namespace

SettingsHostsPage::SettingsHostsPage(monitor::EngineView &engine, const Theme &theme, Asker &asker, QWidget *parent)
    : SettingsPage(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_asker(asker)
    , m_list(new QListWidget)
    , m_empty(new Notice(m_list->viewport()))
    , m_form(new QWidget)
    , m_remove(new QPushButton(tr("Remove")))
    , m_test(new QPushButton(tr("Test connection…")))
    , m_problem(new QLabel)
{
    m_list->setObjectName(QStringLiteral("hostsList"));
    m_list->setAccessibleName(tr("Hosts"));
    m_list->setMaximumHeight(150);
    auto *add = new QPushButton(tr("Add host"));
    add->setObjectName(QStringLiteral("hostsAdd"));
    m_remove->setObjectName(QStringLiteral("hostsRemove"));
    m_test->setObjectName(QStringLiteral("hostsTest"));
    for (QPushButton *button : {add, m_remove, m_test})
        button->setAutoDefault(false);
    auto *row = new QHBoxLayout;
    row->addWidget(add);
    row->addWidget(m_remove);
    row->addStretch(1);
    row->addWidget(m_test);
    m_form->setObjectName(QStringLiteral("hostsForm"));
    auto *form = new QFormLayout(m_form);
    form->setContentsMargins(0, 8, 0, 0);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    addField(QStringLiteral("name"), tr("Name"), tr("the target"), tr("What commands and this window call the host"),
             false);
    addField(QStringLiteral("target"), tr("Target"), tr("user@host:22"),
             tr("[user@]host[:port], or a name out of ~/.ssh/config"), false);
    addField(QStringLiteral("identity"), tr("Identity"), tr("the agent, and what ~/.ssh/config names"),
             tr("A private key's file on the engine's computer"), false);
    addField(QStringLiteral("jump"), tr("Jump host"), tr("none"), tr("A host in between: [user@]host[:port]"), false);
    addField(
        QStringLiteral("units"), tr("Units"), tr("freqtrade-feeder*.service, influxdb-data-sync.timer"),
        tr("systemd units with their suffix, separated by commas; *, ? and […] as in a shell. Nothing else is ever "
           "acted on"),
        true);
    addField(QStringLiteral("data"), tr("Data folders"), tr("/home/freqai/freqtrade/user_data/data"),
             tr("Folders of feather files over there, separated by commas"), true);
    addField(QStringLiteral("stale_after"), tr("Stale after"), QStringLiteral("10m"),
             tr("A file is stale when its last candle closed longer ago than one candle and this"), false);
    addField(QStringLiteral("push"), tr("Push to"), tr("nothing is pushed"),
             tr("freqtrade's user_data/data over there: its files are kept up to the store from here. A change needs a "
                "restart of the engine"),
             false);
    addField(QStringLiteral("deploy"), tr("Deploy to"), tr("nothing is deployed"),
             tr("The folder there that \"tapekeeper hosts deploy\" fills"), false);
    m_problem->setObjectName(QStringLiteral("hostsProblem"));
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->hide();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_list);
    layout->addLayout(row);
    layout->addWidget(m_form);
    layout->addWidget(m_problem);
    layout->addStretch(1);
    connect(add, &QPushButton::clicked, this, &SettingsHostsPage::addHost);
    connect(m_remove, &QPushButton::clicked, this, &SettingsHostsPage::removeHost);
    connect(m_test, &QPushButton::clicked, this, &SettingsHostsPage::test);
    connect(m_list, &QListWidget::currentRowChanged, this, &SettingsHostsPage::showHost);
    showHost();
}

void SettingsHostsPage::addField(const QString &key, const QString &label, const QString &placeholder,
                                 const QString &tip, bool isList)
{
    auto *line = new QLineEdit;
    line->setObjectName(QStringLiteral("host:") + key);
    line->setPlaceholderText(placeholder);
    line->setToolTip(tip);
    line->setAccessibleName(label);
    qobject_cast<QFormLayout *>(m_form->layout())->addRow(label, line);
    m_fields.push_back({key, line, isList});
    connect(line, &QLineEdit::textEdited, this, [this, at = m_fields.size() - 1] { take(m_fields[at]); });
}

QString SettingsHostsPage::nameOf(const Host &host) const
{
    for (const char *key : {"name", "target"}) {
        if (const QString text = host.typed.value(QLatin1String(key)); !text.isEmpty())
            return text;
    }
    return tr("new host");
}

void SettingsHostsPage::load(const config::Node &root, const SettingsFile::Content &)
{
    const int current = m_list->currentRow();
    m_hosts.clear();
    m_removed.clear();
    const config::Node::Member *list = root.member(QStringLiteral("host"));
    m_inFile = list ? int(list->value.items.size()) : 0;
    for (int i = 0; i < m_inFile; ++i) {
        Host host{.number = i + 1};
        for (const config::Node::Member &member : list->value.items[size_t(i)].members)
            host.loaded.insert(member.key, textOf(member.value));
        host.typed = host.loaded;
        m_hosts.push_back(host);
    }
    showList(std::clamp(current, 0, std::max(0, m_inFile - 1)));
}

void SettingsHostsPage::showList(int current)
{
    {
        const QSignalBlocker quiet(m_list);
        m_list->clear();
        for (const Host &host : m_hosts)
            m_list->addItem(nameOf(host));
        m_list->setCurrentRow(m_hosts.empty() ? -1 : current);
    }
    showHost();
}

void SettingsHostsPage::showHost()
{
    const int row = m_list->currentRow();
    const bool has = row >= 0 && row < int(m_hosts.size());
    m_empty->say(m_hosts.empty() ? tr("No hosts yet") : QString(), tr("Add host, then test the connection to it"));
    m_form->setEnabled(has);
    m_remove->setEnabled(has);
    m_test->setEnabled(has);
    for (const Field &field : m_fields)
        field.line->setText(has ? m_hosts[size_t(row)].typed.value(field.key) : QString());
}

void SettingsHostsPage::take(const Field &field)
{
    const int row = m_list->currentRow();
    if (row < 0)
        return;
    Host &host = m_hosts[size_t(row)];
    // What is emptied leaves the default to hold.
    if (field.line->text().trimmed().isEmpty())
        host.typed.remove(field.key);
    else
        host.typed.insert(field.key, field.line->text().trimmed());
    m_list->item(row)->setText(nameOf(host));
    Q_EMIT changed();
}

void SettingsHostsPage::addHost()
{
    m_hosts.push_back({});
    showList(int(m_hosts.size()) - 1);
    m_fields.front().line->setFocus();
    Q_EMIT changed();
}

void SettingsHostsPage::removeHost()
{
    const int row = m_list->currentRow();
    if (row < 0)
        return;
    if (const int number = m_hosts[size_t(row)].number; number > 0)
        m_removed.push_back(number);
    m_hosts.erase(m_hosts.begin() + row);
    showList(std::min(row, int(m_hosts.size()) - 1));
    Q_EMIT changed();
}

// Changes where they stand, new ones behind the last, then what goes, the last first: the places hold all the while.
std::vector<config::TomlEdit> SettingsHostsPage::edits() const
{
    std::vector<config::TomlEdit> edits;
    int behind = m_inFile;
    for (const Host &host : m_hosts) {
        if (host.number == 0 && host.typed.isEmpty())
            continue;
        const int number = host.number > 0 ? host.number : ++behind;
        for (const Field &field : m_fields) {
            const bool is = host.typed.contains(field.key);
            if (is == host.loaded.contains(field.key) && host.typed.value(field.key) == host.loaded.value(field.key))
                continue;
            config::TomlEdit edit{QStringLiteral("host[%1].%2").arg(number).arg(field.key), {}};
            if (is && field.isList)
                edit.value = wordsOf(host.typed.value(field.key));
            else if (is)
                edit.value = host.typed.value(field.key);
            edits.push_back(edit);
        }
    }
    std::vector<int> removed = m_removed;
    std::ranges::sort(removed, std::greater<>());
    for (const int number : removed)
        edits.push_back({QStringLiteral("host[%1]").arg(number), {}});
    return edits;
}

bool SettingsHostsPage::has(const QString &problemKey) const
{
    return problemKey == QLatin1String("host") || problemKey.startsWith(QLatin1String("host.")) ||
           problemKey.startsWith(QLatin1String("host["));
}

int SettingsHostsPage::showProblems(const std::vector<SettingsProblem> &problems)
{
    QStringList lines;
    for (const SettingsProblem &problem : problems) {
        if (has(problem.key))
            lines.append(problem.key + QStringLiteral(": ") + problem.text);
    }
    QPalette palette = m_problem->palette();
    palette.setColor(QPalette::WindowText, m_theme.palette().stale);
    m_problem->setPalette(palette);
    m_problem->setText(lines.join(u'\n'));
    m_problem->setVisible(!lines.isEmpty());
    return int(lines.size());
}

void SettingsHostsPage::test()
{
    const int row = m_list->currentRow();
    if (row < 0)
        return;
    const Host &host = m_hosts[size_t(row)];
    QJsonObject settings{{QStringLiteral("name"), nameOf(host)}};
    for (auto value = host.typed.cbegin(); value != host.typed.cend(); ++value) {
        const auto field = std::ranges::find(m_fields, value.key(), &Field::key);
        const bool isList = field != m_fields.end() && field->isList;
        if (isList)
            settings.insert(value.key(), QJsonArray::fromStringList(wordsOf(value.value())));
        else
            settings.insert(value.key(), value.value());
    }
    auto *dialog = new HostCheckDialog(m_engine, m_theme, m_asker, settings, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
    dialog->start();
}

} // namespace tk::ui
