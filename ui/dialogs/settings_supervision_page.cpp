#include "ui/dialogs/settings_supervision_page.h"

#include <QVBoxLayout>

namespace tk::ui {

SettingsSupervisionPage::SettingsSupervisionPage(const Theme &theme, QWidget *parent)
    : SettingsPage(parent)
    , m_form(new SettingsForm(theme))
{
    m_form->add({.key = QStringLiteral("supervision.stale_after"),
                 .label = tr("Stale after"),
                 .fallback = QStringLiteral("10m"),
                 .tip = tr("Upper bound of a stream's silence, such as 90s or 10m. Faster streams are found stale much "
                           "sooner.")});
    m_form->add({.key = QStringLiteral("supervision.heartbeat"),
                 .label = tr("Heartbeat"),
                 .fallback = QStringLiteral("60s"),
                 .tip = tr("Between two looks at whether everything is alive.")});
    m_form->add({.key = QStringLiteral("supervision.major_pairs"),
                 .label = tr("Major pairs"),
                 .fallback = QStringLiteral("BTC, ETH, SOL, XRP, DOGE, ADA, AVAX, LINK, LTC, DOT"),
                 .tip = tr("Bases, separated by commas; quoted in USDT. They are never silent for long while the "
                           "exchange works."),
                 .kind = SettingsField::Kind::Words});
    m_form->add({.key = QStringLiteral("supervision.major_quorum"),
                 .label = tr("Quorum"),
                 .fallback = QStringLiteral("5"),
                 .tip = tr("So many major pairs silent at once: it is the connection, not the market."),
                 .kind = SettingsField::Kind::Integer});
    m_form->add({.key = QStringLiteral("supervision.reconnect_first"),
                 .label = tr("First reconnect after"),
                 .fallback = QStringLiteral("1s")});
    m_form->add({.key = QStringLiteral("supervision.reconnect_max"),
                 .label = tr("Later ones at most"),
                 .fallback = QStringLiteral("60s"),
                 .tip = tr("The pause doubles with each failure up to this.")});
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_form);
    layout->addStretch(1);
    connect(m_form, &SettingsForm::changed, this, &SettingsPage::changed);
}

void SettingsSupervisionPage::load(const config::Node &root, const SettingsFile::Content &)
{
    m_form->load(root);
}

std::vector<config::TomlEdit> SettingsSupervisionPage::edits() const
{
    return m_form->edits();
}

int SettingsSupervisionPage::showProblems(const std::vector<SettingsProblem> &problems)
{
    return m_form->showProblems(problems);
}

bool SettingsSupervisionPage::has(const QString &problemKey) const
{
    return m_form->has(problemKey);
}

} // namespace tk::ui
