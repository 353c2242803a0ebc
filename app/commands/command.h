// What every command has: its line, its settings, its way out. A command is driven by the one event loop.
#pragma once

#include "app/command_line.h"
#include "app/load_config.h"
#include "app/output.h"
#include "config/settings.h"

#include <QCoreApplication>
#include <QObject>

namespace tk::app {

// The documented exit code that an error means.
int exitCodeOf(const Error &error);

class Command : public QObject
{
    Q_OBJECT
public:
    Command(CommandLine line, config::Settings settings);

    virtual void start() = 0; // ends in QCoreApplication::exit()

protected:
    const CommandLine &line() const { return m_line; }
    const config::Settings &settings() const { return m_settings; } // with --exchange, of that exchange alone

    // Rows of several exchanges have a column for theirs, in front; where there is one, nobody has to read its name.
    bool isOfSeveral() const { return m_settings.exchanges.size() > 1; }
    bool isWanted(const QString &exchange) const { return m_line.exchange.isEmpty() || exchange == m_line.exchange; }

    void finish(int code);
    void fail(const Error &error); // says it on stderr and ends
    void complain(const QString &message) const;
    bool print(const Table &table) const; // in the format that was asked for

private:
    CommandLine m_line;
    config::Settings m_settings;
};

// The configuration as this command needs it: --demo moves the data folder, --exchange leaves one. Nothing, after
// saying why.
std::optional<config::Settings> commandSettings(const CommandLine &line);

template <typename C>
int runCommand(const CommandLine &line)
{
    const auto settings = commandSettings(line);
    if (!settings)
        return WrongUsage;
    C command(line, *settings);
    command.start();
    return QCoreApplication::exec();
}

} // namespace tk::app
