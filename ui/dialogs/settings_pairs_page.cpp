#include "ui/dialogs/settings_pairs_page.h"

#include "config/exchange_defaults.h"
#include "market/pair.h"

#include <QHeaderView>
#include <QJsonArray>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSignalBlocker>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

namespace {

const QString pairsPath = QStringLiteral("exchange[1].pairs");
const QString excludePath = QStringLiteral("exchange[1].exclude");

QString unified(const QString &text)
{
    if (text.contains(u'/') && text.contains(u':')) // it is; this is asked for hundreds of pairs at each click
        return text;
    const Result<Pair> pair = Pair::parse(text);
    return pair ? pair->unified() : text;
}

bool holds(const QStringList &names, const QString &pair)
{
    return std::any_of(names.begin(), names.end(), [&](const QString &name) { return unified(name) == pair; });
}

void drop(QStringList &names, const QString &pair)
{
    names.removeIf([&](const QString &name) { return unified(name) == pair; });
}

QStringList textsOf(const config::Node *node)
{
    QStringList texts;
    if (node) {
        for (const config::Node &item : node->items)
            texts.append(item.text);
    }
    return texts;
}

} // namespace

SettingsPairsPage::SettingsPairsPage(monitor::EngineConnection &engine, const Theme &theme, QWidget *parent)
    : SettingsPage(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_all(new QRadioButton(tr("Every perpetual that the exchange trades, except those unchecked below")))
    , m_list(new QRadioButton(tr("Only those checked below")))
    , m_file(new QRadioButton)
    , m_search(new QLineEdit)
    , m_tree(new QTreeWidget)
    , m_count(new QLabel)
    , m_trouble(new QLabel)
    , m_problem(new QLabel)
{
    m_all->setObjectName(QStringLiteral("pairsAll"));
    m_list->setObjectName(QStringLiteral("pairsList"));
    m_file->setObjectName(QStringLiteral("pairsFile"));
    m_search->setObjectName(QStringLiteral("pairsSearch"));
    m_search->setPlaceholderText(tr("Search in the exchange's list"));
    m_search->setAccessibleName(m_search->placeholderText());
    m_search->setClearButtonEnabled(true);
    m_tree->setObjectName(QStringLiteral("pairsTree"));
    m_tree->setAccessibleName(tr("Pairs"));
    m_tree->setHeaderLabels({tr("Pair"), tr("At the exchange"), tr("Here")});
    m_tree->setRootIsDecorated(false);
    m_tree->setUniformRowHeights(true);
    m_tree->setAlternatingRowColors(true);
    m_tree->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_tree->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_tree->header()->setStretchLastSection(false);
    m_count->setObjectName(QStringLiteral("pairsCount"));
    m_trouble->setObjectName(QStringLiteral("pairsTrouble"));
    m_problem->setObjectName(QStringLiteral("problem:") + pairsPath);
    for (QLabel *label : {m_trouble, m_problem}) {
        label->setWordWrap(true);
        label->hide();
    }
    auto *collect = new QPushButton(tr("Collect selected"));
    collect->setObjectName(QStringLiteral("pairsCollect"));
    auto *exclude = new QPushButton(tr("Exclude selected"));
    exclude->setObjectName(QStringLiteral("pairsExclude"));
    for (QPushButton *button : {collect, exclude})
        button->setAutoDefault(false);
    auto *row = new QHBoxLayout;
    row->addWidget(m_count, 1);
    row->addWidget(collect);
    row->addWidget(exclude);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_all);
    layout->addWidget(m_list);
    layout->addWidget(m_file);
    layout->addWidget(m_problem);
    layout->addSpacing(4);
    layout->addWidget(m_search);
    layout->addWidget(m_trouble);
    layout->addWidget(m_tree, 1);
    layout->addLayout(row);
    connect(m_all, &QRadioButton::clicked, this, [this] { setMode(Mode::All); });
    connect(m_list, &QRadioButton::clicked, this, [this] { setMode(Mode::List); });
    connect(m_file, &QRadioButton::clicked, this, [this] { setMode(Mode::File); });
    connect(m_search, &QLineEdit::textChanged, this, &SettingsPairsPage::filter);
    connect(collect, &QPushButton::clicked, this, [this] { chooseSelected(true); });
    connect(exclude, &QPushButton::clicked, this, [this] { chooseSelected(false); });
    connect(m_tree, &QTreeWidget::itemChanged, this, [this](QTreeWidgetItem *item, int column) {
        if (column != 0)
            return;
        choose(item->text(0), item->checkState(0) == Qt::Checked);
        fill();
        Q_EMIT changed();
    });
}

