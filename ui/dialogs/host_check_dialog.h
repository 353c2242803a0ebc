// "Test connection" of a host: each step as the engine takes it, and the host's key where it is not known: shown with
// its fingerprint, and taken up only when the operator says so.
#pragma once

#include "monitor/engine_view.h"
#include "ui/support/asker.h"
#include "ui/support/theme.h"

#include <QDialog>
#include <QJsonObject>

class QLabel;
class QPushButton;
class QTableWidget;

namespace tk::ui {

class HostCheckDialog final : public QDialog
{
    Q_OBJECT
public:
    // `settings`: of a host that need not be in force (see remote/host_json.h); its name and target at least.
    HostCheckDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, const QJsonObject &settings,
                    QWidget *parent = nullptr);
    // One of the configuration.
    HostCheckDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, const QString &host,
                    QWidget *parent = nullptr);

    void start();

private:
    HostCheckDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, const QString &name,
                    QJsonObject arguments, QWidget *parent);
    void addStep(const QJsonObject &step);
    void ended(const Result<QJsonValue> &answer);
    void lookAtKey();
    void trust();
    void say(const QString &text, bool isProblem);

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    Asker &m_asker;
    QString m_name;
    QJsonObject m_arguments; // {host} or {settings}
    QTableWidget *m_steps;
    QLabel *m_said;
    QLabel *m_key;
    QPushButton *m_again;
    QPushButton *m_trust;
    QString m_fingerprint;
    bool m_isChanged = false;
};

} // namespace tk::ui
