#include "app/command_line.h"

#include <QCommandLineParser>

#include <cmath>

namespace tk::app {

namespace {

Error usage(const QString &message)
{
    return Error{Error::Kind::Config, message + QStringLiteral("; see tapekeeper --help")};
}

struct Command
{
    QString name;
    CommandLine::Action action;
    QString synopsis;
};

const std::vector<Command> &commands()
{
    static const std::vector<Command> all{
        {QStringLiteral("check"), CommandLine::Action::Check,
         QStringLiteral("check                                  read the configuration, name every problem")},
        {QStringLiteral("status"), CommandLine::Action::Status,
         QStringLiteral("status                                 what a running engine says of itself")},
        {QStringLiteral("query"), CommandLine::Action::Query,
         QStringLiteral("query ohlcv PAIR TIMEFRAME [--limit N] [--from T] [--to T]\n  query funding-rate|mark-price "
                        "[PAIR]   stored candles, newest funding rates and mark prices")},
        {QStringLiteral("gaps"), CommandLine::Action::Gaps,
         QStringLiteral("gaps [--repair]                        holes in the store, with cause and state")},
        {QStringLiteral("backfill"), CommandLine::Action::Backfill,
         QStringLiteral("backfill --pairs P,… --timeframes T,… --from T [--to T]")},
        {QStringLiteral("copy"), CommandLine::Action::Copy,
         QStringLiteral("copy embedded|influx embedded|influx [--pairs P,…] [--timeframes T,…] [--from T] [--to T]\n"
                        "                                         from the first store into the second, then count")},
        {QStringLiteral("dead-letters"), CommandLine::Action::DeadLetters,
         QStringLiteral("dead-letters [FILE…]                   lines that the database refused\n"
                        "  dead-letters --replay FILE             send them once more")},
        {QStringLiteral("sync"), CommandLine::Action::Sync,
         QStringLiteral("sync [--once] [--full] [--datadir D] [--pairs P,…] [--timeframes T,…]\n"
                        "                                         feather files for freqtrade, from the store\n"
                        "  sync --receipts [--datadir D]          what was written last\n"
                        "  sync --receive --datadir D             takes what another host pushes, through a pipe")},
        {QStringLiteral("hosts"), CommandLine::Action::Hosts,
         QStringLiteral(
             "hosts status [HOST…] [--follow]        units and data of other computers, over ssh\n"
             "  hosts start|stop|restart|enable|disable|run [HOST…] [--unit U]\n"
             "  hosts logs [HOST…] [--unit U] [--limit N] [--grep TEXT] [--follow]\n"
             "  hosts test [HOST…]                     the way to them, step by step\n"
             "  hosts trust HOST FINGERPRINT           takes up a host's key\n"
             "  hosts deploy [HOST…] --binary F [--config-file C] [--unit U]\n"
             "  hosts deploy [HOST…] --package F [--unit U]   a new version; goes back where it is not well\n"
             "  hosts push [HOST…] [--full]            what their files for freqtrade lack, from the store\n"
             "  hosts receipts [HOST…]                 what their files held when they were written last")},
    };
    return all;
}

} // namespace

Result<CommandLine> parseCommandLine(const QStringList &arguments)
{
    QCommandLineParser parser;
    QString description =
        QStringLiteral("Collects crypto market data, loses none of it, and proves it.\n\nCommands:\n");
    for (const Command &command : commands())
        description += QStringLiteral("  ") + command.synopsis + u'\n';
    description +=
        QStringLiteral("\nWithout a command: the window with the engine inside; with --no-gui the engine alone.\n"
                       "Times: ISO 8601 UTC, or milliseconds since 1970.\n"
                       "Exit codes: 0 done; 1 what was checked does not hold; 2 wrong usage or configuration;\n"
                       "3 could not reach what it needs; 4 internal error.");
    parser.setApplicationDescription(description);
    const auto option = [&](const QString &name, const QString &text, const QString &value = {}) {
        parser.addOption({name, text, value});
    };
    option(QStringLiteral("no-gui"),
           QStringLiteral("Run the engine without a window (SIGTERM, SIGINT: orderly stop)."));
    option(QStringLiteral("demo"),
           QStringLiteral("Collect from the exchange simulator on loopback; needs no network."));
    option(QStringLiteral("demo-pairs"), QStringLiteral("Number of pairs of the demo (164)."), QStringLiteral("N"));
    option(QStringLiteral("speed"),
           QStringLiteral("Run the clock so many times as fast as real time (demo and drills)."), QStringLiteral("X"));
    option(QStringLiteral("anchor"), QStringLiteral("Where a fast clock agrees with the real one (default: now)."),
           QStringLiteral("T"));
    option(QStringLiteral("config"),
           QStringLiteral("Configuration file (default: $XDG_CONFIG_HOME/tapekeeper/tapekeeper.toml)."),
           QStringLiteral("F"));
    option(QStringLiteral("attach"),
           QStringLiteral("The window on a running engine: a socket path, or ssh://[user@]host."),
           QStringLiteral("TARGET"));
    option(QStringLiteral("minimised"), QStringLiteral("Start with the window in the tray."));
    option(QStringLiteral("format"), QStringLiteral("table, csv or json (default: table on a terminal, else csv)."),
           QStringLiteral("FORMAT"));
    option(QStringLiteral("log-format"), QStringLiteral("text or json."), QStringLiteral("FORMAT"));
    option(QStringLiteral("limit"), QStringLiteral("query, hosts logs: the newest N rows."), QStringLiteral("N"));
    option(QStringLiteral("from"), QStringLiteral("query, backfill, copy: from this time on."), QStringLiteral("T"));
    option(QStringLiteral("to"), QStringLiteral("query, backfill, copy: up to this time."), QStringLiteral("T"));
    option(QStringLiteral("exchange"),
           QStringLiteral("query, gaps, backfill, copy, sync: of this exchange of the configuration alone."),
           QStringLiteral("NAME"));
    option(QStringLiteral("repair"), QStringLiteral("gaps: fetch what is missing."));
    option(QStringLiteral("pairs"),
           QStringLiteral("backfill, copy, sync: pairs, separated by commas; \"all\" for every collected one."),
           QStringLiteral("P,…"));
    option(QStringLiteral("timeframes"), QStringLiteral("backfill, copy, sync: timeframes, separated by commas."),
           QStringLiteral("T,…"));
    option(QStringLiteral("once"), QStringLiteral("sync: once, instead of every interval."));
    option(QStringLiteral("full"), QStringLiteral("sync, hosts push: compare every file with all of the store."));
    option(QStringLiteral("receipts"), QStringLiteral("sync: print what was written last, and write nothing."));
    option(QStringLiteral("receive"), QStringLiteral("sync: the rows come through standard input, from a hosts push."));
    option(QStringLiteral("datadir"), QStringLiteral("sync: freqtrade's folder of data."), QStringLiteral("D"));
    option(QStringLiteral("replay"), QStringLiteral("dead-letters: send the lines of this file once more."),
           QStringLiteral("FILE"));
    option(QStringLiteral("unit"),
           QStringLiteral("hosts: of the configured units this one; \"*\" and \"?\" as in a shell."),
           QStringLiteral("U"));
    option(QStringLiteral("grep"), QStringLiteral("hosts logs: entries with this text alone."), QStringLiteral("TEXT"));
    option(QStringLiteral("binary"), QStringLiteral("hosts deploy: the program."), QStringLiteral("F"));
    option(QStringLiteral("config-file"),
           QStringLiteral("hosts deploy: its configuration (default: that of the version before)."),
           QStringLiteral("C"));
    option(QStringLiteral("package"), QStringLiteral("hosts deploy: a Debian package."), QStringLiteral("F"));
    option(QStringLiteral("follow"), QStringLiteral("hosts status, logs: go on until interrupted."));
    const QCommandLineOption help = parser.addHelpOption();
    const QCommandLineOption version = parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("command"), QStringLiteral("One of the commands above."),
                                 QStringLiteral("[command]"));

