// The settings of every component as plain values. Each default stands here once; resources/tapekeeper.toml says the
// same to people (a test compares them). Components get their own struct, by value.
#pragma once

#include "base/time.h"
#include "config/exchange_defaults.h"
#include "market/timeframe.h"

#include <QByteArray>
#include <QString>
#include <QStringList>
#include <QUrl>

#include <optional>
#include <vector>

namespace tk::config {

// "~" and "~/x" below the home folder; anything else as it is.
QString expandHome(const QString &path);

// A value that never reaches a log: it has no debug operator, and reading it takes a word one can search for.
class Secret
{
public:
    Secret() = default;
    explicit Secret(QByteArray value)
        : m_value(std::move(value))
    {}
    const QByteArray &reveal() const { return m_value; }
    bool isEmpty() const { return m_value.isEmpty(); }
    bool operator==(const Secret &) const = default;

private:
    QByteArray m_value;
};

struct ListenAddress
{
    QString host = QStringLiteral("127.0.0.1"); // an IP address
    quint16 port = 9464;

    bool operator==(const ListenAddress &) const = default;
};

struct EngineSettings
{
    QString data_dir = expandHome(QStringLiteral("~/.local/share/tapekeeper"));
    std::optional<ListenAddress> http = ListenAddress{}; // nothing: no HTTP

    bool operator==(const EngineSettings &) const = default;
};

struct ExchangeSettings
{
    QString name = defaultExchange();
    std::optional<QStringList> pairs;        // unified names; nothing: all perpetuals that settle in all_of
    QString all_of = QStringLiteral("USDT"); // a currency, or "*" for every one
    QStringList exclude;                     // unified names
    QStringList streams{QStringLiteral("candles"), QStringLiteral("mark_price"), QStringLiteral("funding_rate")};
    std::vector<Timeframe> timeframes{Timeframe::M3, Timeframe::M15, Timeframe::H1};
    int history = 1500;
    double weight_share = 0.5;
    milliseconds mark_price_every = std::chrono::minutes(1); // 0: each event
    QUrl rest_url = defaultRestUrl();
    QUrl ws_url = defaultWsUrl();
    QString tls_ca_file;         // PEM; trusted beside the system's own
    std::vector<QUrl> proxies;   // with a user name at most
    QString proxy_password_file; // of all proxies that name a user
    Secret proxy_password;       // from the environment, that file, or systemd's credential "proxy-password"

    bool wants(QStringView stream) const { return streams.contains(stream); }
    bool operator==(const ExchangeSettings &) const = default;
};

struct SupervisionSettings
{
    QStringList major_pairs{QStringLiteral("BTC"),  QStringLiteral("ETH"),  QStringLiteral("SOL"),
                            QStringLiteral("XRP"),  QStringLiteral("DOGE"), QStringLiteral("ADA"),
                            QStringLiteral("AVAX"), QStringLiteral("LINK"), QStringLiteral("LTC"),
                            QStringLiteral("DOT")};
    milliseconds heartbeat = std::chrono::seconds(60);
    milliseconds stale_after = std::chrono::minutes(10);
    int major_quorum = 5; // at most the number of major pairs
    milliseconds reconnect_first = std::chrono::seconds(1);
    milliseconds reconnect_max = std::chrono::seconds(60);

    bool operator==(const SupervisionSettings &) const = default;
};

struct InfluxSettings
{
    QUrl url{QStringLiteral("http://127.0.0.1:8086")};
    QString api = QStringLiteral("auto"); // v1, v2, v3
    QString database = QStringLiteral("market_data");
    QString org;
    QString bucket = QStringLiteral("market_data");
    QString token_file;
    QString user;
    QString password_file;
    milliseconds retention = std::chrono::hours(24 * 360); // 0: for ever
    milliseconds timeout = std::chrono::seconds(30);       // of one request, in real time
    QString tls_ca_file;                                   // PEM; instead of the system's own
    Secret token;    // from the environment, token_file, or systemd's credential "influx-token"
    Secret password; // from the environment, password_file, or systemd's credential "influx-password"

    bool operator==(const InfluxSettings &) const = default;
};

struct StoreSettings
{
    QString kind = QStringLiteral("embedded");
    milliseconds retention = std::chrono::hours(24 * 360); // of the embedded store; 0: for ever
    InfluxSettings influx;

    bool operator==(const StoreSettings &) const = default;
};

struct SpoolSettings
{
    qint64 max_size = qint64(20) << 30; // bytes
    milliseconds keep_acknowledged = std::chrono::hours(24);

    bool operator==(const SpoolSettings &) const = default;
};

// Files for freqtrade, from the store.
struct SyncSettings
{
    bool enabled = false; // a running engine does it; the command and the timer do not ask
    QString datadir = expandHome(QStringLiteral("~/freqtrade/user_data/data"));
    milliseconds interval = std::chrono::minutes(3);
    QString exchange;                           // empty: all that are stored; the command line alone names one
    std::optional<QStringList> pairs;           // unified names; nothing: all that are stored
    std::vector<Timeframe> timeframes;          // empty: all that are stored
    milliseconds history{0};                    // how far back the store is read; 0: all of it
    QString freqtrade = QStringLiteral("auto"); // or a version, "2026.9"

    bool operator==(const SyncSettings &) const = default;
};

// Another computer whose units and files are watched over ssh. Keys and the agent log in; there is no password
// anywhere.
struct HostSettings
{
    QString name;        // for people and commands
    QString target;      // "[ssh://][user@]host[:port]"; a name out of ~/.ssh/config is one, too
    QString user;        // instead of the target's
    QString identity;    // a private key; empty: the agent, and what ~/.ssh/config names
    QString jump;        // a host in between, "[user@]host[:port]"; empty: none
    QString known_hosts; // a file of host keys; empty: ssh's own, ~/.ssh/known_hosts
    QStringList units;   // of systemd; "*", "?" and "[...]" stand for what they do in a shell
    QStringList data;    // folders of feather files over there, absolute
    milliseconds stale_after = std::chrono::minutes(10);        // beyond one candle
    QString deploy;                                             // the folder of releases over there; empty: none
    QString deploy_unit = QStringLiteral("tapekeeper.service"); // what runs them
    QString deploy_heartbeat = QStringLiteral("Heartbeat OK");  // an extended regular expression: a line of its journal
    milliseconds deploy_within = std::chrono::minutes(2);       // so soon it has to come
    milliseconds deploy_hold = std::chrono::seconds(10);        // so long the unit has to stand after it
    QString push;                                        // freqtrade's datadir over there; empty: nothing is pushed
    milliseconds push_every = std::chrono::minutes(3);   // by a running engine, in step with the clock
    QString push_program = QStringLiteral("tapekeeper"); // what receives it over there

    bool operator==(const HostSettings &) const = default;
};

struct Settings
{
    EngineSettings engine;
    std::vector<ExchangeSettings> exchanges{ExchangeSettings{}};
    SupervisionSettings supervision;
    StoreSettings store;
    SpoolSettings spool;
    SyncSettings sync;
    std::vector<HostSettings> hosts;

    bool operator==(const Settings &) const = default;
};

} // namespace tk::config
