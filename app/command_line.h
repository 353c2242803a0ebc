// What was asked for on the command line.
#pragma once

#include "base/logging.h"
#include "base/result.h"
#include "market/records.h"

#include <QStringList>

#include <optional>

namespace tk::app {

// Documented exit codes (docs/interfaces.md).
enum ExitCode { Done = 0, DoesNotHold = 1, WrongUsage = 2, Unreachable = 3, Internal = 4 };

enum class OutputFormat { Table, Csv, Json };

struct CommandLine
{
    enum class Action {
        Window,
        Engine,
        Check,
        Status,
        Query,
        Gaps,
        Backfill,
        Copy,
        DeadLetters,
        Sync,
        Hosts,
        Help,
        Version
    };

    Action action = Action::Window;
    QString help; // of Action::Help
    QString config;
    bool demo = false;
    double speed = 1.0;            // of the demo's clock, and of the drill's
    std::optional<UtcTime> anchor; // where a fast clock agrees with the real one
    int demo_pairs = 164;
    LogFormat log_format = LogFormat::Text;
    std::optional<OutputFormat> format; // nothing: a table on a terminal, else csv

    // the window
    QString attach;         // a socket path, or ssh://[user@]host; empty: this computer's engine
    bool minimised = false; // to the tray, or the task bar

    // query
    QString what; // "ohlcv", "funding-rate", "mark-price"
    QString pair;
    QString timeframe;
    std::optional<qint64> limit;
    std::optional<UtcTime> from;
    std::optional<UtcTime> to;
    // gaps
    bool repair = false;
    QString exchange; // query, gaps, backfill, copy, sync: of this one alone; empty: of all
    // backfill, copy, sync
    QStringList pairs;
    QStringList timeframes;
    // copy: "embedded" or "influx"
    QString source;
    QString target;
    // dead-letters
    QStringList files;
    QString replay;
    // sync
    bool once = false;
    bool full = false;
    bool receipts = false;
    bool receive = false; // what a collector pushes through a pipe
    QString datadir;
    // hosts
    QString verb;      // "status", "start", ..., "logs", "test", "trust", "deploy", "push", "receipts"
    QStringList hosts; // of the configuration; empty: all
    QString unit;
    QString fingerprint; // of trust
    QString grep;
    bool follow = false;
    QString binary; // of deploy: files here
    QString config_file;
    QString package;
};

// An error is a message for stderr; the exit code is then WrongUsage.
Result<CommandLine> parseCommandLine(const QStringList &arguments);

} // namespace tk::app
