// From a configuration file to settings, with every problem in one go.
#pragma once

#include "config/problem.h"
#include "config/settings.h"
#include "exchange/catalog.h"

#include <QProcessEnvironment>

#include <vector>

namespace tk::config {

struct LoadResult
{
    QString file;      // what was read, or would have been
    Settings settings; // complete and usable only where there are no problems
    std::vector<Problem> problems;
    std::vector<Problem> warnings; // it can be used, but somebody should know

    bool isGood() const { return problems.empty(); }
};

// $XDG_CONFIG_HOME/tapekeeper/tapekeeper.toml, or below ~/.config.
QString defaultSettingsFile(const QProcessEnvironment &environment = QProcessEnvironment::systemEnvironment());

// An empty name means the default file, which may be absent: then the defaults hold. A file that is named must exist.
// Secrets come from TAPEKEEPER_INFLUX_TOKEN, TAPEKEEPER_INFLUX_PASSWORD and TAPEKEEPER_PROXY_PASSWORD, the files named,
// or $CREDENTIALS_DIRECTORY. The catalogue says which exchanges there are.
LoadResult loadSettings(const QString &file = {},
                        const QProcessEnvironment &environment = QProcessEnvironment::systemEnvironment(),
                        const exchange::Catalog &catalog = exchange::builtInCatalog());

// The same of a text that would stand in `file`, which is not read: paths in it are relative to its folder.
LoadResult parseSettings(const QByteArray &text, const QString &file, const QProcessEnvironment &environment,
                         const exchange::Catalog &catalog = exchange::builtInCatalog());

} // namespace tk::config
