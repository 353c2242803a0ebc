#include "ui/dialogs/settings_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int fieldWidth = 320;

QString numberText(double number)
{
    return QString::number(number, 'g', QLocale::FloatingPointShortest);
}

// A node as one would type it.
QString textOf(const config::Node &node)
{
    using Kind = config::Node::Kind;
    switch (node.kind) {
    case Kind::Text:
        return node.text;
    case Kind::Array: {
        QStringList words;
        for (const config::Node &item : node.items)
            words.append(textOf(item));
        return words.join(QStringLiteral(", "));
    }
    case Kind::Number:
        return numberText(node.number);
    default:
        return node.describe();
    }
}

// A whole number where one was typed; what was typed otherwise, for the loader to say what is wrong with it.
config::TomlValue valueOf(const SettingsField &field, const QString &text)
{
    bool good = false;
    switch (field.kind) {
    case SettingsField::Kind::Integer:
        if (const qint64 integer = text.toLongLong(&good); good)
            return integer;
        return text;
    case SettingsField::Kind::Number:
        if (const double number = text.toDouble(&good); good)
            return number;
        return text;
    case SettingsField::Kind::Words:
    case SettingsField::Kind::Choices:
        return wordsOf(text);
    default:
        return text;
    }
}

// "exchange.history" of a problem is "exchange[1].history" where there is but one.
QString keyOf(const QString &path)
{
    QString key = path;
    return key.replace(QStringLiteral("[1]"), QString());
}

} // namespace

QStringList wordsOf(const QString &text)
{
    QStringList words;
    for (const QString &word : text.split(u',')) {
        if (!word.trimmed().isEmpty())
            words.append(word.trimmed());
    }
    return words;
}

