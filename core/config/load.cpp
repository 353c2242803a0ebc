#include "config/load.h"

#include "base/regular_file.h"
#include "config/load_exchange.h"
#include "config/load_host.h"
#include "config/load_secret.h"
#include "config/section.h"
#include "config/toml_limits.h"

#include <QDir>
#include <QHostAddress>
#include <QRegularExpression>

namespace tk::config {

QString expandHome(const QString &path)
{
    if (path == QLatin1String("~"))
        return QDir::homePath();
    return path.startsWith(QLatin1String("~/")) ? QDir::homePath() + path.mid(1) : path;
}

namespace {

using namespace std::chrono_literals;

constexpr milliseconds hundredYears = 24h * 36500;

// "127.0.0.1:9464", "[::1]:9464", "localhost:9464".
std::optional<ListenAddress> parseListenAddress(const QString &text)
{
    const qsizetype colon = text.lastIndexOf(u':');
    bool isNumber = false;
    const uint port = text.mid(colon + 1).toUInt(&isNumber);
    QString host = text.left(colon);
    if (host == QLatin1String("localhost"))
        host = QStringLiteral("127.0.0.1");
    if (host.startsWith(u'[') && host.endsWith(u']'))
        host = host.mid(1, host.size() - 2);
    else if (host.contains(u':'))
        return {};
    if (colon <= 0 || !isNumber || port > 65535 || QHostAddress(host).isNull())
        return {};
    return ListenAddress{host, quint16(port)};
}

void loadEngine(Section section, EngineSettings &engine)
{
    const QString dirKey = QStringLiteral("data_dir");
    if (section.nonEmpty(dirKey, engine.data_dir))
        engine.data_dir = section.resolved(engine.data_dir);

    const QString httpKey = QStringLiteral("http");
    QString http;
    const Node *node = section.find(httpKey);
    if (section.text(httpKey, http)) {
        engine.http = parseListenAddress(http);
        if (!http.isEmpty() && !engine.http)
            section.report(httpKey, node, node->describe(), QStringLiteral("\"ADDRESS:PORT\", or \"\" for none"));
        else if (engine.http && !QHostAddress(engine.http->host).isLoopback())
            section.warn(httpKey, node,
                         QStringLiteral("%1, where every computer that reaches this one may ask, without a password")
                             .arg(node->describe()),
                         QStringLiteral("\"127.0.0.1:%1\", or a firewall in front of it").arg(engine.http->port));
    }
    section.finish();
}

void loadSupervision(Section section, SupervisionSettings &supervision)
{
    QStringList majors;
    const bool listed = section.list(QStringLiteral("major_pairs"), [&](const QString &text) {
        const bool isBase =
            !text.isEmpty() && std::all_of(text.begin(), text.end(), [](QChar c) { return c.isLetterOrNumber(); });
        if (!isBase)
            return QStringLiteral("the base alone, such as \"BTC\"");
        majors.append(text);
        return QString();
    });
    if (listed)
        supervision.major_pairs = majors;
    section.duration(QStringLiteral("heartbeat"), supervision.heartbeat, 1s, 24h);
    section.duration(QStringLiteral("stale_after"), supervision.stale_after, 1s, 24h);
    const int count = int(supervision.major_pairs.size());
    if (!section.integer(QStringLiteral("major_quorum"), supervision.major_quorum, 1, std::max(count, 1)))
        supervision.major_quorum = std::min(supervision.major_quorum, std::max(count, 1));
    section.duration(QStringLiteral("reconnect_first"), supervision.reconnect_first, 10ms, 1h);
    const Node *most = section.find(QStringLiteral("reconnect_max"));
    if (section.duration(QStringLiteral("reconnect_max"), supervision.reconnect_max, 10ms, 24h) &&
        supervision.reconnect_max < supervision.reconnect_first)
        section.report(QStringLiteral("reconnect_max"), most, most->describe(),
                       QStringLiteral("no less than reconnect_first"));
    section.finish();
}

void loadInflux(Section section, InfluxSettings &influx, const QProcessEnvironment &environment)
{
    section.url(QStringLiteral("url"), influx.url, {QStringLiteral("http"), QStringLiteral("https")});
    section.word(QStringLiteral("api"), influx.api,
                 {QStringLiteral("auto"), QStringLiteral("v1"), QStringLiteral("v2"), QStringLiteral("v3")});
    section.nonEmpty(QStringLiteral("database"), influx.database);
    section.text(QStringLiteral("org"), influx.org);
    section.nonEmpty(QStringLiteral("bucket"), influx.bucket);
    section.text(QStringLiteral("user"), influx.user);
    section.duration(QStringLiteral("retention"), influx.retention, 1h, hundredYears, true);
    section.duration(QStringLiteral("timeout"), influx.timeout, 1s, 10min);
    const QString caKey = QStringLiteral("tls_ca_file");
    const Node *ca = section.find(caKey);
    if (section.path(caKey, influx.tls_ca_file) && !influx.tls_ca_file.isEmpty() && !isReadableFile(influx.tls_ca_file))
        section.report(caKey, ca, ca->describe(), QStringLiteral("\"\" or a readable PEM file"));
    influx.token = loadSecret(
        section,
        {QStringLiteral("token_file"), QStringLiteral("TAPEKEEPER_INFLUX_TOKEN"), QStringLiteral("influx-token")},
        influx.token_file, environment);
    influx.password = loadSecret(section,
                                 {QStringLiteral("password_file"), QStringLiteral("TAPEKEEPER_INFLUX_PASSWORD"),
                                  QStringLiteral("influx-password")},
                                 influx.password_file, environment);
    section.finish();
}

void loadStore(Section section, StoreSettings &store, const QProcessEnvironment &environment)
{
    section.word(QStringLiteral("kind"), store.kind, {QStringLiteral("embedded"), QStringLiteral("influx")});
    section.duration(QStringLiteral("retention"), store.retention, 1h, hundredYears, true);
    loadInflux(section.table(QStringLiteral("influx")), store.influx, environment);
    const Node *influx = section.find(QStringLiteral("influx"));
    if (store.kind == QLatin1String("influx") && store.influx.api == QLatin1String("v2") && store.influx.org.isEmpty())
        section.report(QStringLiteral("influx.org"), influx, QStringLiteral("nothing"),
                       QStringLiteral("the name of an organisation: InfluxDB 2 writes for one"));
    section.finish();
}

void loadSpool(Section section, SpoolSettings &spool)
{
    section.bytes(QStringLiteral("max_size"), spool.max_size, qint64(16) << 20);
    section.duration(QStringLiteral("keep_acknowledged"), spool.keep_acknowledged, 1s, 24h * 365, true);
    section.finish();
}

// "auto", or a year and a month with whatever stands behind them: "2026.9", "2025.11.1", "2025.9-dev".
bool isFreqtradeVersion(const QString &text)
{
    static const QRegularExpression version(QStringLiteral("^20[12]\\d\\.(?:[1-9]|1[0-2])(?:[.-].*)?$"));
    return text == QLatin1StringView("auto") || version.match(text).hasMatch();
}

void loadSync(Section section, SyncSettings &sync, std::vector<Problem> &problems)
{
    section.boolean(QStringLiteral("enabled"), sync.enabled);
    if (section.nonEmpty(QStringLiteral("datadir"), sync.datadir))
        sync.datadir = section.resolved(sync.datadir);
    section.duration(QStringLiteral("interval"), sync.interval, 10s, 24h * 7);
    loadPairs(section, sync.pairs, QStringLiteral("sync"), problems);
    loadTimeframes(section, sync.timeframes);
    section.duration(QStringLiteral("history"), sync.history, 1h, hundredYears, true);
    const QString key = QStringLiteral("freqtrade");
    const Node *node = section.find(key);
    QString version = sync.freqtrade;
    if (section.text(key, version) && !isFreqtradeVersion(version))
        section.report(key, node, node->describe(), QStringLiteral("\"auto\" or a version such as \"2026.9\""));
    else
        sync.freqtrade = version;
    section.finish();
}

void loadVersion(Section &top)
{
    const Node *version = top.find(QStringLiteral("version"));
    if (version && (version->kind != Node::Kind::Integer || version->integer != 1))
        top.report(QStringLiteral("version"), version, version->describe(),
                   QStringLiteral("1 (a newer program may have written this file)"));
}

} // namespace

QString defaultSettingsFile(const QProcessEnvironment &environment)
{
    const QString config = environment.value(QStringLiteral("XDG_CONFIG_HOME"));
    const bool absolute = config.startsWith(u'/'); // a relative one is to be ignored, says the specification
    return (absolute ? config : QDir::homePath() + QStringLiteral("/.config")) +
           QStringLiteral("/tapekeeper/tapekeeper.toml");
}

LoadResult loadSettings(const QString &file, const QProcessEnvironment &environment, const exchange::Catalog &catalog)
{
    const QString name = file.isEmpty() ? defaultSettingsFile(environment) : file;
    const auto source = readSmallFileIfAny(name, mostConfigBytes);
    if (source && (source->has_value() || file.isEmpty()))
        return parseSettings(source->has_value() ? (*source)->bytes : QByteArray(), name, environment, catalog);
    LoadResult result = parseSettings({}, name, environment, catalog);
    const QString why = source ? QStringLiteral("no such file") : source.error().message;
    result.problems = {
        {result.file, 0, 0, {}, why, QStringLiteral("a readable file of at most %1 MiB").arg(mostConfigBytes >> 20)}};
    return result;
}

LoadResult parseSettings(const QByteArray &text, const QString &file, const QProcessEnvironment &environment,
                         const exchange::Catalog &catalog)
{
    LoadResult result;
    result.file = file;
    const std::optional<Node> tree = parseToml(text, result.file, result.problems);
    if (!tree)
        return result; // no TOML: more problems would only repeat the first
    Section top(&*tree, {}, result.file, result.problems);
    loadVersion(top);
    loadEngine(top.table(QStringLiteral("engine")), result.settings.engine);
    result.settings.exchanges = loadExchanges(top, result.problems, environment, catalog);
    loadSupervision(top.table(QStringLiteral("supervision")), result.settings.supervision);
    loadStore(top.table(QStringLiteral("store")), result.settings.store, environment);
    loadSpool(top.table(QStringLiteral("spool")), result.settings.spool);
    loadSync(top.table(QStringLiteral("sync")), result.settings.sync, result.problems);
    result.settings.hosts = loadHosts(top, result.problems);
    top.finish();
    if (result.problems.size() >= mostProblems)
        result.problems.push_back({file,
                                   0,
                                   0,
                                   {},
                                   QStringLiteral("more problems than are named here"),
                                   QStringLiteral("none: mend the first ones, and look again")});
    std::stable_sort(result.problems.begin(), result.problems.end(),
                     [](const Problem &a, const Problem &b) { return a.file == b.file && a.line < b.line; });
    const auto warnings = std::stable_partition(result.problems.begin(), result.problems.end(),
                                                [](const Problem &problem) { return !problem.warning; });
    result.warnings.assign(warnings, result.problems.end());
    result.problems.erase(warnings, result.problems.end());
    return result;
}

} // namespace tk::config
