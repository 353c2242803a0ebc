// A command's way to an engine: the one that runs on the data folder, over its link; or, where none runs, one of its
// own without live streams. Ends in exactly one of noEngine(), finished() and failed().
#pragma once

#include "app/command_line.h"
#include "app/demo.h"
#include "app/engine.h"
#include "link/link_client.h"

#include <QTimer>

#include <memory>
#include <optional>

namespace tk::app {

class EngineAccess final : public QObject
{
    Q_OBJECT
public:
    EngineAccess(CommandLine line, config::Settings settings);
    ~EngineAccess() override;

    // `ownEngine`: start one where none runs (and the exchange simulator for --demo); else noEngine().
    void ask(const QString &command, const QJsonObject &args, bool ownEngine);

    void tell(const QString &command, const QJsonObject &args); // besides; its answer does not matter
    void stop();                                                // no answer is wanted any more: failed() says so

    // How long a silent engine is waited for, beyond the seconds after which it is told that it is silent.
    void setPatience(std::chrono::milliseconds patience) { m_patience.setInterval(patience); }

    bool isOwn() const { return m_own; }

Q_SIGNALS:
    void noEngine(const tk::Error &why);
    void progressed(const QJsonObject &progress);
    void finished(const QJsonValue &result);
    void failed(const tk::Error &error);

private:
    void startOwn();
    void createOwn();
    void end(std::function<void()> tell);

    CommandLine m_line;
    config::Settings m_settings;
    QString m_command;
    QJsonObject m_args;
    bool m_ownAllowed = false;
    bool m_own = false;
    bool m_ended = false;
    std::function<void()> m_last; // what is told when the own engine has stopped
    link::LinkClient m_client;
    qint64 m_request = 0;
    QTimer m_patience; // runs while the engine is silent
    UtcTime m_silentSince{};
    std::optional<Demo> m_demo; // outlives the engine
    std::unique_ptr<Engine> m_engine;
};

} // namespace tk::app
