#include "app/settings_commands.h"

#include "app/service_settings.h"
#include "base/printable.h"
#include "base/regular_file.h"
#include "config/load.h"
#include "config/toml_limits.h"
#include "exchange/selection.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QSaveFile>
#include <QSet>

namespace tk::app {

namespace {

constexpr qsizetype longestSecret = 65'536; // as the loader reads

Error refusal(const QString &message)
{
    return Error{Error::Kind::Refused, message};
}

QJsonArray toJson(const std::vector<config::Problem> &problems)
{
    QJsonArray rows;
    for (const config::Problem &problem : problems)
        rows.append(QJsonObject{{QStringLiteral("line"), problem.line},
                                {QStringLiteral("key"), problem.key},
                                {QStringLiteral("found"), problem.found},
                                {QStringLiteral("allowed"), problem.allowed}});
    return rows;
}

// As the configuration says it.
QString allName(const config::ExchangeSettings &exchange)
{
    const QString all = QStringLiteral("all");
    return exchange.all_of == config::ExchangeSettings().all_of ? all : all + u':' + exchange.all_of.toLower();
}

QJsonObject inForce(const config::Settings &settings)
{
    QJsonArray exchanges;
    for (const config::ExchangeSettings &exchange : settings.exchanges) {
        QJsonArray timeframes;
        for (const Timeframe timeframe : exchange.timeframes)
            timeframes.append(timeframeText(timeframe));
        exchanges.append(QJsonObject{
            {QStringLiteral("name"), exchange.name},
            {QStringLiteral("pairs"),
             exchange.pairs ? QJsonValue(QJsonArray::fromStringList(*exchange.pairs)) : QJsonValue(allName(exchange))},
            {QStringLiteral("exclude"), QJsonArray::fromStringList(exchange.exclude)},
            {QStringLiteral("streams"), QJsonArray::fromStringList(exchange.streams)},
            {QStringLiteral("timeframes"), timeframes}});
    }
    return {{QStringLiteral("data_dir"), settings.engine.data_dir},
            {QStringLiteral("store"), settings.store.kind},
            {QStringLiteral("exchanges"), exchanges}};
}

// As the loader looks for it, see loadSecret() there.
QString secretSource(const QString &variable, const QString &file, const config::Secret &secret)
{
    if (!QProcessEnvironment::systemEnvironment().value(variable).isEmpty())
        return QStringLiteral("environment");
    if (!file.isEmpty())
        return QStringLiteral("file");
    return secret.isEmpty() ? QString() : QStringLiteral("service manager");
}

struct Content
{
    bool exists = false;
    QByteArray text;
};

Result<Content> read(const QString &name)
{
    auto file = readSmallFileIfAny(name, config::mostConfigBytes);
    if (!file)
        return file.error();
    auto found = std::move(file).value();
    return found ? Content{true, std::move(found->bytes)} : Content{};
}

// As a whole or not at all. A file that is there keeps its permissions.
Status save(const QString &name, const QByteArray &content, std::optional<QFile::Permissions> permissions = {})
{
    QDir().mkpath(QFileInfo(name).path());
    QSaveFile file(name);
    if (!file.open(QIODevice::WriteOnly) || (permissions && !file.setPermissions(*permissions)) ||
        file.write(content) != content.size() || !file.commit())
        return Error{Error::Kind::Storage, QStringLiteral("%1 could not be written: %2").arg(name, file.errorString())};
    return ok();
}

QString statusText(exchange::InstrumentStatus status)
{
    using exchange::InstrumentStatus;
    switch (status) {
    case InstrumentStatus::Trading:
        return QStringLiteral("trading");
    case InstrumentStatus::Pending:
        return QStringLiteral("pending");
    case InstrumentStatus::Ended:
        return QStringLiteral("ended");
    case InstrumentStatus::Halted:
        return QStringLiteral("halted");
    case InstrumentStatus::Other:
        break;
    }
    return QStringLiteral("other");
}

Status writable(const ConfigPlace &place)
{
    if (place.demo)
        return refusal(QStringLiteral("the demo runs with settings of its own: %1 is not changed from here; start "
                                      "without --demo to change it")
                           .arg(place.file));
    const QFileInfo file(place.file);
    if (file.exists() && !file.isWritable())
        return refusal(QStringLiteral("%1 may not be written by the engine's user; change it by hand, then reload")
                           .arg(place.file));
    // It is replaced as a whole, which takes a file beside it.
    if (const QFileInfo folder(file.path()); folder.exists() && !folder.isWritable())
        return refusal(QStringLiteral("the engine's user may not write to the folder %1; change the file by hand, then "
                                      "reload")
                           .arg(file.path()));
    return ok();
}

Result<QJsonValue> show(const ConfigPlace &place, const config::Settings &settings)
{
    const QString &file = place.file;
    const auto content = read(file);
    if (!content)
        return content.error();
    const config::LoadResult loaded =
        config::parseSettings(content->text, file, QProcessEnvironment::systemEnvironment());
    const config::InfluxSettings &influx = settings.store.influx;
    const QString text = QString::fromUtf8(content->text);
    const QString told = withoutPasswords(text);
    const Status may = told == text
                           ? writable(place)
                           : Status(refusal(QStringLiteral("a URL in %1 has a password in it, which is not shown "
                                                           "here: take it out by hand first")
                                                .arg(file)));
    return QJsonValue(
        QJsonObject{{QStringLiteral("file"), file},
                    {QStringLiteral("exists"), content->exists},
                    {QStringLiteral("text"), told},
                    {QStringLiteral("writable"), may.has_value()},
                    {QStringLiteral("why_not"), may ? QString() : may.error().message},
                    {QStringLiteral("demo"), place.demo},
                    {QStringLiteral("problems"), toJson(loaded.problems)},
                    {QStringLiteral("values"), inForce(settings)},
                    {QStringLiteral("secrets"),
                     QJsonObject{{QStringLiteral("token"), secretSource(QStringLiteral("TAPEKEEPER_INFLUX_TOKEN"),
                                                                        influx.token_file, influx.token)},
                                 {QStringLiteral("password"), secretSource(QStringLiteral("TAPEKEEPER_INFLUX_PASSWORD"),
                                                                           influx.password_file, influx.password)}}}});
}

Result<QJsonValue> check(const ConfigPlace &place, const QString &text)
{
    const config::LoadResult loaded =
        config::parseSettings(text.toUtf8(), place.file, QProcessEnvironment::systemEnvironment());
    return QJsonValue(QJsonObject{{QStringLiteral("problems"), toJson(loaded.problems)}});
}

// Judged and on the disk, or an error and nothing changed.
Status put(const ConfigPlace &place, const QString &text, const QString &was)
{
    if (const Status may = writable(place); !may)
        return may.error();
    const QString &file = place.file;
    const auto content = read(file);
    if (!content)
        return content.error();
    if (content->text != was.toUtf8())
        return refusal(QStringLiteral("%1 has been changed by somebody else meanwhile; nothing was written. Read it "
                                      "again")
                           .arg(file));
    const QByteArray bytes = text.toUtf8();
    const config::LoadResult loaded = config::parseSettings(bytes, file, QProcessEnvironment::systemEnvironment());
    if (!loaded.isGood()) {
        QStringList problems;
        for (const config::Problem &problem : loaded.problems)
            problems.append(problem.text());
        return Error{Error::Kind::Config, problems.join(u'\n')};
    }
    return save(file, bytes);
}

Result<QJsonValue> writeSecret(const ConfigPlace &place, const QString &name, const QString &value)
{
    if (name != QLatin1String("token") && name != QLatin1String("password"))
        return refusal(QStringLiteral("secret-write knows the names \"token\" and \"password\""));
    const QByteArray secret = value.trimmed().toUtf8(); // as the loader reads it
    if (secret.isEmpty() || secret.size() > longestSecret || secret.contains('\n'))
        return refusal(QStringLiteral("a %1 is one line of text that is not empty").arg(name));
    if (const Status may = writable(place); !may)
        return may.error();
    const QString setting = QStringLiteral("influx-") + name;
    const QString file = QFileInfo(place.file).dir().filePath(setting);
    if (const Status saved = save(file, secret + '\n', QFile::ReadOwner | QFile::WriteOwner); !saved)
        return saved.error();
    return QJsonValue(QJsonObject{{QStringLiteral("file"), file}, {QStringLiteral("setting"), setting}});
}

Result<QJsonValue> instruments(const config::Settings &settings, const QString &exchange,
                               const exchange::Catalog &catalog)
{
    const auto found = std::find_if(settings.exchanges.begin(), settings.exchanges.end(),
                                    [&](const config::ExchangeSettings &one) { return one.name == exchange; });
    if (found == settings.exchanges.end())
        return refusal(QStringLiteral("this engine has no exchange \"%1\"").arg(exchange));
    const auto cache =
        readSmallFile(QDir(settings.engine.data_dir).filePath(QStringLiteral("instruments-%1.json").arg(exchange)),
                      history::mostInstrumentBytes);
    if (!cache)
        return Error{Error::Kind::Storage, QStringLiteral("the exchange has not told its list of pairs yet"), true};
    const auto adapter = catalog.makeAdapter(exchange);
    if (!adapter)
        return adapter.error();
    const auto listed = exchange::parseInstrumentList(*adapter.value(), cache->bytes);
    if (!listed)
        return listed.error();
    QSet<QString> collected;
    for (const exchange::Instrument &instrument : exchange::select(*listed, wantedBy(*found), {}).wanted)
        collected.insert(instrument.unified);
    QJsonArray rows;
    for (const exchange::Instrument &instrument : *listed) {
        if (instrument.perpetual)
            rows.append(QJsonObject{{QStringLiteral("pair"), instrument.unified},
                                    {QStringLiteral("symbol"), instrument.symbol},
                                    {QStringLiteral("status"), statusText(instrument.status)},
                                    {QStringLiteral("collected"), collected.contains(instrument.unified)}});
    }
    return QJsonValue(QJsonObject{{QStringLiteral("instruments"), rows}});
}

} // namespace

SettingsCommands::SettingsCommands(Engine engine)
    : m_engine(std::move(engine))
{
    m_worker.setMaxThreadCount(1);
}

bool SettingsCommands::knows(const QString &command)
{
    static const QStringList commands{QStringLiteral("settings"), QStringLiteral("settings-check"),
                                      QStringLiteral("settings-write"), QStringLiteral("secret-write"),
                                      QStringLiteral("instruments")};
    return commands.contains(command);
}

void SettingsCommands::run(const QString &command, const QJsonObject &args, const link::Reply &reply)
{
    const auto text = [&](const char *key) { return args.value(QLatin1String(key)).toString(); };
    const ConfigPlace place = m_engine.place ? m_engine.place() : ConfigPlace{};
    const config::Settings settings = m_engine.settings();
    std::function<Result<QJsonValue>()> work;
    if (command == QLatin1String("instruments")) {
        work = [settings, name = text("exchange"), catalog = m_engine.catalog] {
            return instruments(settings, name, *catalog);
        };
    } else if (place.file.isEmpty()) {
        return reply.fail(refusal(QStringLiteral("this engine has no configuration file")));
    } else if (command == QLatin1String("settings")) {
        work = [place, settings] { return show(place, settings); };
    } else if (command == QLatin1String("settings-check")) {
        work = [place, wanted = text("text")] { return check(place, wanted); };
    } else if (command == QLatin1String("secret-write")) {
        work = [place, name = text("name"), value = text("value")] { return writeSecret(place, name, value); };
    } else if (!args.value(QLatin1String("text")).isString() || !args.value(QLatin1String("was")).isString()) {
        return reply.fail(
            refusal(QStringLiteral("settings-write needs \"text\", and \"was\": the text it is based on")));
    } else {
        return write(text("text"), text("was"), reply);
    }
    m_worker.start([this, work = std::move(work), reply] {
        QMetaObject::invokeMethod(this, [reply, told = work()] {
            if (told)
                reply.finish(*told);
            else
                reply.fail(told.error());
        });
    });
}

void SettingsCommands::write(const QString &text, const QString &was, const link::Reply &reply)
{
    const auto taken = [reply](const Status &status) {
        QJsonObject told{{QStringLiteral("applied"), status.has_value()}};
        if (!status)
            told.insert(QStringLiteral("restart"), status.error().message);
        reply.finish(QJsonValue(told));
    };
    const auto saved = [this, reply, taken](const Status &status) {
        if (!status)
            reply.fail(status.error());
        else if (m_engine.reload)
            m_engine.reload(taken);
        else
            taken(refusal(QStringLiteral("this engine reads its configuration at its start")));
    };
    m_worker.start([this, place = m_engine.place(), text, was, saved] {
        QMetaObject::invokeMethod(this, [saved, status = put(place, text, was)] { saved(status); });
    });
}

} // namespace tk::app
