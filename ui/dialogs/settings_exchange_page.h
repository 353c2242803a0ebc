// What is collected of each pair, how much history, and how the exchange is reached.
#pragma once

#include "ui/dialogs/settings_page.h"

namespace tk::ui {

class ConnectionTest;

class SettingsExchangePage final : public SettingsPage
{
    Q_OBJECT
public:
    SettingsExchangePage(monitor::EngineConnection &engine, const Theme &theme, QWidget *parent = nullptr);

    void load(const config::Node &root, const SettingsFile::Content &content) override;
    std::vector<config::TomlEdit> edits() const override;
    int showProblems(const std::vector<SettingsProblem> &problems) override;
    bool has(const QString &problemKey) const override;

private:
    SettingsForm *m_form;
    ConnectionTest *m_test;
};

} // namespace tk::ui
