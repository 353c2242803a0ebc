// Where records are stored: the embedded store or InfluxDB, with its secrets and a test of the connection.
#pragma once

#include "ui/dialogs/settings_page.h"

class QCheckBox;
class QGroupBox;
class QLineEdit;

namespace tk::ui {

class ConnectionTest;

class SettingsStorePage final : public SettingsPage
{
    Q_OBJECT
public:
    SettingsStorePage(monitor::EngineConnection &engine, const Theme &theme, bool hasKeyring,
                      QWidget *parent = nullptr);

    void load(const config::Node &root, const SettingsFile::Content &content) override;
    std::vector<config::TomlEdit> edits() const override;
    int showProblems(const std::vector<SettingsProblem> &problems) override;
    bool has(const QString &problemKey) const override;

    struct Secret
    {
        QString name{}; // "token", "password"
        QString value{};
    };
    std::vector<Secret> secrets() const; // that were typed
    bool wantsKeyring() const;           // for them

private:
    QLineEdit *addSecret(const QString &name, const QString &label);
    void showKind();
    QJsonObject tested() const;

    SettingsForm *m_kind;
    SettingsForm *m_influx;
    QGroupBox *m_group;
    QLineEdit *m_token;
    QLineEdit *m_password;
    QCheckBox *m_keyring = nullptr; // where there is one
    ConnectionTest *m_test;
};

} // namespace tk::ui
