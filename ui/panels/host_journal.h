// The journal of a host's units, live, as the engine follows it: filter, search, worst lines coloured. Asks for it only
// while it can be seen.
#pragma once

#include "monitor/engine_view.h"
#include "ui/support/format.h"
#include "ui/support/notice.h"
#include "ui/support/theme.h"

#include <QTimer>
#include <QWidget>

#include <deque>

class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QToolButton;

namespace tk::ui {

class HostJournal final : public QWidget
{
    Q_OBJECT
public:
    HostJournal(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

    void follow(const QString &host, const QStringList &units); // no units: all of the host's; no host: none
    QString host() const { return m_host; }
    QStringList units() const { return m_units; }
    void setZone(ClockZone zone);
    void focusFilter();
    QString text() const; // as it is shown

protected:
    void showEvent(QShowEvent *event) override;

private:
    struct Line
    {
        UtcTime time{};
        QString unit{};
        int priority = 6;
        QString message{};
    };
    void ask();
    void take(const QJsonObject &answer);
    bool wants(const Line &line) const;
    void append(const Line &line);
    void rebuild();
    void sayState(const QString &state, const QString &error);

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    QLabel *m_title;
    QLineEdit *m_filter;
    QComboBox *m_priority;
    QToolButton *m_hold;
    QPlainTextEdit *m_text;
    Notice *m_notice;
    QTimer m_timer;
    QString m_host;
    QStringList m_units;
    std::deque<Line> m_lines;
    qint64 m_tail = 0; // numbers are this tail's
    qint64 m_next = 0;
    quint64 m_round = 0; // only the answers to the newest follow() count
    bool m_asking = false;
    ClockZone m_zone = ClockZone::Utc;
};

} // namespace tk::ui
