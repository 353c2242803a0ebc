#include "ui/panels/events_panel.h"

#include "ui/panels/cell_delegate.h"
#include "ui/support/export.h"
#include "ui/support/state_mark.h"

#include "alert/event_json.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QPainter>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace tk::ui {

using alert::Event;
using alert::EventKind;
using alert::Severity;

namespace {

// The severity as a mark before the title; the words stay plain.
class EventDelegate final : public QStyledItemDelegate
{
public:
    EventDelegate(const Theme &theme, QObject *parent)
        : QStyledItemDelegate(parent)
        , m_theme(theme)
    {}

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        QStyledItemDelegate::paint(painter, option, index);
        if (index.column() != EventModel::Title)
            return;
        const Palette &palette = m_theme.palette();
        const QRectF mark(option.rect.left() + 5, option.rect.center().y() - 4, 9, 9);
        switch (Severity(index.data(EventModel::SeverityRole).toInt())) {
        case Severity::Trouble:
            return paintMark(*painter, mark, MarkShape::Square, palette.stale);
        case Severity::Warning:
            return paintMark(*painter, mark, MarkShape::Triangle, palette.late);
        case Severity::Good:
            return paintMark(*painter, mark, MarkShape::Disc, palette.live);
        case Severity::Info:
            return paintMark(*painter, mark, MarkShape::Ring, palette.quiet);
        }
    }

protected:
    void initStyleOption(QStyleOptionViewItem *option, const QModelIndex &index) const override
    {
        QStyledItemDelegate::initStyleOption(option, index);
        const Palette &palette = m_theme.palette();
        const bool faint = index.column() != EventModel::Title;
        option->palette.setColor(QPalette::Text, faint ? palette.secondaryText : palette.text);
        option->palette.setColor(QPalette::HighlightedText, palette.text);
        option->font.setBold(index.column() == EventModel::Title);
        if (index.column() == EventModel::Title)
            option->text.prepend(QStringLiteral("     ")); // room for the mark
    }

private:
    const Theme &m_theme;
};

} // namespace

