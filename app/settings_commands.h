// The configuration file over the link: shown, checked as the loader does it, written, taken over. Main thread.
//
//   settings                      {file, exists, text, writable, demo, problems, values, secrets: {token, password}}
//                                 values: of what is in force; secrets: where each comes from ("environment", "file",
//                                 "service manager" or ""), never what it is
//   settings-check {text}         {problems: [{line, key, found, allowed}]}
//   settings-write {text, was}    `was` is the text that the change is based on: refused when the file says something
//                                 else by now, or when `text` has problems. Then written at once and as a whole, with
//                                 the permissions it had. {applied: true}, or {applied: false, restart: "what"}: the
//                                 rest is in force
//   secret-write {name, value}    "token" or "password" into a file of its own beside the configuration, for its owner
//                                 alone; {file, setting}: the setting is what token_file or password_file must say
//   instruments {exchange}        {instruments: [{pair, symbol, status, collected}]}: the exchange's newest list
#pragma once

#include "base/result.h"
#include "config/settings.h"
#include "link/command_handler.h"

#include <functional>

namespace tk::app {

struct ConfigPlace
{
    QString file{};    // absolute; empty: this engine has none
    bool demo = false; // the settings are the demo's, not the user's to change
};

class SettingsCommands
{
public:
    struct Engine // what the commands need of it
    {
        std::function<config::Settings()> settings;
        std::function<ConfigPlace()> place; // nothing: no file
        std::function<Status()> reload;
    };

    explicit SettingsCommands(Engine engine);

    static bool knows(const QString &command);
    void run(const QString &command, const QJsonObject &args, const link::Reply &reply);

private:
    ConfigPlace place() const;
    Status writable() const;
    Result<QJsonValue> answer(const QString &command, const QJsonObject &args);
    Result<QJsonValue> show() const;
    Result<QJsonValue> check(const QString &text) const;
    Result<QJsonValue> write(const QString &text, const QString &was);
    Result<QJsonValue> writeSecret(const QString &name, const QString &value);
    Result<QJsonValue> instruments(const QString &exchange) const;

    Engine m_engine;
};

} // namespace tk::app
