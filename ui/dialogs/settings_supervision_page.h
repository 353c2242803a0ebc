// When streams count as stale, and how connections come back.
#pragma once

#include "ui/dialogs/settings_page.h"

namespace tk::ui {

class SettingsSupervisionPage final : public SettingsPage
{
    Q_OBJECT
public:
    explicit SettingsSupervisionPage(const Theme &theme, QWidget *parent = nullptr);

    void load(const config::Node &root, const SettingsFile::Content &content) override;
    std::vector<config::TomlEdit> edits() const override;
    int showProblems(const std::vector<SettingsProblem> &problems) override;
    bool has(const QString &problemKey) const override;

private:
    SettingsForm *m_form;
};

} // namespace tk::ui
