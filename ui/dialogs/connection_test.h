// A button that tries a connection through the engine, and what came of it beside it.
#pragma once

#include "monitor/engine_connection.h"
#include "ui/support/theme.h"

#include <QWidget>

#include <functional>

class QLabel;
class QPushButton;

namespace tk::ui {

class ConnectionTest final : public QWidget
{
    Q_OBJECT
public:
    // `args` tells what to try when the button is pressed. The command answers with a "text".
    ConnectionTest(monitor::EngineConnection &engine, const Theme &theme, const QString &command,
                   std::function<QJsonObject()> args, QWidget *parent = nullptr);

    void forget(); // the fields have changed: the result is of other ones

private:
    void run();
    void show(bool good, const QString &text);

    monitor::EngineConnection &m_engine;
    const Theme &m_theme;
    QString m_command;
    std::function<QJsonObject()> m_args;
    QPushButton *m_button;
    QLabel *m_result;
    quint64 m_number = 0; // only the newest answer counts
};

} // namespace tk::ui
