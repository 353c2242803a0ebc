#include "app/program.h"

#include "app/command_line.h"
#include "app/commands/backfill.h"
#include "app/commands/copy.h"
#include "app/commands/dead_letters.h"
#include "app/commands/gaps.h"
#include "app/commands/query.h"
#include "app/commands/status.h"
#include "app/commands/sync.h"
#include "app/load_config.h"
#include "app/run_headless.h"

#include <QCoreApplication>

#include <cstdio>

namespace tk::app {

int run(int argc, char *argv[])
{
    // A GUI application object on a machine without a display aborts: which one is needed must be known before it
    // exists. This build has the engine and the commands alone.
    const QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("tapekeeper"));
    QCoreApplication::setApplicationVersion(QStringLiteral(TAPEKEEPER_VERSION));
    const auto line = parseCommandLine(QCoreApplication::arguments());
    if (!line) {
        std::fprintf(stderr, "tapekeeper: %s\n", qUtf8Printable(line.error().message));
        return WrongUsage;
    }
    installLogFormat(line->log_format);
    switch (line->action) {
    case CommandLine::Action::Help:
        std::fputs(qUtf8Printable(line->help), stdout);
        return Done;
    case CommandLine::Action::Version:
        std::puts("tapekeeper " TAPEKEEPER_VERSION);
        return Done;
    case CommandLine::Action::Window:
        std::fputs("tapekeeper: this build has no window yet; run it with --no-gui\n", stderr);
        return WrongUsage;
    case CommandLine::Action::Check:
        return loadConfig(*line) ? Done : WrongUsage;
    case CommandLine::Action::Engine:
        return runHeadless(*line);
    case CommandLine::Action::Status:
        return runCommand<StatusCommand>(*line);
    case CommandLine::Action::Query:
        return runCommand<QueryCommand>(*line);
    case CommandLine::Action::Gaps:
        return runCommand<GapsCommand>(*line);
    case CommandLine::Action::Backfill:
        return runCommand<BackfillCommand>(*line);
    case CommandLine::Action::Copy:
        return runCommand<CopyCommand>(*line);
    case CommandLine::Action::DeadLetters:
        return runCommand<DeadLettersCommand>(*line);
    case CommandLine::Action::Sync:
        return runCommand<SyncCommand>(*line);
    }
    return Internal;
}

} // namespace tk::app
