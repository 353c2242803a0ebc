// What happened: the time line of incidents, and the list of events that belong to the one chosen, or to all.
#pragma once

#include "monitor/engine_view.h"
#include "ui/models/event_model.h"
#include "ui/panels/incident_line.h"
#include "ui/support/notice.h"

#include <QWidget>

class QComboBox;
class QLineEdit;
class QTableView;
class QToolButton;

namespace tk::ui {

class EventsPanel final : public QWidget
{
    Q_OBJECT
public:
    EventsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

    EventFilterModel &shown() { return *m_shown; }
    IncidentLine &line() { return *m_line; }
    void setZone(ClockZone zone);
    void showIncident(qint64 id);
    Status exportTo(const QString &file) const; // what is shown, as CSV or JSON by its ending

Q_SIGNALS:
    // A click on an event or an incident: the pairs and the span of data it concerns.
    void spanWanted(const QString &exchange, const QStringList &pairs, tk::UtcTime from, tk::UtcTime to);
    void exportWanted();

private:
    void follow(const alert::Event &event);
    void chooseIncident(const alert::Event *incident);

    monitor::EngineView &m_engine;
    EventModel *m_model;
    EventFilterModel *m_shown;
    IncidentLine *m_line;
    QLineEdit *m_text;
    QComboBox *m_kind;
    QToolButton *m_incident; // shown while one is chosen; a click leads back to all
    QTableView *m_table;
    Notice *m_notice;
    ClockZone m_zone = ClockZone::Utc;
};

} // namespace tk::ui
