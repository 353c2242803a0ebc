// Where the engine keeps its data and answers over HTTP.
#pragma once

#include "ui/dialogs/settings_page.h"

namespace tk::ui {

class SettingsEnginePage final : public SettingsPage
{
    Q_OBJECT
public:
    explicit SettingsEnginePage(const Theme &theme, QWidget *parent = nullptr);

    void load(const config::Node &root, const SettingsFile::Content &content) override;
    std::vector<config::TomlEdit> edits() const override;
    int showProblems(const std::vector<SettingsProblem> &problems) override;
    bool has(const QString &problemKey) const override;

private:
    SettingsForm *m_form;
};

} // namespace tk::ui
