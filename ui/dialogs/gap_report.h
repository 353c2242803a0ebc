// What the record lacks: completeness by series and day as a heat map, the gaps themselves as a table, and their
// repair.
#pragma once

#include "monitor/engine_view.h"
#include "ui/dialogs/heat_map.h"
#include "ui/support/asker.h"

#include <QDialog>
#include <QJsonArray>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableWidget;

namespace tk::ui {

struct GapLine // one row of the table
{
    QString exchange;
    QString pair;
    QString stream;
    UtcTime from{};
    UtcTime to{};
    qint64 missing = -1; // -1: nobody can count
    QString state;
    QString cause;
};

class GapReport final : public QDialog
{
    Q_OBJECT
public:
    GapReport(monitor::EngineView &engine, const Theme &theme, Asker &asker, QWidget *parent = nullptr);

    void refresh(); // searches the store again
    Status exportTo(const QString &file) const;
    const std::vector<GapLine> &lines() const { return m_lines; }

Q_SIGNALS:
    void backfillWanted(const QStringList &pairs);
    void spanWanted(const QString &exchange, const QString &pair, tk::UtcTime from, tk::UtcTime to);

private:
    void take();
    void showTable();
    void filter();
    void repair();

    monitor::EngineView &m_engine;
    Asker &m_asker;
    HeatMap *m_map;
    QLabel *m_summary;
    QLineEdit *m_text;
    QComboBox *m_timeframe;
    QComboBox *m_days;
    QCheckBox *m_incomplete;
    QTableWidget *m_table;
    QPushButton *m_repair;
    std::optional<QJsonArray> m_series; // answers that have come
    std::optional<QJsonArray> m_gaps;
    QString m_error;
    std::vector<GapLine> m_lines;
    bool m_repairing = false;
};

} // namespace tk::ui
