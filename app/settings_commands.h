// The configuration file over the link: shown, checked as the loader does it, written, taken over. Main thread; files
// are read and judged in a thread of their own, because a disk may be slow and a text long.
//
//   settings                      {file, exists, text, writable, demo, problems, values, secrets: {token, password}}
//                                 a password in a URL, which the loader refuses, is left out of the text, and the file
//                                 is not writable from here until somebody has taken it out
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
#include "exchange/catalog.h"
#include "link/command_handler.h"

#include <QObject>
#include <QThreadPool>

#include <functional>

namespace tk::app {

struct ConfigPlace
{
    QString file{};    // absolute; empty: this engine has none
    bool demo = false; // the settings are the demo's, not the user's to change
};

// Reads the configuration again, and says how that went, later.
using Reload = std::function<void(std::function<void(const Status &)> done)>;

class SettingsCommands final : public QObject
{
    Q_OBJECT
public:
    struct Engine // what the commands need of it
    {
        std::function<config::Settings()> settings;
        std::function<ConfigPlace()> place; // nothing: no file
        Reload reload;
        const exchange::Catalog *catalog = &exchange::builtInCatalog();
    };

    explicit SettingsCommands(Engine engine);

    static bool knows(const QString &command);
    void run(const QString &command, const QJsonObject &args, const link::Reply &reply);

private:
    void write(const QString &text, const QString &was, const link::Reply &reply);

    Engine m_engine;
    QThreadPool m_worker; // one at a time, in order; last: its end waits for what runs
};

} // namespace tk::app
