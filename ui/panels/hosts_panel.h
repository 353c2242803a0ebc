// The hosts with their units and files as a tree, what can be done with them, and the journal of what is selected.
#pragma once

#include "monitor/engine_view.h"
#include "ui/models/host_model.h"
#include "ui/panels/host_journal.h"
#include "ui/support/asker.h"
#include "ui/support/notice.h"
#include "ui/support/theme.h"

#include <QTimer>
#include <QWidget>

class QAction;
class QLabel;
class QSplitter;
class QTreeView;

namespace tk::ui {

class HostsPanel final : public QWidget
{
    Q_OBJECT
public:
    HostsPanel(monitor::EngineView &engine, const Theme &theme, Asker &asker, QWidget *parent = nullptr);

    // In the order in which a menu shows them; separators are among them.
    const QList<QAction *> &hostActions() const { return m_actions; }
    QAction *action(const QString &objectName) const;
    QTreeView &tree() { return *m_tree; }
    HostModel &model() { return *m_model; }
    HostJournal &journal() { return *m_journal; }
    QString said() const; // what came of the last action

    bool select(const QString &host, const QString &unit = {});
    void setZone(ClockZone zone);

protected:
    void resizeEvent(QResizeEvent *event) override;

Q_SIGNALS:
    void testWanted(const QString &host);
    void configureWanted();

private:
    struct Order
    {
        QString host;
        QString unit;
    };
    struct Round // of orders given at once
    {
        QString verb;
        qsizetype asked = 0;
        QStringList done;   // hosts and units
        QStringList failed; // with why
    };

    void makeActions();
    QAction *add(const QString &name, const QString &text, const QKeySequence &keys, const QString &tip,
                 std::function<void()> run);
    void addVerb(const QString &verb, const QString &text, const QString &tip);
    void separate();
    std::vector<Order> selected() const;
    QStringList selectedHosts() const;
    void act(const QString &verb);
    void give(const QString &verb, const std::vector<Order> &orders);
    void sayRound(const Round &round);
    void say(const QString &text, bool isProblem);
    void selectSameUnits();
    void refresh();
    void selectionMoved();
    void showState();

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    Asker &m_asker;
    HostModel *m_model;
    QTreeView *m_tree;
    Notice *m_notice;
    QLabel *m_said;
    QSplitter *m_splitter; // side by side where the panel is wide and low
    HostJournal *m_journal;
    QList<QAction *> m_actions;
    QTimer m_followSoon; // a selection that is passing by needs no journal
};

} // namespace tk::ui
