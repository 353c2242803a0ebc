#include "ui/dialogs/settings_engine_page.h"

#include <QVBoxLayout>

namespace tk::ui {

SettingsEnginePage::SettingsEnginePage(const Theme &theme, QWidget *parent)
    : SettingsPage(parent)
    , m_form(new SettingsForm(theme))
{
    m_form->add({.key = QStringLiteral("engine.data_dir"),
                 .label = tr("Data folder"),
                 .fallback = QStringLiteral("~/.local/share/tapekeeper"),
                 .tip = tr("On the engine's computer: store, spool and ledger. Takes effect with a restart; what is "
                           "in the old folder stays there.")});
    m_form->add({.key = QStringLiteral("engine.http"),
                 .label = tr("Metrics and health"),
                 .fallback = QStringLiteral("127.0.0.1:9464"),
                 .tip = tr("ADDRESS:PORT of /metrics, /healthz and /readyz, or off. Takes effect with a restart."),
                 .empty_word = QStringLiteral("off")});
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_form);
    layout->addStretch(1);
    connect(m_form, &SettingsForm::changed, this, &SettingsPage::changed);
}

void SettingsEnginePage::load(const config::Node &root, const SettingsFile::Content &)
{
    m_form->load(root);
}

std::vector<config::TomlEdit> SettingsEnginePage::edits() const
{
    return m_form->edits();
}

int SettingsEnginePage::showProblems(const std::vector<SettingsProblem> &problems)
{
    return m_form->showProblems(problems);
}

bool SettingsEnginePage::has(const QString &problemKey) const
{
    return m_form->has(problemKey);
}

} // namespace tk::ui
