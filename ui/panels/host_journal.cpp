#include "ui/panels/host_journal.h"

#include <QComboBox>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QTextBlock>
#include <QToolButton>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

constexpr int askEvery = 700; // ms; the engine keeps what comes between
constexpr size_t mostLines = 5'000;
constexpr int errors = 3; // priorities of syslog
constexpr int warnings = 4;

} // namespace

HostJournal::HostJournal(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_title(new QLabel)
    , m_filter(new QLineEdit)
    , m_priority(new QComboBox)
    , m_hold(new QToolButton)
    , m_text(new QPlainTextEdit)
    , m_notice(new Notice(m_text->viewport()))
{
    setObjectName(QStringLiteral("hostJournal"));
    m_title->setObjectName(QStringLiteral("journalTitle"));
    m_title->setTextFormat(Qt::PlainText);
    m_title->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_filter->setObjectName(QStringLiteral("journalFilter"));
    m_filter->setPlaceholderText(tr("Search the journal"));
    m_filter->setAccessibleName(tr("Search the journal"));
    m_filter->setClearButtonEnabled(true);
    m_filter->setMaximumWidth(160);
    m_priority->setObjectName(QStringLiteral("journalPriority"));
    m_priority->setAccessibleName(tr("How bad at least"));
    m_priority->setToolTip(tr("How bad a line must be at least"));
    m_priority->addItem(tr("All"), 7);
    m_priority->addItem(tr("Warnings"), warnings);
    m_priority->addItem(tr("Errors"), errors);
    m_hold->setObjectName(QStringLiteral("journalHold"));
    m_hold->setText(tr("Hold"));
    m_hold->setCheckable(true);
    m_hold->setToolTip(tr("Do not scroll to new lines"));
    m_text->setObjectName(QStringLiteral("journalText"));
    m_text->setAccessibleName(tr("Journal"));
    m_text->setReadOnly(true);
    m_text->setUndoRedoEnabled(false);
    m_text->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_text->setMaximumBlockCount(int(mostLines));
    m_text->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto *row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(m_title, 1);
    row->addWidget(m_filter);
    row->addWidget(m_priority);
    row->addWidget(m_hold);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 4, 0, 0);
    layout->setSpacing(4);
    layout->addLayout(row);
    layout->addWidget(m_text, 1);
    m_timer.setInterval(askEvery);
    connect(&m_timer, &QTimer::timeout, this, &HostJournal::ask);
    connect(m_filter, &QLineEdit::textChanged, this, &HostJournal::rebuild);
    connect(m_priority, &QComboBox::currentIndexChanged, this, &HostJournal::rebuild);
    connect(&theme, &Theme::changed, this, &HostJournal::rebuild);
    follow({}, {});
}

void HostJournal::follow(const QString &host, const QStringList &units)
{
    if (host == m_host && units == m_units && !host.isEmpty())
        return;
    m_host = host;
    m_units = units;
    ++m_round;
    m_tail = 0;
    m_next = 0;
    m_asking = false;
    m_lines.clear();
    rebuild();
    if (host.isEmpty()) {
        m_timer.stop();
        m_title->setText(tr("Journal"));
        m_notice->say(tr("No journal chosen"), tr("Select a host or a unit to follow its journal"));
        return;
    }
    m_title->setText(units.isEmpty() ? tr("Journal of %1").arg(host)
                                     : tr("Journal of %1 on %2").arg(units.join(QStringLiteral(", ")), host));
    m_title->setToolTip(m_title->text());
    sayState(QStringLiteral("connecting"), {});
    m_timer.start();
    ask();
}

void HostJournal::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    ask();
}

void HostJournal::setZone(ClockZone zone)
{
    m_zone = zone;
    rebuild();
}

void HostJournal::focusFilter()
{
    m_filter->setFocus();
    m_filter->selectAll();
}

QString HostJournal::text() const
{
    return m_text->toPlainText();
}

