#include "ui/dialogs/settings_exchange_page.h"

#include "config/exchange_defaults.h"
#include "market/timeframe.h"
#include "ui/dialogs/connection_test.h"

#include <QJsonObject>
#include <QVBoxLayout>

namespace tk::ui {

SettingsExchangePage::SettingsExchangePage(monitor::EngineConnection &engine, const Theme &theme, QWidget *parent)
    : SettingsPage(parent)
    , m_form(new SettingsForm(theme))
{
    const auto key = [](const char *name) { return QStringLiteral("exchange[1].") + QLatin1String(name); };
    QStringList timeframes;
    for (const Timeframe timeframe : allTimeframes)
        timeframes.append(timeframeText(timeframe));
    m_form->add({.key = key("streams"),
                 .label = tr("Streams"),
                 .fallback = QStringLiteral("candles, mark_price, funding_rate"),
                 .kind = SettingsField::Kind::Choices,
                 .choices = {QStringLiteral("candles"), QStringLiteral("mark_price"), QStringLiteral("funding_rate"),
                             QStringLiteral("ticker"), QStringLiteral("trades"), QStringLiteral("liquidations"),
                             QStringLiteral("depth")}});
    m_form->add({.key = key("timeframes"),
                 .label = tr("Timeframes"),
                 .fallback = QStringLiteral("3m, 15m, 1h"),
                 .kind = SettingsField::Kind::Choices,
                 .choices = timeframes});
    m_form->add({.key = key("history"),
                 .label = tr("History"),
                 .fallback = QStringLiteral("1500"),
                 .tip = tr("Candles per pair and timeframe at the first start"),
                 .kind = SettingsField::Kind::Integer});
    m_form->add({.key = key("weight_share"),
                 .label = tr("Share of the budget"),
                 .fallback = QStringLiteral("0.5"),
                 .tip = tr("Of what the exchange allows an address to ask; above 0, at most 1"),
                 .kind = SettingsField::Kind::Number});
    m_form->add({.key = key("mark_price_every"),
                 .label = tr("Mark price every"),
                 .fallback = QStringLiteral("1m"),
                 .tip = tr("How often one becomes a record; 0s: each event")});
    m_form->add({.key = key("rest_url"),
                 .label = tr("REST URL"),
                 .fallback = config::defaultRestUrl().toString(),
                 .tip = tr("This and everything below takes effect with a restart.")});
    m_test = new ConnectionTest(engine, theme, QStringLiteral("test-exchange"), [this, key] {
        return QJsonObject{{QStringLiteral("exchange"), config::defaultExchange()},
                           {QStringLiteral("rest_url"), m_form->value(key("rest_url"))},
                           {QStringLiteral("tls_ca_file"), m_form->value(key("tls_ca_file"))}};
    });
    m_form->addWidget(QString(), m_test);
    m_form->add({.key = key("ws_url"), .label = tr("Websocket URL"), .fallback = config::defaultWsUrl().toString()});
    m_form->add({.key = key("tls_ca_file"),
                 .label = tr("Certificates"),
                 .tip = tr("PEM file on the engine's computer, trusted beside the system's own")});
    m_form->add({.key = key("proxies"),
                 .label = tr("Proxies"),
                 .tip = tr("Such as socks5://10.0.0.2:1080, separated by commas; the test goes the direct way"),
                 .kind = SettingsField::Kind::Words});
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_form);
    layout->addStretch(1);
    connect(m_form, &SettingsForm::changed, this, [this] {
        m_test->forget();
        Q_EMIT changed();
    });
}

void SettingsExchangePage::load(const config::Node &root, const SettingsFile::Content &)
{
    m_form->load(root);
    m_test->forget();
}

std::vector<config::TomlEdit> SettingsExchangePage::edits() const
{
    return m_form->edits();
}

int SettingsExchangePage::showProblems(const std::vector<SettingsProblem> &problems)
{
    return m_form->showProblems(problems);
}

bool SettingsExchangePage::has(const QString &problemKey) const
{
    return m_form->has(problemKey);
}

} // namespace tk::ui
