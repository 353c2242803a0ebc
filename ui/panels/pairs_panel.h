// All pairs: counts, filter, the table, and what can be done to those selected.
#pragma once

#include "monitor/engine_view.h"
#include "ui/models/pair_filter.h"
#include "ui/support/notice.h"
#include "ui/support/theme.h"

#include <QHash>
#include <QStringList>
#include <QWidget>

class QAction;
class QButtonGroup;
class QLabel;
class QLineEdit;
class QSettings;
class QTableView;

namespace tk::ui {

class PairsPanel final : public QWidget
{
    Q_OBJECT
public:
    PairsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

    PairModel &model() { return *m_model; }
    PairFilterModel &shown() { return *m_shown; }
    QTableView &table() { return *m_table; }

    void setFilterText(const QString &text);
    QString filterText() const;
    void focusFilter();
    bool select(const QString &exchange, const QString &pair); // false: it is not there
    QStringList selectedPairs() const;
    QStringList selectedKeys() const; // "EXCHANGE PAIR"
    QString selectedExchange() const; // of the current row
    void setZone(ClockZone zone);

    void save(QSettings &settings) const;
    void restore(const QSettings &settings);

    // Actions on the selection, for menus: they are the panel's own.
    QList<QAction *> pairActions() const { return m_actions; }

Q_SIGNALS:
    void chartWanted(const QString &exchange, const QString &pair, bool newTab);
    void backfillWanted(const QStringList &pairs);
    void resubscribeWanted(const QStringList &keys);
    void excludeWanted(const QString &exchange, const QStringList &pairs);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void makeActions();
    void applyFilter();
    void showCounts();
    void showEmpty();
    void openChart(bool newTab);
    void copySelection();
    void headerMenu(const QPoint &at);
    void setColumns();

    monitor::EngineView &m_engine;
    PairModel *m_model;
    PairFilterModel *m_shown;
    QLineEdit *m_filter;
    QLabel *m_problem;
    QButtonGroup *m_quick;
    QTableView *m_table;
    Notice *m_notice;
    QList<QAction *> m_actions;
    QHash<QString, bool> m_hidden; // columns by id, as chosen
    QHash<QString, int> m_widths;
    bool m_settingColumns = false;
    QString m_sortId;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
};

} // namespace tk::ui
