// The about box and the sheet of keyboard shortcuts.
#pragma once

#include "monitor/engine_view.h"

#include <QList>

class QAction;
class QWidget;

namespace tk::ui {

QString aboutText(monitor::EngineView &engine); // versions of the window, the engine, Qt and the system
void showAbout(QWidget *parent, monitor::EngineView &engine);
void showShortcutSheet(QWidget *parent, const QList<QAction *> &actions);

} // namespace tk::ui
