// One window for each engine that is shown: a second start raises the first and ends. Main thread.
#pragma once

#include <QObject>
#include <QString>

#include <memory>

class QLocalServer;

namespace tk::app {

class SingleWindow final : public QObject
{
    Q_OBJECT
public:
    // `subject`: what is shown, a data folder or the target of --attach.
    explicit SingleWindow(const QString &subject);
    ~SingleWindow() override;

    // False: another window shows the same, and has been asked to come to the front.
    bool claim();

Q_SIGNALS:
    void raiseWanted();

private:
    QString m_name;
    std::unique_ptr<QLocalServer> m_server;
};

} // namespace tk::app
