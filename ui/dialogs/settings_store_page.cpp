#include "ui/dialogs/settings_store_page.h"

#include "ui/dialogs/connection_test.h"

#include <QCheckBox>
#include <QGroupBox>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

QString sourceText(const QString &source, const QString &variable)
{
    if (source == QLatin1String("environment"))
        return SettingsStorePage::tr("From the environment (%1), which goes before a file").arg(variable);
    if (source == QLatin1String("file"))
        return SettingsStorePage::tr("Kept in a file; type to replace it");
    if (source == QLatin1String("service manager"))
        return SettingsStorePage::tr("From the service manager; type to use a file instead");
    return SettingsStorePage::tr("None");
}

} // namespace

SettingsStorePage::SettingsStorePage(monitor::EngineConnection &engine, const Theme &theme, bool hasKeyring,
                                     QWidget *parent)
    : SettingsPage(parent)
    , m_kind(new SettingsForm(theme))
    , m_influx(new SettingsForm(theme))
    , m_group(new QGroupBox(tr("InfluxDB")))
{
    m_kind->add({.key = QStringLiteral("store.kind"),
                 .label = tr("Store"),
                 .fallback = QStringLiteral("embedded"),
                 .tip = tr("embedded: a file in the data folder. influx: InfluxDB 1.x, 2.x or 3.x behind a spool. "
                           "Everything on this page takes effect with a restart."),
                 .kind = SettingsField::Kind::Choice,
                 .choices = {QStringLiteral("embedded"), QStringLiteral("influx")}});
    m_kind->add({.key = QStringLiteral("store.retention"),
                 .label = tr("Embedded: keep for"),
                 .fallback = QStringLiteral("360d"),
                 .tip = tr("0s: for ever")});
    const auto key = [](const char *name) { return QStringLiteral("store.influx.") + QLatin1String(name); };
    m_influx->add({.key = key("url"), .label = tr("URL"), .fallback = QStringLiteral("http://127.0.0.1:8086")});
    m_influx->add(
        {.key = key("api"),
         .label = tr("Version"),
         .fallback = QStringLiteral("auto"),
         .kind = SettingsField::Kind::Choice,
         .choices = {QStringLiteral("auto"), QStringLiteral("v1"), QStringLiteral("v2"), QStringLiteral("v3")}});
    m_influx->add(
        {.key = key("database"), .label = tr("Database (v1, v3)"), .fallback = QStringLiteral("market_data")});
    m_influx->add({.key = key("org"), .label = tr("Organisation (v2)")});
    m_influx->add({.key = key("bucket"), .label = tr("Bucket (v2)"), .fallback = QStringLiteral("market_data")});
    m_token = addSecret(QStringLiteral("token"), tr("Token (v2, v3)"));
    m_influx->add({.key = key("user"), .label = tr("User (v1)")});
    m_password = addSecret(QStringLiteral("password"), tr("Password (v1)"));
    if (hasKeyring) {
        m_keyring = new QCheckBox(tr("Keep secrets in the desktop keyring"));
        m_keyring->setObjectName(QStringLiteral("secretsInKeyring"));
        m_keyring->setChecked(true);
        m_influx->addWidget(QString(), m_keyring);
    }
    auto *note = new QLabel(
        hasKeyring
            ? tr("The keyring serves the engine inside this window. One that runs without a desktop reads files: "
                 "unchecked, "
                 "secrets go into influx-token and influx-password beside the configuration, for their owner alone.")
            : tr("Secrets are not kept in a desktop keyring: this engine reads them where there may be no desktop. "
                 "They go "
                 "into files beside the configuration, influx-token and influx-password, readable for their owner "
                 "alone."));
    note->setObjectName(QStringLiteral("secretsNote"));
    note->setForegroundRole(QPalette::PlaceholderText);
    note->setWordWrap(true);
    m_influx->addWidget(QString(), note);
    m_influx->add({.key = key("tls_ca_file"),
                   .label = tr("Certificates"),
                   .tip = tr("PEM file on the engine's computer, trusted instead of the system's own")});
    m_influx->add({.key = key("timeout"), .label = tr("Timeout"), .fallback = QStringLiteral("30s")});
    m_influx->add({.key = key("retention"),
                   .label = tr("Keep for"),
                   .fallback = QStringLiteral("360d"),
                   .tip = tr("Of a database that Tapekeeper makes; an existing one is left as it is. 0s: for ever")});
    m_influx->add({.key = QStringLiteral("spool.max_size"),
                   .label = tr("Spool at most"),
                   .fallback = QStringLiteral("20GiB"),
                   .tip = tr("What the database has not confirmed waits in the data folder")});
    m_influx->add({.key = QStringLiteral("spool.keep_acknowledged"),
                   .label = tr("Keep confirmed for"),
                   .fallback = QStringLiteral("24h"),
                   .tip = tr("In the spool, should the database lose it")});
    m_test = new ConnectionTest(engine, theme, QStringLiteral("test-store"), [this] { return tested(); });
    auto *inGroup = new QVBoxLayout(m_group);
    inGroup->addWidget(m_influx);
    inGroup->addWidget(m_test);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_kind);
    layout->addSpacing(8);
    layout->addWidget(m_group);
    layout->addStretch(1);
    connect(m_kind, &SettingsForm::changed, this, [this] {
        showKind();
        Q_EMIT changed();
    });
    connect(m_influx, &SettingsForm::changed, this, [this] {
        m_test->forget();
        Q_EMIT changed();
    });
}

