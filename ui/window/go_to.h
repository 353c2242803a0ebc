// Ctrl+K: goes anywhere. A field and a list of pairs, actions and incidents that match what is typed.
#pragma once

#include "monitor/engine_view.h"

#include <QDialog>

class QAction;
class QLineEdit;
class QListWidget;

namespace tk::ui {

// How well `text` matches what is typed: nothing, or the higher the better. The letters of each word in order; begins
// of words count more. Pure.
std::optional<int> matchScore(const QString &typed, const QString &text);

class GoTo final : public QDialog
{
    Q_OBJECT
public:
    GoTo(monitor::EngineView &engine, const QList<QAction *> &actions, QWidget *parent);

    void setTyped(const QString &text);
    int count() const;

Q_SIGNALS:
    void pairChosen(const QString &exchange, const QString &pair);
    void incidentChosen(qint64 id);
    void hostChosen(const QString &host, const QString &unit);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    struct Target
    {
        QString text;
        QString hint; // "pair", "host", "action", "incident"
        std::function<void()> go;
    };
    void gather(const QList<QAction *> &actions);
    void showMatches();
    void go();

    monitor::EngineView &m_engine;
    QLineEdit *m_field;
    QListWidget *m_list;
    std::vector<Target> m_targets;
};

} // namespace tk::ui
