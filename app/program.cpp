#include "app/program.h"

#include "app/command_line.h"
#include "app/commands/backfill.h"
#include "app/commands/copy.h"
#include "app/commands/dead_letters.h"
#include "app/commands/gaps.h"
#include "app/commands/host_receipts.h"
#include "app/commands/hosts.h"
#include "app/commands/hosts_push.h"
#include "app/commands/query.h"
#include "app/commands/receive.h"
#include "app/commands/status.h"
#include "app/commands/sync.h"
#include "app/load_config.h"
#include "app/run_headless.h"
#include "base/printable.h"

#include <QCoreApplication>

#include <cstdio>
#include <optional>
#include <sys/stat.h>

namespace tk::app {

namespace {

// A GUI application object on a machine without a display aborts: whether one is needed must be known before any
// application object exists.
std::optional<CommandLine> windowWanted(int argc, char *argv[])
{
    QStringList arguments;
    for (int i = 0; i < argc; ++i)
        arguments.append(QString::fromLocal8Bit(argv[i]));
    for (const char *asksOnly : {"-h", "--help", "-v", "--version", "--help-all"}) {
        if (arguments.contains(QLatin1String(asksOnly)))
            return {};
    }
    auto line = parseCommandLine(arguments);
    if (!line || line->action != CommandLine::Action::Window)
        return {};
    return std::move(line).value();
}

bool hasDisplay()
{
#ifdef Q_OS_LINUX
    return !qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY") ||
           !qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM");
#else
    return true;
#endif
}

} // namespace

int run(int argc, char *argv[], RunWindow window)
{
    // Databases, spool, journal: not for everybody, and for the group as the service manager says. What others are to
    // read, as files for freqtrade, is given its mode.
    ::umask(::umask(0) | 0007);
    if (const auto line = windowWanted(argc, argv); line && window) {
        if (!hasDisplay()) {
            std::fputs("tapekeeper: there is no display; run it with --no-gui\n", stderr);
            return WrongUsage;
        }
        installLogFormat(line->log_format);
        return window(argc, argv, *line);
    }
    const QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("tapekeeper"));
    QCoreApplication::setApplicationVersion(QStringLiteral(TAPEKEEPER_VERSION));
    const auto line = parseCommandLine(QCoreApplication::arguments());
    if (!line) {
        std::fprintf(stderr, "tapekeeper: %s\n", qUtf8Printable(printable(line.error().message)));
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
        std::fputs("tapekeeper: this build has no window; run it with --no-gui\n", stderr);
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
        return line->receive ? receivePush(*line) : runCommand<SyncCommand>(*line);
    case CommandLine::Action::Hosts:
        if (line->verb == QLatin1String("push"))
            return runCommand<HostsPushCommand>(*line);
        if (line->verb == QLatin1String("receipts"))
            return runCommand<HostReceiptsCommand>(*line);
        return runCommand<HostsCommand>(*line);
    }
    return Internal;
}

} // namespace tk::app
