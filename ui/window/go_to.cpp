#include "ui/window/go_to.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int mostShown = 60;

} // namespace

std::optional<int> matchScore(const QString &typed, const QString &text)
{
    int score = 0;
    for (const QString &word : typed.split(u' ', Qt::SkipEmptyParts)) {
        const qsizetype whole = text.indexOf(word, 0, Qt::CaseInsensitive);
        if (whole >= 0) {
            const bool begins = whole == 0 || !text[whole - 1].isLetterOrNumber();
            score += begins ? 100 - int(std::min<qsizetype>(whole, 50)) : 40;
            continue;
        }
        qsizetype at = -1;
        for (const QChar letter : word) {
            at = text.indexOf(letter, at + 1, Qt::CaseInsensitive);
            if (at < 0)
                return {};
        }
        score += 5;
    }
    return score - int(text.size()) / 8;
}

GoTo::GoTo(monitor::EngineView &engine, const QList<QAction *> &actions, QWidget *parent)
    : QDialog(parent)
    , m_engine(engine)
    , m_field(new QLineEdit)
    , m_list(new QListWidget)
{
    setObjectName(QStringLiteral("goTo"));
    setWindowTitle(tr("Go to"));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(560, 420);
    m_field->setObjectName(QStringLiteral("goToField"));
    m_field->setPlaceholderText(tr("Pair, action or incident"));
    m_field->setAccessibleName(tr("Go to"));
    m_list->setObjectName(QStringLiteral("goToList"));
    m_list->setUniformItemSizes(true);
    m_list->setFocusPolicy(Qt::NoFocus);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->addWidget(m_field);
    layout->addWidget(m_list, 1);
    m_field->installEventFilter(this);
    connect(m_field, &QLineEdit::textChanged, this, &GoTo::showMatches);
    connect(m_list, &QListWidget::itemClicked, this, &GoTo::go);
    gather(actions);
    showMatches();
}

void GoTo::gather(const QList<QAction *> &actions)
{
    for (QAction *action : actions) {
        if (action->isSeparator() || action->text().isEmpty() || !action->isEnabled())
            continue;
        QString text = action->text();
        text.remove(u'&');
        const QString keys = action->shortcut().toString(QKeySequence::NativeText);
        m_targets.push_back({text, keys.isEmpty() ? tr("action") : keys, [action] { action->trigger(); }});
    }
    for (const monitor::PairRow &row : m_engine.pairs().rows())
        m_targets.push_back({row.pair, row.exchange,
                             [this, exchange = row.exchange, pair = row.pair] { Q_EMIT pairChosen(exchange, pair); }});
    for (const monitor::HostView &host : m_engine.hosts().all()) {
        m_targets.push_back({host.name, tr("host"), [this, name = host.name] { Q_EMIT hostChosen(name, {}); }});
        for (const monitor::HostUnit &unit : host.units)
            m_targets.push_back({unit.name, tr("on %1").arg(host.name),
                                 [this, name = host.name, unit = unit.name] { Q_EMIT hostChosen(name, unit); }});
    }
    const auto &events = m_engine.events().events();
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
        if (event->kind == alert::EventKind::Incident)
            m_targets.push_back({event->title, tr("incident, %1").arg(isoText(event->time).left(16)),
                                 [this, id = event->id] { Q_EMIT incidentChosen(id); }});
    }
}

void GoTo::setTyped(const QString &text)
{
    m_field->setText(text);
}

int GoTo::count() const
{
    return m_list->count();
}

void GoTo::showMatches()
{
    std::vector<std::pair<int, size_t>> found; // score, target
    for (size_t i = 0; i < m_targets.size(); ++i) {
        if (const auto score = matchScore(m_field->text(), m_targets[i].text))
            found.emplace_back(-*score, i);
    }
    std::ranges::stable_sort(found, {}, &std::pair<int, size_t>::first);
    m_list->clear();
    for (size_t i = 0; i < found.size() && i < mostShown; ++i) {
        const Target &target = m_targets[found[i].second];
        auto *item = new QListWidgetItem(target.text + QStringLiteral("    ") + target.hint, m_list);
        item->setData(Qt::UserRole, int(found[i].second));
    }
    m_list->setCurrentRow(0);
}

void GoTo::go()
{
    const QListWidgetItem *item = m_list->currentItem();
    if (!item)
        return;
    const std::function<void()> target = m_targets[size_t(item->data(Qt::UserRole).toInt())].go;
    accept();
    target();
}

bool GoTo::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        const int row = m_list->currentRow();
        const int page = 10;
        const auto move = [&](int to) { m_list->setCurrentRow(std::clamp(to, 0, std::max(0, m_list->count() - 1))); };
        switch (key) {
        case Qt::Key_Down:
            move(row + 1);
            return true;
        case Qt::Key_Up:
            move(row - 1);
            return true;
        case Qt::Key_PageDown:
            move(row + page);
            return true;
        case Qt::Key_PageUp:
            move(row - page);
            return true;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            go();
            return true;
        default:
            break;
        }
    }
    return QDialog::eventFilter(watched, event);
}

} // namespace tk::ui
