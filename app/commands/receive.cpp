#include "app/commands/receive.h"

#include "app/commands/command.h"
#include "config/load.h"
#include "sync/push_receiver.h"

#include <QDir>

#include <csignal>
#include <cstdio>

namespace tk::app {

int receivePush(const CommandLine &line)
{
    std::signal(SIGPIPE, SIG_IGN); // a collector that is gone is an error of writing, so that nothing is left half done
    const QString datadir = QDir::cleanPath(QDir::current().absoluteFilePath(config::expandHome(line.datadir)));
    const auto report = sync::PushReceiver({.datadir = datadir, .version = QStringLiteral(TAPEKEEPER_VERSION)}).run();
    if (report)
        return report->isGood() ? Done : DoesNotHold;
    std::fprintf(stderr, "tapekeeper: %s\n", qUtf8Printable(report.error().message));
    return exitCodeOf(report.error());
}

} // namespace tk::app
