// Which pairs are collected: all that the exchange trades but some, or a list; chosen in the exchange's own list.
#pragma once

#include "ui/dialogs/settings_page.h"

class QLineEdit;
class QRadioButton;
class QTreeWidget;

namespace tk::ui {

class SettingsPairsPage final : public SettingsPage
{
    Q_OBJECT
public:
    SettingsPairsPage(monitor::EngineConnection &engine, const Theme &theme, QWidget *parent = nullptr);

    void load(const config::Node &root, const SettingsFile::Content &content) override;
    std::vector<config::TomlEdit> edits() const override;
    int showProblems(const std::vector<SettingsProblem> &problems) override;
    bool has(const QString &problemKey) const override;

private:
    enum class Mode { All, List, File };
    // As the configuration says it; names as they are written there.
    struct Choice
    {
        Mode mode = Mode::All;
        QString all = QStringLiteral("all"); // or "all:usdc", "all:*", as the file says it
        QString file{};                      // "@FILE"
        QStringList pairs{};
        QStringList exclude{};

        bool operator==(const Choice &) const = default;
    };
    struct Listed
    {
        QString pair{};
        QString status{};
    };

    void askForList();
    void fill();
    void filter();
    void showCount();
    bool isChosen(const QString &pair) const;
    bool isOfAll(const QString &pair) const;
    void choose(const QString &pair, bool chosen);
    void chooseSelected(bool chosen);
    void setMode(Mode mode);

    monitor::EngineConnection &m_engine;
    const Theme &m_theme;
    QString m_exchange;
    Choice m_loaded;
    Choice m_choice;
    std::vector<Listed> m_listed;
    QRadioButton *m_all;
    QRadioButton *m_list;
    QRadioButton *m_file;
    QLineEdit *m_search;
    QTreeWidget *m_tree;
    QLabel *m_count;
    QLabel *m_trouble;
    QLabel *m_problem;
};

} // namespace tk::ui
