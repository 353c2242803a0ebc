#include "app/run_headless.h"

#include "app/headless_session.h"
#include "app/load_config.h"

#include <QCoreApplication>

namespace tk::app {

int runHeadless(const CommandLine &line)
{
    const auto settings = loadConfig(line);
    if (!settings)
        return WrongUsage;
    HeadlessSession session(line, *settings);
    session.start();
    return QCoreApplication::exec();
}

} // namespace tk::app
