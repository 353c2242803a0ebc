// One page of the settings: shows a part of the configuration and says what of it shall change.
#pragma once

#include "ui/dialogs/settings_form.h"

namespace tk::ui {

class SettingsPage : public QWidget
{
    Q_OBJECT
public:
    using QWidget::QWidget;

    virtual void load(const config::Node &root, const SettingsFile::Content &content) = 0;
    virtual std::vector<config::TomlEdit> edits() const = 0;
    virtual int showProblems(const std::vector<SettingsProblem> &problems) = 0; // how many are its own
    virtual bool has(const QString &problemKey) const = 0;

Q_SIGNALS:
    void changed();
};

} // namespace tk::ui