void HostJournal::ask()
{
    // The engine ends a journal that nobody asks for.
    if (m_asking || m_host.isEmpty() || !isVisible() || !m_engine.connection().isConnected())
        return;
    m_asking = true;
    m_engine.connection().ask(QStringLiteral("host-log"),
                              {{QStringLiteral("host"), m_host},
                               {QStringLiteral("units"), QJsonArray::fromStringList(m_units)},
                               {QStringLiteral("after"), m_next}},
                              this, [this, round = m_round](const Result<QJsonValue> &answer) {
                                  if (round != m_round)
                                      return;
                                  m_asking = false;
                                  if (answer)
                                      take(answer->toObject());
                                  else
                                      sayState(QStringLiteral("interrupted"), answer.error().message);
                              });
}

void HostJournal::take(const QJsonObject &answer)
{
    const qint64 tail = answer.value(QLatin1String("tail")).toInteger();
    if (tail != m_tail) {
        const bool anew = m_tail != 0 && m_next != 0;
        m_tail = tail;
        if (anew) { // it was ended meanwhile, and begins with what was before
            m_next = 0;
            m_lines.clear();
            rebuild();
            return ask();
        }
    }
    const QScrollBar *bar = m_text->verticalScrollBar();
    const bool atEnd = bar->value() >= bar->maximum() - 1;
    const int held = bar->value();
    if (const qint64 skipped = answer.value(QLatin1String("skipped")).toInteger(); skipped > 0 && m_next > 0) {
        m_lines.push_back({m_engine.now(),
                           {},
                           warnings,
                           tr("%1 lines came faster than they could be shown").arg(countText(skipped))});
        append(m_lines.back());
    }
    for (const QJsonValue &value : answer.value(QLatin1String("entries")).toArray()) {
        const QJsonArray entry = value.toArray();
        m_lines.push_back(
            {fromMs(entry.at(1).toInteger()), entry.at(2).toString(), entry.at(3).toInt(), entry.at(4).toString()});
        append(m_lines.back());
    }
    while (m_lines.size() > mostLines)
        m_lines.pop_front();
    m_next = answer.value(QLatin1String("next")).toInteger();
    m_text->verticalScrollBar()->setValue(atEnd && !m_hold->isChecked() ? m_text->verticalScrollBar()->maximum()
                                                                        : held);
    sayState(answer.value(QLatin1String("state")).toString(), answer.value(QLatin1String("error")).toString());
}

bool HostJournal::wants(const Line &line) const
{
    return line.priority <= m_priority->currentData().toInt() &&
           (m_filter->text().isEmpty() || line.message.contains(m_filter->text(), Qt::CaseInsensitive));
}

void HostJournal::append(const Line &line)
{
    if (!wants(line))
        return;
    const Palette &palette = m_theme.palette();
    QTextCursor cursor(m_text->document());
    cursor.movePosition(QTextCursor::End);
    if (!m_text->document()->isEmpty())
        cursor.insertBlock();
    QTextCharFormat faint;
    faint.setForeground(palette.secondaryText);
    QTextCharFormat plain;
    plain.setForeground(line.priority <= errors     ? palette.stale
                        : line.priority <= warnings ? palette.late
                                                    : palette.text);
    cursor.insertText(clockText(line.time, m_zone) + u' ', faint);
    // One unit needs no name on each line.
    if (m_units.size() != 1 && !line.unit.isEmpty())
        cursor.insertText(line.unit.section(u'.', 0, 0) + u' ', faint);
    cursor.insertText(line.message, plain);
}

void HostJournal::rebuild()
{
    m_text->clear();
    for (const Line &line : m_lines)
        append(line);
    m_text->verticalScrollBar()->setValue(m_text->verticalScrollBar()->maximum());
    if (!m_host.isEmpty())
        sayState(QStringLiteral("open"), {});
}

void HostJournal::sayState(const QString &state, const QString &error)
{
    const bool empty = m_text->document()->isEmpty();
    if (state == QLatin1String("interrupted"))
        m_title->setText(tr("%1: interrupted, trying again").arg(m_host));
    else
        m_title->setText(m_title->toolTip());
    if (!empty)
        return m_notice->say({});
    if (state == QLatin1String("interrupted"))
        m_notice->say(tr("The journal cannot be read now"), error);
    else if (state == QLatin1String("connecting"))
        m_notice->say(tr("Connecting"));
    else if (!m_lines.empty())
        m_notice->say(tr("No line matches"),
                      tr("%1 lines are hidden by the filter").arg(countText(qint64(m_lines.size()))));
    else
        m_notice->say(tr("Nothing in the journal yet"));
}

} // namespace tk::ui