    if (!parser.parse(arguments))
        return usage(parser.errorText());
    CommandLine line;
    if (parser.isSet(help)) {
        line.action = CommandLine::Action::Help;
        line.help = parser.helpText();
        return line;
    }
    if (parser.isSet(version)) {
        line.action = CommandLine::Action::Version;
        return line;
    }
    const auto value = [&](const char *name) { return parser.value(QLatin1String(name)); };
    const auto isSet = [&](const char *name) { return parser.isSet(QLatin1String(name)); };
    line.config = value("config");
    line.demo = isSet("demo");
    line.repair = isSet("repair");
    line.attach = value("attach");
    line.minimised = isSet("minimised");
    if (isSet("attach") && (line.attach.isEmpty() || line.demo || isSet("no-gui")))
        return usage(QStringLiteral("--attach takes the engine to show, and goes with neither --demo nor --no-gui"));
    line.once = isSet("once");
    line.full = isSet("full");
    line.receipts = isSet("receipts");
    line.receive = isSet("receive");
    line.datadir = value("datadir");
    if (isSet("speed")) {
        bool good = false;
        line.speed = value("speed").toDouble(&good);
        if (!good || !(line.speed >= 0.1 && line.speed <= 10'000))
            return usage(QStringLiteral("--speed %1 is not a number from 0.1 to 10000").arg(value("speed")));
    }
    if (isSet("demo-pairs")) {
        line.demo_pairs = value("demo-pairs").toInt();
        if (line.demo_pairs < 10 || line.demo_pairs > 2000)
            return usage(QStringLiteral("--demo-pairs %1 is not a number from 10 to 2000").arg(value("demo-pairs")));
    }
    if (isSet("log-format")) {
        if (value("log-format") != QLatin1String("text") && value("log-format") != QLatin1String("json"))
            return usage(QStringLiteral("--log-format %1: allowed are text and json").arg(value("log-format")));
        line.log_format = value("log-format") == QLatin1String("json") ? LogFormat::Json : LogFormat::Text;
    }
    if (isSet("format")) {
        static const QStringList formats{QStringLiteral("table"), QStringLiteral("csv"), QStringLiteral("json")};
        const qsizetype index = formats.indexOf(value("format"));
        if (index < 0)
            return usage(QStringLiteral("--format %1: allowed are table, csv and json").arg(value("format")));
        line.format = OutputFormat(index);
    }
    if (isSet("limit")) {
        bool good = false;
        line.limit = value("limit").toLongLong(&good);
        if (!good || *line.limit < 1)
            return usage(QStringLiteral("--limit %1 is not a number above zero").arg(value("limit")));
    }
    for (const auto &[name, into] :
         {std::pair{"from", &line.from}, std::pair{"to", &line.to}, std::pair{"anchor", &line.anchor}}) {
        if (!isSet(name))
            continue;
        const auto time = parseUtcTime(value(name));
        if (!time)
            return usage(QStringLiteral("--%1: %2").arg(QLatin1String(name), time.error().message));
        *into = *time;
    }
    line.exchange = value("exchange");
    line.pairs = value("pairs").split(u',', Qt::SkipEmptyParts);
    line.timeframes = value("timeframes").split(u',', Qt::SkipEmptyParts);

    QStringList words = parser.positionalArguments();
    if (words.isEmpty()) {
        line.action = isSet("no-gui") ? CommandLine::Action::Engine : CommandLine::Action::Window;
        return line;
    }
    const QString name = words.takeFirst();
    const auto command =
        std::find_if(commands().begin(), commands().end(), [&](const Command &c) { return c.name == name; });
    if (command == commands().end())
        return usage(QStringLiteral("there is no command \"%1\"").arg(name));
    line.action = command->action;
    if (line.action == CommandLine::Action::Query) {
        line.what = words.isEmpty() ? QString() : words.takeFirst();
        const bool candles = line.what == QLatin1String("ohlcv");
        if (!candles && line.what != QLatin1String("funding-rate") && line.what != QLatin1String("mark-price"))
            return usage(QStringLiteral("query what? ohlcv, funding-rate or mark-price"));
        if (candles && words.size() < 2)
            return usage(QStringLiteral("query ohlcv needs a pair and a timeframe"));
        if (!words.isEmpty())
            line.pair = words.takeFirst();
        if (candles)
            line.timeframe = words.takeFirst();
    }
    if (line.action == CommandLine::Action::Copy) {
        // The stores are words, not options: --from and --to are times, here as everywhere.
        static const QStringList stores{QStringLiteral("embedded"), QStringLiteral("influx")};
        if (words.size() < 2 || !stores.contains(words[0]) || !stores.contains(words[1]) || words[0] == words[1])
            return usage(
                QStringLiteral("copy from which store to which? copy embedded influx, or copy influx embedded"));
        line.source = words.takeFirst();
        line.target = words.takeFirst();
    }
    if (line.action == CommandLine::Action::DeadLetters) {
        line.replay = value("replay");
        if (isSet("replay") && (line.replay.isEmpty() || !words.isEmpty()))
            return usage(QStringLiteral("dead-letters --replay takes one file"));
        line.files = std::exchange(words, {});
    }
    if (line.action == CommandLine::Action::Hosts) {
        static const QStringList verbs{QStringLiteral("status"),  QStringLiteral("start"),  QStringLiteral("stop"),
                                       QStringLiteral("restart"), QStringLiteral("enable"), QStringLiteral("disable"),
                                       QStringLiteral("run"),     QStringLiteral("logs"),   QStringLiteral("test"),
                                       QStringLiteral("trust"),   QStringLiteral("deploy"), QStringLiteral("push"),
                                       QStringLiteral("receipts")};
        line.verb = words.isEmpty() ? QString() : words.takeFirst();
        if (!verbs.contains(line.verb))
            return usage(QStringLiteral("hosts what? ") + verbs.join(QStringLiteral(", ")));
        line.unit = value("unit");
        line.grep = value("grep");
        line.follow = isSet("follow");
        line.hosts = std::exchange(words, {});
        const bool acts = verbs.indexOf(line.verb) >= 1 && verbs.indexOf(line.verb) <= 6;
        if (acts && line.hosts.isEmpty() && line.unit.isEmpty())
            return usage(
                QStringLiteral("hosts %1 needs a host or --unit: everything everywhere is to be asked for, with "
                               "--unit '*'")
                    .arg(line.verb));
        line.binary = value("binary");
        line.config_file = value("config-file");
        line.package = value("package");
        if (line.verb == QLatin1String("deploy")) {
            if (line.binary.isEmpty() == line.package.isEmpty() || (!line.package.isEmpty() && isSet("config-file")))
                return usage(
                    QStringLiteral("hosts deploy takes --binary F, with or without --config-file C, or --package F"));
        } else if (isSet("binary") || isSet("config-file") || isSet("package")) {
            return usage(QStringLiteral("--binary, --config-file and --package belong to hosts deploy"));
        }
        if (line.verb == QLatin1String("trust")) {
            if (line.hosts.size() != 2 || !line.hosts[1].startsWith(QLatin1String("SHA256:")))
                return usage(QStringLiteral("hosts trust needs a host and the fingerprint that it is to have, "
                                            "\"SHA256:…\"; hosts test shows both"));
            line.fingerprint = line.hosts.takeLast();
        }
    }
    if (line.action == CommandLine::Action::Sync && line.receipts && (line.once || line.full))
        return usage(QStringLiteral("sync --receipts writes nothing: leave --once and --full away"));
    if (line.receive && (line.action != CommandLine::Action::Sync || line.datadir.isEmpty() || line.receipts ||
                         line.once || line.full || !line.pairs.isEmpty() || !line.timeframes.isEmpty()))
        return usage(QStringLiteral("--receive goes with sync --datadir D alone: all else is said by who pushes"));
    if (!words.isEmpty())
        return usage(QStringLiteral("\"%1\" is one word too many").arg(words.first()));
    if (line.action == CommandLine::Action::Backfill) {
        if (line.pairs.isEmpty() || line.timeframes.isEmpty() || !line.from)
            return usage(QStringLiteral("backfill needs --pairs, --timeframes and --from"));
    }
    const bool spans = line.action == CommandLine::Action::Backfill || line.action == CommandLine::Action::Copy;
    if (spans && line.from && line.to && *line.to <= *line.from)
        return usage(QStringLiteral("--to must lie behind --from"));
    return line;
}

} // namespace tk::app
