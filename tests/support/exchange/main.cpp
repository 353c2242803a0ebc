// tapekeeper-exchange: a simulated exchange as a program, for demos, drills and tests of other processes.
#include "support/exchange/exchange_server.h"
#include "support/exchange/process_end.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

#include <cstdio>

using namespace tk;
using namespace tk::sim;

namespace {

struct Options
{
    SimSettings settings;
    std::shared_ptr<const Clock> clock;
    QJsonArray faults;
    bool exitWithInput = false;
};

class CommandLine
{
public:
    CommandLine()
    {
        m_parser.setApplicationDescription(QStringLiteral(
            "A simulated Binance USD-M exchange on loopback ports: REST, websocket, and control.\n"
            "Prints one JSON line with its URLs when it listens. Everything follows from --seed and the\n"
            "time: two runs tell the same market. Faults: see GET CONTROL/faults."));
        m_parser.addHelpOption();
        m_parser.addVersionOption();
        add("seed", "Seed of the market.", "number", "1");
        add("pairs", "Perpetual USDT contracts that trade.", "number", "164");
        add("activity", "Factor on the number of trades.", "factor", "1");
        add("activity-since", "The factor holds from here on: history before stays cheap to tell.", "time", "");
        add("speed", "How fast time runs; the engine must be given the same.", "factor", "1");
        add("anchor", "Where fast time starts: ISO 8601 or ms, the same as the engine's; default: now.", "time", "");
        add("host", "Address to listen on.", "address", "127.0.0.1");
        add("rest-port", "Port of REST; 0: any free one.", "port", "0");
        add("ws-port", "Port of the websocket.", "port", "0");
        add("control-port", "Port of the control interface.", "port", "0");
        add("tls", "Speak https and wss, with a certificate of a test CA.");
        add("tls-folder", "Where the test CA and its certificates are, or are made (ca.pem is what to trust).",
            "folder", "");
        add("life", "Life of a websocket connection on the simulated clock.", "duration", "24h");
        add("segment-per-frame", "Each frame in a TCP segment of its own.");
        add("empty-candles", "Closed frames for candles without trades, too.");
        add("backlog", "Unread bytes after which a connection is cut.", "size", "32MiB");
        add("weight", "Request weight per minute.", "number", "2400");
        add("attempts", "Websocket attempts per five minutes.", "number", "300");
        add("replay", "Recorded frames, one per line, for every connection instead of the market.", "file", "");
        add("recv", "When they were received: seconds, one per line.", "file", "");
        add("replay-speed", "Factor on their pace; 0: as fast as they are taken.", "factor", "1");
        add("faults", "Faults to start with: a JSON list of what POST /faults takes.", "json", "");
        add("exit-with-stdin", "End when standard input does: a child that dies with its parent.");
    }

    Result<Options> parse(const QCoreApplication &application)
    {
        m_parser.process(application);
        Options options;
        SimSettings &settings = options.settings;
        settings.seed = text("seed").toULongLong();
        settings.pairs = text("pairs").toInt();
        settings.activity = text("activity").toDouble();
        settings.host = text("host");
        settings.restPort = text("rest-port").toUShort();
        settings.wsPort = text("ws-port").toUShort();
        settings.controlPort = text("control-port").toUShort();
        settings.tls = has("tls");
        settings.tlsFolder = text("tls-folder");
        settings.segmentPerFrame = has("segment-per-frame");
        settings.emptyCandles = has("empty-candles");
        settings.weightPerMinute = text("weight").toInt();
        settings.attemptsPer5Minutes = text("attempts").toInt();
        settings.replayFile = text("replay");
        settings.replayTimes = text("recv");
        settings.replaySpeed = text("replay-speed").toDouble();
        options.exitWithInput = has("exit-with-stdin");
        if (settings.pairs < 1 || settings.pairs > 5000 || settings.activity <= 0)
            return Error{Error::Kind::Config, QStringLiteral("--pairs takes 1 to 5000, --activity a positive factor")};
        for (const QString &file : {settings.replayFile, settings.replayTimes}) {
            if (!file.isEmpty() && !QFile::exists(file))
                return Error{Error::Kind::Config, QStringLiteral("there is no file %1").arg(file)};
        }
        const Result<milliseconds> life = parseDuration(text("life"));
        const Result<qint64> backlog = parseByteSize(text("backlog"));
        if (!life)
            return life.error();
        if (!backlog)
            return backlog.error();
        settings.life = *life;
        settings.maxBacklogBytes = *backlog;
        if (!text("activity-since").isEmpty()) {
            const Result<UtcTime> since = parseUtcTime(text("activity-since"));
            if (!since)
                return since.error();
            settings.activity_since = *since;
        }
        if (!text("faults").isEmpty()) {
            options.faults = QJsonDocument::fromJson(text("faults").toUtf8()).array();
            if (options.faults.isEmpty())
                return Error{Error::Kind::Config, QStringLiteral("--faults takes a JSON list of objects")};
        }
        return withClock(std::move(options));
    }

private:
    void add(const char *name, const char *description, const char *value = nullptr, const char *standard = "")
    {
        QCommandLineOption option(QString::fromLatin1(name), QString::fromLatin1(description));
        if (value) {
            option.setValueName(QLatin1String(value));
            option.setDefaultValue(QLatin1String(standard));
        }
        m_parser.addOption(option);
    }
    QString text(const char *name) const { return m_parser.value(QLatin1String(name)); }
    bool has(const char *name) const { return m_parser.isSet(QLatin1String(name)); }

    Result<Options> withClock(Options options) const
    {
        const double speed = text("speed").toDouble();
        if (speed <= 0)
            return Error{Error::Kind::Config, QStringLiteral("--speed takes a positive factor")};
        if (speed == 1 && text("anchor").isEmpty()) {
            options.clock = std::make_shared<SystemClock>();
            return options;
        }
        UtcTime anchor = SystemClock().utcNow();
        if (!text("anchor").isEmpty()) {
            const Result<UtcTime> given = parseUtcTime(text("anchor"));
            if (!given)
                return given.error();
            anchor = *given;
        }
        options.clock = std::make_shared<ScaledClock>(speed, anchor);
        return options;
    }

    QCommandLineParser m_parser;
};

int fail(const Error &error)
{
    std::fprintf(stderr, "tapekeeper-exchange: %s\n", qUtf8Printable(error.message));
    return 1;
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("tapekeeper-exchange"));
    QCoreApplication::setApplicationVersion(QStringLiteral(TAPEKEEPER_VERSION));
    const Result<Options> options = CommandLine().parse(application);
    if (!options)
        return fail(options.error());

    ExchangeServer server(options->settings, options->clock);
    if (const Status status = server.listen(); !status)
        return fail(status.error());
    for (const QJsonValue &fault : options->faults) {
        const Result<int> added = FaultSpec::fromJson(fault.toObject()).and_then([&](const FaultSpec &spec) {
            return server.setFault(spec);
        });
        if (!added)
            return fail(added.error());
    }
    const ProcessEnd end(options->exitWithInput, [] { QCoreApplication::quit(); });
    QJsonObject urls{{QStringLiteral("rest"), server.restUrl().toString()},
                     {QStringLiteral("ws"), server.wsUrl().toString()},
                     {QStringLiteral("control"), server.controlUrl().toString()}};
    if (!server.authorityFile().isEmpty())
        urls.insert(QStringLiteral("ca"), server.authorityFile());
    std::printf("%s\n", QJsonDocument(urls).toJson(QJsonDocument::Compact).constData());
    std::fflush(stdout);
    return QCoreApplication::exec();
}
