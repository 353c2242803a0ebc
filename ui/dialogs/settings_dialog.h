// The settings of the engine: pages over its configuration file. What is typed is checked by the engine's own loader,
// and written on Apply; the answer says what is in force and what needs a restart.
#pragma once

#include "monitor/engine_view.h"
#include "ui/dialogs/settings_file.h"
#include "ui/support/asker.h"
#include "ui/support/keyring.h"
#include "ui/support/theme.h"

#include <QDialog>
#include <QTimer>

#include <deque>

class QLabel;
class QListWidget;
class QPushButton;
class QStackedWidget;

namespace tk::ui {

class SettingsPage;
class SettingsStorePage;

class SettingsDialog final : public QDialog
{
    Q_OBJECT
public:
    SettingsDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, Keyring *keyring,
                   QWidget *parent = nullptr);

    void setPage(int index);
    void setPage(const QString &objectName);

    void reject() override; // asks first where something typed would be lost

private:
    void addPage(const QString &name, const QString &title, const QString &what, SettingsPage *page);
    QWidget *makeFooter();
    void takeFile();
    std::vector<config::TomlEdit> edits() const;
    bool isChanged() const;
    void changed();
    void check();
    void showProblems(const std::vector<SettingsProblem> &problems);
    void showState();
    void say(const QString &text, bool isProblem);
    void apply();
    void writeSecrets(std::vector<config::TomlEdit> more, size_t next);
    void writeSecretFile(std::vector<config::TomlEdit> more, size_t next);
    void taken(const Status &status, const QString &note);

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    Asker &m_asker;
    Keyring *m_keyring; // nothing: an engine elsewhere could not read it
    QString m_keyringSaid;
    SettingsFile m_file;
    QListWidget *m_list;
    QStackedWidget *m_stack;
    std::vector<SettingsPage *> m_pages;
    SettingsStorePage *m_store = nullptr;
    QLabel *m_said;
    QLabel *m_place;
    QPushButton *m_revert;
    QPushButton *m_apply;
    QTimer m_checkSoon;
    bool m_isLoaded = false;
    bool m_isChecked = false; // what is typed has no problems
    bool m_isWriting = false;
    QString m_note; // of the last Apply, until something is typed
};

} // namespace tk::ui