EventsPanel::EventsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
    , m_model(new EventModel(engine.events(), this))
    , m_shown(new EventFilterModel(*m_model, this))
    , m_line(new IncidentLine(
          engine.events(), [&engine] { return engine.now(); }, theme))
    , m_text(new QLineEdit)
    , m_kind(new QComboBox)
    , m_incident(new QToolButton)
    , m_table(new QTableView)
    , m_notice(new Notice(m_table->viewport()))
{
    setObjectName(QStringLiteral("eventsPanel"));
    m_text->setObjectName(QStringLiteral("eventFilter"));
    m_text->setPlaceholderText(tr("Filter events"));
    m_text->setClearButtonEnabled(true);
    m_text->setAccessibleName(tr("Filter of events"));
    m_kind->setObjectName(QStringLiteral("eventKind"));
    m_kind->setAccessibleName(tr("Kind of events"));
    m_kind->addItem(tr("All kinds"));
    for (const EventKind kind :
         {EventKind::Streams, EventKind::Connection, EventKind::Gap, EventKind::Backfill, EventKind::Store,
          EventKind::History, EventKind::Host, EventKind::Listing, EventKind::Config, EventKind::Engine})
        m_kind->addItem(kindWord(kind), int(kind));
    m_incident->setObjectName(QStringLiteral("incidentChosen"));
    m_incident->hide();
    auto *exporting = new QToolButton;
    exporting->setObjectName(QStringLiteral("exportEvents"));
    exporting->setText(tr("Export…"));
    exporting->setToolTip(tr("Save the events shown as CSV or JSON"));

    auto *row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(m_text, 1);
    row->addWidget(m_kind);
    row->addWidget(m_incident);
    row->addWidget(exporting);

    m_table->setObjectName(QStringLiteral("eventTable"));
    m_table->setAccessibleName(tr("Events"));
    m_table->setModel(m_shown);
    m_table->setItemDelegate(new EventDelegate(theme, m_table));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(rowHeight - 2);
    m_table->horizontalHeader()->hide();
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->setColumnWidth(EventModel::Time, 66);
    m_table->setColumnWidth(EventModel::Title, 180);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 6, 8, 0);
    layout->setSpacing(4);
    layout->addWidget(m_line);
    layout->addLayout(row);
    layout->addWidget(m_table, 1);

    connect(m_text, &QLineEdit::textChanged, m_shown, &EventFilterModel::setText);
    connect(m_kind, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_shown->setKind(index <= 0 ? std::nullopt : std::optional(EventKind(m_kind->itemData(index).toInt())));
    });
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex &index) {
        if (const Event *event = m_engine.events().find(index.data(EventModel::IdRole).toLongLong()))
            follow(*event);
    });
    connect(m_table, &QTableView::clicked, this, [this](const QModelIndex &index) {
        if (const Event *event = m_engine.events().find(index.data(EventModel::IdRole).toLongLong()))
            follow(*event);
    });
    connect(m_line, &IncidentLine::clicked, this, [this](const Event &incident) {
        chooseIncident(&incident);
        follow(incident);
    });
    connect(m_line, &IncidentLine::cleared, this, [this] { chooseIncident(nullptr); });
    connect(m_incident, &QToolButton::clicked, this, [this] {
        m_line->setSelected(0);
        chooseIncident(nullptr);
    });
    connect(exporting, &QToolButton::clicked, this, &EventsPanel::exportWanted);
    const auto empty = [this] {
        if (m_shown->rowCount() > 0)
            m_notice->say({});
        else if (m_model->rowCount() == 0)
            m_notice->say(tr("No events yet"), tr("Reconnects, gaps, repairs and what you do will stand here"));
        else
            m_notice->say(tr("No event matches"));
    };
    connect(m_shown, &QAbstractItemModel::rowsInserted, this, empty);
    connect(m_shown, &QAbstractItemModel::rowsRemoved, this, empty);
    connect(m_shown, &QAbstractItemModel::modelReset, this, empty);
    empty();
}

void EventsPanel::setZone(ClockZone zone)
{
    m_zone = zone;
    m_model->setZone(zone);
    m_line->setZone(zone);
}

void EventsPanel::showIncident(qint64 id)
{
    m_line->setSelected(id);
    chooseIncident(m_engine.events().find(id));
}

void EventsPanel::chooseIncident(const Event *incident)
{
    m_shown->setIncident(incident ? incident->id : 0);
    m_incident->setVisible(incident != nullptr);
    if (incident)
        m_incident->setText(tr("Incident of %1 ✕").arg(minuteText(incident->time, m_zone)));
    m_incident->setToolTip(tr("Show the events of all incidents again"));
}

void EventsPanel::follow(const Event &event)
{
    if (event.pairs.isEmpty())
        return;
    const UtcTime from = toMs(event.from) != 0 ? event.from : event.time;
    const UtcTime to = toMs(event.to) != 0 ? event.to : event.lasts() ? m_engine.now() : event.until;
    Q_EMIT spanWanted(event.exchange, event.pairs, std::min(from, event.time), std::max(to, event.time));
}

Status EventsPanel::exportTo(const QString &file) const
{
    std::vector<QStringList> rows;
    for (int row = 0; row < m_shown->rowCount(); ++row) {
        const Event &event = m_model->event(m_shown->mapToSource(m_shown->index(row, 0)).row());
        rows.push_back({isoText(event.time, true), alert::nameOf(event.kind), alert::nameOf(event.severity),
                        event.exchange, event.subject, event.title, event.detail, event.pairs.join(u' ')});
    }
    return exportTable(file,
                       {QStringLiteral("time"), QStringLiteral("kind"), QStringLiteral("severity"),
                        QStringLiteral("exchange"), QStringLiteral("subject"), QStringLiteral("title"),
                        QStringLiteral("detail"), QStringLiteral("pairs")},
                       rows);
}

} // namespace tk::ui