void SettingsPairsPage::load(const config::Node &root, const SettingsFile::Content &)
{
    m_loaded = {};
    const config::Node *pairs = config::nodeAt(root, pairsPath);
    if (pairs && pairs->kind == config::Node::Kind::Array) {
        m_loaded.mode = Mode::List;
        m_loaded.pairs = textsOf(pairs);
    } else if (pairs && pairs->text.startsWith(u'@')) {
        m_loaded.mode = Mode::File;
        m_loaded.file = pairs->text;
    } else if (pairs && pairs->text.startsWith(QLatin1String("all"))) {
        m_loaded.all = pairs->text;
    }
    m_loaded.exclude = textsOf(config::nodeAt(root, excludePath));
    m_choice = m_loaded;
    const config::Node *name = config::nodeAt(root, QStringLiteral("exchange[1].name"));
    m_exchange = name ? name->text : config::defaultExchange();
    m_file->setVisible(m_loaded.mode == Mode::File);
    m_file->setText(tr("Those in the file %1, except those excluded").arg(m_loaded.file.mid(1)));
    fill();
    askForList();
}

void SettingsPairsPage::askForList()
{
    m_engine.ask(
        QStringLiteral("instruments"), {{QStringLiteral("exchange"), m_exchange}}, this,
        [this](const Result<QJsonValue> &answer) {
            m_trouble->setVisible(!answer);
            if (!answer) {
                m_trouble->setText(tr("The exchange's list is not here: %1. What the file names is shown.")
                                       .arg(answer.error().message));
                return;
            }
            m_listed.clear();
            for (const QJsonValue &row : answer->toObject().value(QLatin1String("instruments")).toArray())
                m_listed.push_back({row[QLatin1String("pair")].toString(), row[QLatin1String("status")].toString()});
            std::sort(m_listed.begin(), m_listed.end(),
                      [](const Listed &a, const Listed &b) { return a.pair < b.pair; });
            fill();
        });
}

// "all" are those that settle in USDT.
bool SettingsPairsPage::isOfAll(const QString &pair) const
{
    const QString currency = m_choice.all.section(u':', 1, 1).toUpper();
    return currency == QLatin1String("*") ||
           pair.endsWith(u':' + (currency.isEmpty() ? QStringLiteral("USDT") : currency));
}

bool SettingsPairsPage::isChosen(const QString &pair) const
{
    const bool wanted = m_choice.mode == Mode::List  ? holds(m_choice.pairs, pair)
                        : m_choice.mode == Mode::All ? isOfAll(pair)
                                                     : true;
    return wanted && !holds(m_choice.exclude, pair);
}

void SettingsPairsPage::choose(const QString &pair, bool chosen)
{
    if (chosen == isChosen(pair))
        return;
    if (m_choice.mode == Mode::All && !isOfAll(pair)) // "all" of a currency takes no single one of another
        return;
    if (chosen) {
        drop(m_choice.exclude, pair);
        if (m_choice.mode == Mode::List && !holds(m_choice.pairs, pair))
            m_choice.pairs.append(pair);
    } else if (m_choice.mode == Mode::List) {
        drop(m_choice.pairs, pair);
    } else {
        m_choice.exclude.append(pair);
    }
}

void SettingsPairsPage::chooseSelected(bool chosen)
{
    for (const QTreeWidgetItem *item : m_tree->selectedItems())
        choose(item->text(0), chosen);
    fill();
    Q_EMIT changed();
}

// What was collected stays collected when all become a list.
void SettingsPairsPage::setMode(Mode mode)
{
    if (mode == Mode::List && m_choice.pairs.isEmpty()) {
        for (const Listed &listed : m_listed) {
            if (listed.status == QLatin1String("trading") && isChosen(listed.pair))
                m_choice.pairs.append(listed.pair);
        }
    }
    m_choice.mode = mode;
    fill();
    Q_EMIT changed();
}

