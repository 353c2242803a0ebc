#include "app/commands/command.h"

#include "app/demo.h"
#include "base/printable.h"

#include <cstdio>

namespace tk::app {

int exitCodeOf(const Error &error)
{
    switch (error.kind) {
    case Error::Kind::Config:
    case Error::Kind::Refused:
        return WrongUsage;
    case Error::Kind::Network:
    case Error::Kind::Timeout:
    case Error::Kind::Remote:
    case Error::Kind::Storage:
        return Unreachable;
    case Error::Kind::Cancelled:
        return DoesNotHold;
    case Error::Kind::Parse:
        break;
    }
    return Internal;
}

Command::Command(CommandLine line, config::Settings settings)
    : m_line(std::move(line))
    , m_settings(std::move(settings))
{}

void Command::finish(int code)
{
    // From the event loop, so that it also works before exec().
    QMetaObject::invokeMethod(
        qApp, [code] { QCoreApplication::exit(code); }, Qt::QueuedConnection);
}

void Command::fail(const Error &error)
{
    complain(error.message);
    finish(exitCodeOf(error));
}

void Command::complain(const QString &message) const
{
    std::fprintf(stderr, "tapekeeper: %s\n", qUtf8Printable(printable(message)));
}

bool Command::print(const Table &table) const
{
    return app::print(text(table, formatOr(m_line.format)));
}

std::optional<config::Settings> commandSettings(const CommandLine &line)
{
    auto settings = loadConfig(line);
    if (settings && line.demo)
        Demo::apply(*settings, {}, {});
    if (!settings || line.exchange.isEmpty())
        return settings;
    QStringList known;
    for (const config::ExchangeSettings &exchange : settings->exchanges)
        known.append(exchange.name);
    std::erase_if(settings->exchanges,
                  [&](const config::ExchangeSettings &exchange) { return exchange.name != line.exchange; });
    if (!settings->exchanges.empty())
        return settings;
    std::fprintf(stderr, "tapekeeper: --exchange %s: the configuration collects %s\n",
                 qUtf8Printable(printable(line.exchange)), qUtf8Printable(printable(known.join(QStringLiteral(", ")))));
    return {};
}

} // namespace tk::app
