#include "app/connection_tests.h"

#include "app/service_settings.h"
#include "base/clock.h"
#include "config/section.h"
#include "net/http_client.h"
#include "store/influx/dialect.h"
#include "store/influx/influx_reader.h"

#include <QJsonObject>

namespace tk::app {

namespace {

using namespace std::chrono_literals;
using namespace store::influx;

constexpr milliseconds patience = 10s; // of one request: somebody waits for it

Error refusal(const QString &message)
{
    return Error{Error::Kind::Refused, message};
}

Result<config::InfluxSettings> influxOf(const QJsonObject &args, config::InfluxSettings settings)
{
    const auto take = [&](const char *key, QString &into) {
        if (const QJsonValue value = args.value(QLatin1String(key)); value.isString())
            into = value.toString();
    };
    QString url = settings.url.toString();
    take("url", url);
    const auto checked = config::checkedUrl(url, {QStringLiteral("http"), QStringLiteral("https")});
    if (!checked)
        return refusal(QStringLiteral("\"%1\" is no URL of a database, such as http://127.0.0.1:8086").arg(url));
    // A secret goes only where it was meant to go; elsewhere it has to be given.
    if (checked->scheme() != settings.url.scheme() || checked->host() != settings.url.host() ||
        checked->port() != settings.url.port()) {
        settings.token = {};
        settings.password = {};
    }
    settings.url = *checked;
    take("api", settings.api);
    take("database", settings.database);
    take("org", settings.org);
    take("bucket", settings.bucket);
    take("user", settings.user);
    take("tls_ca_file", settings.tls_ca_file);
    settings.tls_ca_file = config::expandHome(settings.tls_ca_file);
    QString secret;
    take("token", secret);
    if (!secret.isEmpty())
        settings.token = config::Secret(secret.trimmed().toUtf8());
    secret.clear();
    take("password", secret);
    if (!secret.isEmpty())
        settings.password = config::Secret(secret.trimmed().toUtf8());
    settings.timeout = std::min(settings.timeout, patience);
    return settings;
}

Error errorOf(const Reply &reply)
{
    return Error{Error::Kind::Remote,
                 QStringLiteral("the database answers, but refuses: %1%2%3")
                     .arg(reply.status == 0 ? QString() : QString::number(reply.status) + u' ', reply.text,
                          reply.advice.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(reply.advice))};
}

QJsonValue found(Api api, const QString &database, const QString &what)
{
    const QString name = QString::fromLatin1(apiName(api).data(), qsizetype(apiName(api).size()));
    return QJsonObject{{QStringLiteral("api"), name},
                       {QStringLiteral("database"), database},
                       {QStringLiteral("text"), QStringLiteral("InfluxDB %1 answers; %2").arg(name, what)}};
}

Result<QJsonValue> testStore(const config::InfluxSettings &settings, const QString &exchange,
                             const std::atomic<bool> &stop)
{
    InfluxReader reader(
        settings, [] { return SystemClock().utcNow(); }, &stop);
    const auto api = reader.connect();
    if (!api)
        return api.error();
    const QString name = *api == Api::V2 ? QStringLiteral("the bucket \"%1\"").arg(settings.bucket)
                                         : QStringLiteral("the database \"%1\"").arg(settings.database);
    const QString absent = name + QStringLiteral(" is not there and is made at the start");
    if (*api != Api::V3) { // which can only be asked by making it
        net::BlockingHttpClient http({.timeout = settings.timeout, .ca_file = settings.tls_ca_file});
        DatabaseSetup setup(*api, settings);
        const auto step = setup.after(http.send(setup.first(), &stop), SystemClock().utcNow());
        if (const auto *reply = std::get_if<Reply>(&step))
            return errorOf(*reply);
        if (std::holds_alternative<net::HttpCall>(step)) // the next step would make it
            return found(*api, QStringLiteral("absent"), absent);
    }
    // Reading takes rights of its own.
    const auto last = reader.lastTime({exchange, QStringLiteral("BTC/USDT:USDT"), Timeframe::H1});
    if (last)
        return found(*api, QStringLiteral("there"), name + QStringLiteral(" is there and can be read"));
    const QString &trouble = last.error().message;
    if (*api == Api::V3 && trouble.contains(QStringLiteral("database")) && trouble.contains(QStringLiteral("not")) &&
        !trouble.contains(QStringLiteral("authenticat")))
        return found(*api, QStringLiteral("absent"), absent);
    return last.error();
}

Result<QJsonValue> testExchange(const exchange::Catalog &catalog, const QString &exchange, const net::HttpCall &base,
                                const QString &ca, const std::atomic<bool> &stop)
{
    const auto adapter = catalog.makeAdapter(exchange);
    if (!adapter)
        return adapter.error();
    const exchange::RestRequest request = adapter.value()->timeRequest();
    net::HttpCall call = base;
    call.url.setPath((call.url.path() == QLatin1String("/") ? QString() : call.url.path()) +
                     QString::fromLatin1(request.path));
    call.url.setQuery(request.query);
    net::BlockingHttpClient http({.timeout = patience, .ca_file = ca});
    const UtcTime before = SystemClock().utcNow();
    const net::HttpAnswer answer = http.send(call, &stop);
    const UtcTime after = SystemClock().utcNow();
    const QString where = base.url.toDisplayString(QUrl::RemoveUserInfo);
    if (!answer.isGood())
        return Error{
            Error::Kind::Network,
            QStringLiteral("the exchange at %1 cannot be asked: %2")
                .arg(where, answer.status == 0 ? answer.trouble : QStringLiteral("HTTP %1").arg(answer.status))};
    const auto time = adapter.value()->parseTime(answer.body);
    if (!time)
        return Error{Error::Kind::Remote,
                     QStringLiteral("what answers at %1 is not %2: %3").arg(where, exchange, time.error().message)};
    const milliseconds offset = *time - (before + (after - before) / 2);
    return QJsonValue(
        QJsonObject{{QStringLiteral("offset_ms"), qint64(offset.count())},
                    {QStringLiteral("text"),
                     QStringLiteral("%1 answers in %2 ms; its clock is %3 ms %4 ours")
                         .arg(exchange)
                         .arg((after - before).count())
                         .arg(std::abs(offset.count()))
                         .arg(offset.count() < 0 ? QStringLiteral("behind") : QStringLiteral("ahead of"))}});
}

} // namespace

ConnectionTests::ConnectionTests(std::function<config::Settings()> settings, const exchange::Catalog &catalog)
    : m_settings(std::move(settings))
    , m_catalog(catalog)
{
    m_pool.setMaxThreadCount(1);
}

ConnectionTests::~ConnectionTests()
{
    m_stop = true;
    m_pool.clear();
}

bool ConnectionTests::knows(const QString &command)
{
    return command == QLatin1String("test-store") || command == QLatin1String("test-exchange");
}

void ConnectionTests::run(const QString &command, const QJsonObject &args, const link::Reply &reply)
{
    const auto start = [this, reply](std::function<Result<QJsonValue>()> test) {
        m_pool.start([this, reply, test = std::move(test)] {
            const auto told = test();
            QMetaObject::invokeMethod(this, [reply, told] {
                if (told)
                    reply.finish(*told);
                else
                    reply.fail(told.error());
            });
        });
    };
    if (command == QLatin1String("test-store")) {
        const auto settings = influxOf(args, m_settings().store.influx);
        if (!settings)
            return reply.fail(settings.error());
        return start(
            [this, settings = *settings] { return testStore(settings, m_catalog.entries().front().name, m_stop); });
    }
    const QString text = args.value(QLatin1String("rest_url")).toString();
    const auto url = config::checkedUrl(text, {QStringLiteral("http"), QStringLiteral("https")});
    if (!url)
        return reply.fail(refusal(QStringLiteral("\"%1\" is no URL of an exchange").arg(text)));
    start([this, exchange = args.value(QLatin1String("exchange")).toString(), url = *url,
           ca = config::expandHome(args.value(QLatin1String("tls_ca_file")).toString())] {
        return testExchange(m_catalog, exchange, net::HttpCall{.url = url}, ca, m_stop);
    });
}

} // namespace tk::app