SettingsForm::SettingsForm(const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_theme(theme)
    , m_layout(new QFormLayout(this))
{
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setVerticalSpacing(8);
    m_layout->setHorizontalSpacing(16);
    m_layout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_layout->setLabelAlignment(Qt::AlignLeft);
    connect(&theme, &Theme::changed, this, &SettingsForm::colour);
}

void SettingsForm::add(const SettingsField &field)
{
    Row row{.field = field};
    QWidget *editor = nullptr;
    if (field.kind == SettingsField::Kind::Choice) {
        row.combo = new QComboBox;
        row.combo->addItems(field.choices);
        row.combo->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
        row.combo->setMinimumContentsLength(12);
        connect(row.combo, &QComboBox::currentTextChanged, this, &SettingsForm::changed);
        editor = row.combo;
    } else if (field.kind == SettingsField::Kind::Choices) {
        editor = new QWidget;
        auto *grid = new QGridLayout(editor);
        grid->setContentsMargins(0, 0, 0, 0);
        int place = 0;
        const int columns = field.choices.size() > 8 ? 6 : 4;
        for (const QString &choice : field.choices) {
            auto *box = new QCheckBox(choice);
            box->setObjectName(field.key + u'=' + choice);
            connect(box, &QCheckBox::toggled, this, &SettingsForm::changed);
            grid->addWidget(box, place / columns, place % columns);
            row.boxes.push_back(box);
            ++place;
        }
        grid->setColumnStretch(columns, 1);
    } else {
        row.line = new QLineEdit;
        row.line->setPlaceholderText(field.fallback);
        row.line->setMinimumWidth(fieldWidth);
        connect(row.line, &QLineEdit::textChanged, this, &SettingsForm::changed);
        editor = row.line;
    }
    editor->setObjectName(field.key);
    editor->setAccessibleName(field.label);
    editor->setToolTip(field.tip);
    row.problem = new QLabel;
    row.problem->setObjectName(QStringLiteral("problem:") + field.key);
    row.problem->setWordWrap(true);
    row.problem->hide();
    auto *box = new QVBoxLayout;
    box->setSpacing(2);
    box->addWidget(editor);
    if (!field.tip.isEmpty()) {
        auto *tip = new QLabel(field.tip);
        tip->setForegroundRole(QPalette::PlaceholderText);
        tip->setWordWrap(true);
        box->addWidget(tip);
    }
    box->addWidget(row.problem);
    auto *label = new QLabel(field.label);
    label->setBuddy(editor);
    m_layout->addRow(label, box);
    m_rows.push_back(std::move(row));
    colour();
}

void SettingsForm::addWidget(const QString &label, QWidget *widget)
{
    m_layout->addRow(label, widget);
}

void SettingsForm::load(const config::Node &root)
{
    for (Row &row : m_rows) {
        const config::Node *node = config::nodeAt(root, row.field.key);
        row.present = node != nullptr;
        QString text = node ? textOf(*node) : QString();
        if (node && text.isEmpty())
            text = row.field.empty_word;
        if (!node && !row.line)
            text = row.field.fallback;
        row.loaded = text;
        setTyped(row, text);
    }
}

QString SettingsForm::typed(const Row &row) const
{
    if (row.line)
        return row.line->text().trimmed();
    if (row.combo)
        return row.combo->currentText();
    // What stands in the file comes first and in its order, so that its lines stay where they are.
    QStringList words;
    for (const QString &word : wordsOf(row.loaded)) {
        const auto box =
            std::find_if(row.boxes.begin(), row.boxes.end(), [&](const QCheckBox *one) { return one->text() == word; });
        if (box == row.boxes.end() || (*box)->isChecked())
            words.append(word);
    }
    for (const QCheckBox *box : row.boxes) {
        if (box->isChecked() && !words.contains(box->text()))
            words.append(box->text());
    }
    return words.join(QStringLiteral(", "));
}

void SettingsForm::setTyped(Row &row, const QString &text)
{
    if (row.line) {
        const QSignalBlocker quiet(row.line);
        row.line->setText(text);
    } else if (row.combo) {
        const QSignalBlocker quiet(row.combo);
        if (row.combo->findText(text) < 0)
            row.combo->addItem(text);
        row.combo->setCurrentText(text);
    } else {
        const QStringList words = wordsOf(text);
        for (QCheckBox *box : row.boxes) {
            const QSignalBlocker quiet(box);
            box->setChecked(words.contains(box->text()));
        }
    }
}

std::vector<config::TomlEdit> SettingsForm::edits() const
{
    std::vector<config::TomlEdit> edits;
    for (const Row &row : m_rows) {
        const QString text = typed(row);
        if (text == row.loaded)
            continue;
        if (text.isEmpty() && row.line && row.field.kind != SettingsField::Kind::Words)
            edits.push_back({row.field.key, {}});
        else if (!row.field.empty_word.isEmpty() && text == row.field.empty_word)
            edits.push_back({row.field.key, QString()});
        else if (text.isEmpty() && row.line && !row.field.fallback.isEmpty())
            edits.push_back({row.field.key, {}});
        else
            edits.push_back({row.field.key, valueOf(row.field, text)});
    }
    return edits;
}

QString SettingsForm::value(const QString &key) const
{
    for (const Row &row : m_rows) {
        if (row.field.key != key)
            continue;
        const QString text = typed(row);
        if (text.isEmpty())
            return row.field.fallback;
        return text == row.field.empty_word ? QString() : text;
    }
    return {};
}

QWidget *SettingsForm::editor(const QString &key) const
{
    return findChild<QWidget *>(key);
}

bool SettingsForm::has(const QString &problemKey) const
{
    return std::any_of(m_rows.begin(), m_rows.end(),
                       [&](const Row &row) { return keyOf(row.field.key) == keyOf(problemKey); });
}

int SettingsForm::showProblems(const std::vector<SettingsProblem> &problems)
{
    int shown = 0;
    for (Row &row : m_rows) {
        QStringList texts;
        for (const SettingsProblem &problem : problems) {
            if (keyOf(problem.key) == keyOf(row.field.key))
                texts.append(problem.text);
        }
        shown += int(texts.size());
        row.problem->setText(texts.isEmpty() ? QString() : QStringLiteral("✗ ") + texts.join(u'\n'));
        row.problem->setVisible(!texts.isEmpty());
    }
    return shown;
}

void SettingsForm::colour()
{
    for (const Row &row : m_rows) {
        QPalette palette = row.problem->palette();
        palette.setColor(QPalette::WindowText, m_theme.palette().stale);
        row.problem->setPalette(palette);
    }
}

} // namespace tk::ui