void SettingsPairsPage::fill()
{
    m_all->setChecked(m_choice.mode == Mode::All);
    m_list->setChecked(m_choice.mode == Mode::List);
    m_file->setChecked(m_choice.mode == Mode::File);
    std::vector<Listed> rows;
    for (const Listed &listed : m_listed) {
        // What has ended can only be collected no more; it matters where it is named.
        if (listed.status != QLatin1String("ended") || holds(m_choice.pairs + m_choice.exclude, listed.pair) ||
            holds(m_loaded.pairs + m_loaded.exclude, listed.pair))
            rows.push_back(listed);
    }
    for (const QString &name : m_loaded.pairs + m_loaded.exclude) {
        const QString pair = unified(name);
        if (std::none_of(rows.begin(), rows.end(), [&](const Listed &row) { return row.pair == pair; }))
            rows.insert(rows.begin(), {pair, m_listed.empty() ? QString() : tr("not listed")});
    }
    const QSignalBlocker quiet(m_tree);
    const bool same = m_tree->topLevelItemCount() == int(rows.size());
    if (!same)
        m_tree->clear();
    for (int i = 0; i < int(rows.size()); ++i) {
        const Listed &row = rows[size_t(i)];
        QTreeWidgetItem *item = same ? m_tree->topLevelItem(i) : new QTreeWidgetItem(m_tree);
        const bool chosen = isChosen(row.pair);
        item->setFlags(item->flags() | Qt::ItemIsUserCheckable);
        item->setText(0, row.pair);
        item->setText(1, row.status);
        item->setText(2, chosen                              ? tr("collected")
                         : holds(m_choice.exclude, row.pair) ? tr("excluded")
                                                             : tr("not in the list"));
        item->setCheckState(0, chosen ? Qt::Checked : Qt::Unchecked);
    }
    filter();
    showCount();
}

void SettingsPairsPage::filter()
{
    const QString wanted = m_search->text().trimmed();
    for (int i = 0; i < m_tree->topLevelItemCount(); ++i) {
        QTreeWidgetItem *item = m_tree->topLevelItem(i);
        item->setHidden(!item->text(0).contains(wanted, Qt::CaseInsensitive));
    }
}

void SettingsPairsPage::showCount()
{
    int chosen = 0;
    for (int i = 0; i < m_tree->topLevelItemCount(); ++i)
        chosen += m_tree->topLevelItem(i)->checkState(0) == Qt::Checked ? 1 : 0;
    m_count->setText(tr("%1 of %2 collected").arg(chosen).arg(m_tree->topLevelItemCount()));
}

std::vector<config::TomlEdit> SettingsPairsPage::edits() const
{
    std::vector<config::TomlEdit> edits;
    if (m_choice.mode != m_loaded.mode || (m_choice.mode == Mode::List && m_choice.pairs != m_loaded.pairs)) {
        if (m_choice.mode == Mode::All)
            edits.push_back({pairsPath, m_choice.all});
        else if (m_choice.mode == Mode::File)
            edits.push_back({pairsPath, m_choice.file});
        else
            edits.push_back({pairsPath, m_choice.pairs});
    }
    if (m_choice.exclude != m_loaded.exclude)
        edits.push_back({excludePath, m_choice.exclude});
    return edits;
}

bool SettingsPairsPage::has(const QString &problemKey) const
{
    for (const char *key : {"exchange.pairs", "exchange[1].pairs", "exchange.exclude", "exchange[1].exclude"}) {
        if (problemKey == QLatin1String(key))
            return true;
    }
    return false;
}

int SettingsPairsPage::showProblems(const std::vector<SettingsProblem> &problems)
{
    QStringList texts;
    for (const SettingsProblem &problem : problems) {
        if (has(problem.key))
            texts.append(problem.text);
    }
    QPalette palette = m_problem->palette();
    palette.setColor(QPalette::WindowText, m_theme.palette().stale);
    m_problem->setPalette(palette);
    m_problem->setText(QStringLiteral("✗ ") + texts.join(u'\n'));
    m_problem->setVisible(!texts.isEmpty());
    return int(texts.size());
}

} // namespace tk::ui
