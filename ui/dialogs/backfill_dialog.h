// Asks for a backfill, shows what it will cost, and then how it goes. The work is the engine's: closing the dialog
// stops nothing, and the next one shows what is under way.
#pragma once

#include "monitor/engine_view.h"
#include "ui/support/theme.h"

#include <QDialog>
#include <QElapsedTimer>
#include <QTimer>

class QButtonGroup;
class QComboBox;
class QDateTimeEdit;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTableWidget;

namespace tk::ui {

class PairPicker;

class BackfillDialog final : public QDialog
{
    Q_OBJECT
public:
    BackfillDialog(monitor::EngineView &engine, const Theme &theme, const QStringList &pairs,
                   QWidget *parent = nullptr);

    enum class Preset { LastDay, LastWeek, LastMonth, SinceLastFinal, Everything, Own };
    void setPreset(Preset preset);

private:
    QWidget *makeForm(const QStringList &pairs);
    QWidget *makeProgress();
    QJsonObject request() const;
    void changed(); // what is asked for
    void plan();
    void showPlan(const Result<QJsonValue> &answer);
    void start();
    void follow(qint64 id);
    void showProgress();
    void setRange(UtcTime from, UtcTime to);
    void oldestOnRecord();
    QString result(const monitor::BackfillView &view) const;

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    QStackedWidget *m_pages;
    // The form.
    PairPicker *m_pairs = nullptr;
    QButtonGroup *m_timeframes = nullptr;
    QComboBox *m_preset = nullptr;
    QDateTimeEdit *m_from = nullptr;
    QDateTimeEdit *m_to = nullptr;
    QLabel *m_preview = nullptr;
    QPushButton *m_start = nullptr;
    QTimer m_planSoon;
    quint64 m_chosen = 0;  // generation of the range: an answer to an earlier choice is dropped
    quint64 m_planned = 0; // generation: only the newest answer counts
    // The progress.
    QComboBox *m_which = nullptr;
    QProgressBar *m_bar = nullptr;
    QLabel *m_summary = nullptr;
    QTableWidget *m_table = nullptr;
    QPushButton *m_pause = nullptr;
    QPushButton *m_cancel = nullptr;
    qint64 m_id = 0;
    qint64 m_fetchedBefore = 0;
    double m_rate = 0; // candles per second
    QElapsedTimer m_sinceRate;
};

} // namespace tk::ui
