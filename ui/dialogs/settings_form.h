// Fields for keys of the configuration, each with its problem below it. What the file says stands in the field, what
// holds without it is the placeholder; a field that is emptied leaves the default to hold.
#pragma once

#include "config/toml_edit.h"
#include "ui/dialogs/settings_file.h"
#include "ui/support/theme.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;

namespace tk::ui {

// What a list separated by commas says.
QStringList wordsOf(const QString &text);

struct SettingsField
{
    enum class Kind {
        Text, // durations and sizes too
        Integer,
        Number,
        Words,   // a list, separated by commas
        Choice,  // one of the choices
        Choices, // any of them: a list
    };

    QString key{}; // "store.influx.url"
    QString label{};
    QString fallback{}; // the default, as one would type it
    QString tip{};
    Kind kind = Kind::Text;
    QStringList choices{};
    QString empty_word{}; // what is typed for "", where that is not the default
};

class SettingsForm final : public QWidget
{
    Q_OBJECT
public:
    explicit SettingsForm(const Theme &theme, QWidget *parent = nullptr);

    void add(const SettingsField &field);
    void addWidget(const QString &label, QWidget *widget);

    void load(const config::Node &root);
    std::vector<config::TomlEdit> edits() const; // of what differs from the file
    QString value(const QString &key) const;     // as typed, or else the default
    QWidget *editor(const QString &key) const;

    // Those of its fields are shown at them; the number of problems that were.
    int showProblems(const std::vector<SettingsProblem> &problems);
    bool has(const QString &problemKey) const;

Q_SIGNALS:
    void changed();

private:
    struct Row
    {
        SettingsField field;
        QLineEdit *line = nullptr;
        QComboBox *combo = nullptr;
        std::vector<QCheckBox *> boxes{};
        QLabel *problem = nullptr;
        QString loaded{};     // as typed
        bool present = false; // the file has the key
    };
    QString typed(const Row &row) const;
    void setTyped(Row &row, const QString &text);
    void colour();

    const Theme &m_theme;
    QFormLayout *m_layout;
    std::vector<Row> m_rows;
};

} // namespace tk::ui
