// The status bar's sentence with its mark, and the facts at its right end.
#pragma once

#include "monitor/engine_view.h"
#include "monitor/status_sentence.h"
#include "ui/support/format.h"
#include "ui/support/theme.h"

#include <QStatusBar>
#include <QTimer>

class QLabel;

namespace tk::ui {

class StatusStrip final : public QStatusBar
{
    Q_OBJECT
public:
    StatusStrip(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

    const monitor::StatusLine &line() const { return m_line; }
    QString facts() const;
    void setZone(ClockZone zone);

Q_SIGNALS:
    void verdictChanged(tk::monitor::Verdict verdict);
    void lineChanged();

private:
    class Mark;
    void refresh();

    monitor::EngineView &m_engine;
    monitor::StatusLine m_line;
    Mark *m_mark;
    QLabel *m_sentence;
    QLabel *m_facts;
    QTimer m_tick;
    ClockZone m_zone = ClockZone::Utc;
};

// How a verdict looks, in the status bar and in the tray.
void paintVerdict(QPainter &painter, const QRectF &box, monitor::Verdict verdict, const Palette &palette);

} // namespace tk::ui
