#include "app/run_headless.h"

#include "app/engine_session.h"
#include "app/load_config.h"

#include <QCoreApplication>

namespace tk::app {

int runHeadless(const CommandLine &line)
{
    const auto settings = loadConfig(line);
    if (!settings)
        return WrongUsage;
    EngineSession session(line, *settings);
    QObject::connect(&session, &EngineSession::ended, qApp, [](int code) { QCoreApplication::exit(code); });
    session.start();
    return QCoreApplication::exec();
}

} // namespace tk::app