QLineEdit *SettingsStorePage::addSecret(const QString &name, const QString &label)
{
    auto *line = new QLineEdit;
    line->setObjectName(QStringLiteral("secret-") + name);
    line->setAccessibleName(label);
    line->setEchoMode(QLineEdit::Password);
    m_influx->addWidget(label, line);
    connect(line, &QLineEdit::textChanged, this, [this] {
        m_test->forget();
        Q_EMIT changed();
    });
    return line;
}

void SettingsStorePage::showKind()
{
    m_group->setVisible(m_kind->value(QStringLiteral("store.kind")) == QLatin1String("influx"));
}

void SettingsStorePage::load(const config::Node &root, const SettingsFile::Content &content)
{
    m_kind->load(root);
    m_influx->load(root);
    for (QLineEdit *line : {m_token, m_password}) {
        const QSignalBlocker quiet(line); // nobody has typed
        line->clear();
    }
    m_token->setPlaceholderText(sourceText(content.token_source, QStringLiteral("TAPEKEEPER_INFLUX_TOKEN")));
    m_password->setPlaceholderText(sourceText(content.password_source, QStringLiteral("TAPEKEEPER_INFLUX_PASSWORD")));
    m_test->forget();
    showKind();
}

std::vector<config::TomlEdit> SettingsStorePage::edits() const
{
    std::vector<config::TomlEdit> edits = m_kind->edits();
    for (config::TomlEdit &edit : m_influx->edits())
        edits.push_back(std::move(edit));
    return edits;
}

bool SettingsStorePage::wantsKeyring() const
{
    return m_keyring && m_keyring->isChecked();
}

std::vector<SettingsStorePage::Secret> SettingsStorePage::secrets() const
{
    std::vector<Secret> secrets;
    if (const QString token = m_token->text().trimmed(); !token.isEmpty())
        secrets.push_back({QStringLiteral("token"), token});
    if (const QString password = m_password->text().trimmed(); !password.isEmpty())
        secrets.push_back({QStringLiteral("password"), password});
    return secrets;
}

QJsonObject SettingsStorePage::tested() const
{
    QJsonObject args;
    for (const char *name : {"url", "api", "database", "org", "bucket", "user", "tls_ca_file"})
        args.insert(QLatin1String(name), m_influx->value(QStringLiteral("store.influx.") + QLatin1String(name)));
    for (const Secret &secret : secrets())
        args.insert(secret.name, secret.value);
    return args;
}

int SettingsStorePage::showProblems(const std::vector<SettingsProblem> &problems)
{
    return m_kind->showProblems(problems) + m_influx->showProblems(problems);
}

bool SettingsStorePage::has(const QString &problemKey) const
{
    return m_kind->has(problemKey) || m_influx->has(problemKey);
}

} // namespace tk::ui
