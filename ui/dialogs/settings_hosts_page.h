// The hosts of the configuration: a list, and what is said of the one chosen.
#pragma once

#include "monitor/engine_view.h"
#include "ui/dialogs/settings_page.h"
#include "ui/support/asker.h"
#include "ui/support/notice.h"

#include <QMap>

class QLineEdit;
class QListWidget;
class QPushButton;

namespace tk::ui {

class SettingsHostsPage final : public SettingsPage
{
    Q_OBJECT
public:
    SettingsHostsPage(monitor::EngineView &engine, const Theme &theme, Asker &asker, QWidget *parent = nullptr);

    void load(const config::Node &root, const SettingsFile::Content &content) override;
    std::vector<config::TomlEdit> edits() const override;
    int showProblems(const std::vector<SettingsProblem> &problems) override;
    bool has(const QString &problemKey) const override;

    void addHost();
    void removeHost(); // the one chosen

private:
    using Values = QMap<QString, QString>; // key: as typed; no entry: not in the file
    struct Host
    {
        int number = 0; // its place in the file, from 1; 0: a new one
        Values loaded{};
        Values typed{};
    };
    struct Field
    {
        QString key;
        QLineEdit *line;
        bool isList;
    };

    void addField(const QString &key, const QString &label, const QString &placeholder, const QString &tip,
                  bool isList);
    void showList(int current);
    void showHost();
    void take(const Field &field);
    void test();
    QString nameOf(const Host &host) const;

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    Asker &m_asker;
    QListWidget *m_list;
    Notice *m_empty;
    QWidget *m_form;
    QPushButton *m_remove;
    QPushButton *m_test;
    QLabel *m_problem;
    std::vector<Field> m_fields;
    std::vector<Host> m_hosts;
    std::vector<int> m_removed; // places in the file
    int m_inFile = 0;
};

} // namespace tk::ui
