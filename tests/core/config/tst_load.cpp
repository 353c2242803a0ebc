#include "config/load.h"
#include "support/test_registry.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>

#include <sys/stat.h>

using namespace tk;
using namespace tk::config;
using namespace std::chrono_literals;

// Not a raw string: moc loses the slot after one.
static const char everyKey[] = "version = 1\n"
                               "[engine]\n"
                               "data_dir = \"~/tape\"\n"
                               "http = \"\"\n"
                               "[[exchange]]\n"
                               "pairs = \"@pairs.txt\"\n"
                               "exclude = [\"BTCDOM/USDT:USDT\"]\n"
                               "streams = [\"candles\", \"trades\"]\n"
                               "timeframes = [\"1m\", \"1M\"]\n"
                               "history = 10\n"
                               "weight_share = 1\n"
                               "mark_price_every = \"0s\"\n"
                               "rest_url = \"http://127.0.0.1:8080/base\"\n"
                               "ws_url = \"ws://127.0.0.1:8081\"\n"
                               "proxies = [\"socks5://10.0.0.2:1080\"]\n"
                               "[supervision]\n"
                               "major_pairs = [\"BTC\", \"ETH\"]\n"
                               "reconnect_first = \"250ms\"\n"
                               "[store]\n"
                               "retention = \"0s\"\n"
                               "[store.influx]\n"
                               "user = \"u\"\n"
                               "[spool]\n"
                               "max_size = \"512MiB\"\n"
                               "[sync]\n"
                               "enabled = true\n"
                               "datadir = \"fq\"\n"
                               "interval = \"1m\"\n"
                               "pairs = \"@pairs.txt\"\n"
                               "timeframes = [\"3m\"]\n"
                               "history = \"90d\"\n"
                               "freqtrade = \"2025.11.1\"\n";

class LoadTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theShippedFileSaysTheDefaults()
    {
        const LoadResult result = loadSettings(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/resources/tapekeeper.toml"), {});
        QVERIFY2(result.isGood(), qPrintable(texts(result).join(u'\n')));
        QVERIFY(result.settings == Settings());
        // And it says every one of them.
        QFile file(result.file);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray text = file.readAll();
        for (const char *key : {"mark_price_every", "keep_acknowledged", "timeout = ", "tls_ca_file", "datadir",
                                "freqtrade = ", "[[host]]", "known_hosts = "})
            QVERIFY(text.contains(key));
    }

    void withoutAFileTheDefaultsHold()
    {
        QProcessEnvironment environment;
        environment.insert(QStringLiteral("XDG_CONFIG_HOME"), m_dir.path());
        const LoadResult result = loadSettings({}, environment);
        QVERIFY(result.isGood());
        QVERIFY(result.settings == Settings());
        QCOMPARE(result.file, m_dir.filePath(QStringLiteral("tapekeeper/tapekeeper.toml")));
        QVERIFY(loadSettings(write("")).settings == Settings());
    }

    void aNamedFileMustExist()
    {
        const LoadResult result = loadSettings(m_dir.filePath(QStringLiteral("no.toml")), {});
        QCOMPARE(result.problems.size(), size_t(1));
        QVERIFY(result.problems[0].text().contains(QStringLiteral("a readable file")));
    }

    void everyKindOfValue()
    {
        write("BTC/USDT:USDT\n# all\n\nETH-USDT-PERP # by its other name\n", QStringLiteral("pairs.txt"));
        const LoadResult result = loadSettings(write(everyKey), {});
        QVERIFY2(result.isGood(), qPrintable(texts(result).join(u'\n')));
        const Settings &settings = result.settings;
        QCOMPARE(settings.engine.data_dir, QDir::homePath() + QStringLiteral("/tape"));
        QVERIFY(!settings.engine.http);
        const ExchangeSettings &exchange = settings.exchanges.at(0);
        QCOMPARE(*exchange.pairs, QStringList({QStringLiteral("BTC/USDT:USDT"), QStringLiteral("ETH/USDT:USDT")}));
        QVERIFY(exchange.wants(u"trades") && !exchange.wants(u"mark_price"));
        QCOMPARE(exchange.timeframes, (std::vector<Timeframe>{Timeframe::M1, Timeframe::Mo1}));
        QCOMPARE(exchange.mark_price_every, 0ms);
        QCOMPARE(exchange.rest_url.path(), QStringLiteral("/base"));
        QCOMPARE(exchange.proxies.size(), size_t(1));
        QCOMPARE(settings.supervision.major_quorum, 2); // no more than there are major pairs
        QCOMPARE(settings.supervision.reconnect_first, 250ms);
        QCOMPARE(settings.store.retention, 0ms);
        QCOMPARE(settings.spool.max_size, qint64(512) << 20);
        QVERIFY(settings.sync.enabled);
        QCOMPARE(settings.sync.datadir, m_dir.filePath(QStringLiteral("fq")));
        QCOMPARE(settings.sync.interval, 60s);
        QCOMPARE(settings.sync.pairs->size(), 2);
        QCOMPARE(settings.sync.timeframes, std::vector<Timeframe>{Timeframe::M3});
        QCOMPARE(settings.sync.history, 24h * 90);
        QCOMPARE(settings.sync.freqtrade, QStringLiteral("2025.11.1"));
    }

    void anInfluxStore()
    {
        write("", QStringLiteral("ca.pem"));
        const LoadResult result = loadSettings(write("[store]\nkind = \"influx\"\n"
                                                     "[store.influx]\n"
                                                     "url = \"https://db.example:8086/behind\"\n"
                                                     "api = \"v2\"\n"
                                                     "org = \"desk\"\n"
                                                     "bucket = \"tape\"\n"
                                                     "retention = \"0s\"\n"
                                                     "timeout = \"5s\"\n"
                                                     "tls_ca_file = \"ca.pem\"\n"
                                                     "[spool]\n"
                                                     "keep_acknowledged = \"1h\"\n"),
                                               {});
        QVERIFY2(result.isGood(), qPrintable(texts(result).join(u'\n')));
        const StoreSettings &store = result.settings.store;
        QCOMPARE(store.kind, QStringLiteral("influx"));
        QCOMPARE(store.influx.url, QUrl(QStringLiteral("https://db.example:8086/behind")));
        QCOMPARE(store.influx.api, QStringLiteral("v2"));
        QCOMPARE(store.influx.org, QStringLiteral("desk"));
        QCOMPARE(store.influx.bucket, QStringLiteral("tape"));
        QCOMPARE(store.influx.database, QStringLiteral("market_data"));
        QCOMPARE(store.influx.retention, 0ms);
        QCOMPARE(store.influx.timeout, 5s);
        QCOMPARE(store.influx.tls_ca_file, m_dir.filePath(QStringLiteral("ca.pem")));
        QCOMPARE(result.settings.spool.keep_acknowledged, 1h);
    }

    void problems_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("line");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *name, const char *text, int line, const char *says) {
            QTest::newRow(name) << QString::fromUtf8(text) << line << QString::fromUtf8(says);
        };
        row("no toml", "a = 1\nb = = 2", 2, "allowed TOML");
        row("twice", "[engine]\nhttp = \"\"\nhttp = \"\"", 3, "allowed TOML");
        row("version", "version = 2", 1, "version: found 2, allowed 1");
        row("unknown key", "[engine]\ndatadir = \"x\"", 2, "did you mean \"data_dir\"?");
        row("unknown key far off", "[spool]\nxyzzyxyzzy = 1", 2, "an unknown key, allowed max_size, keep_acknowledged");
        row("unknown table", "[suprevision]\nx = 1", 1, "did you mean \"supervision\"?");
        row("unknown key in exchange", "[[exchange]]\nstrems = []", 2, "exchange.strems: found an unknown key");
        row("type text", "[engine]\nhttp = 9464", 2, "engine.http: found 9464, allowed a text");
        row("type number", "[[exchange]]\nhistory = \"many\"", 2, "found \"many\", allowed a whole number");
        row("type table", "engine = 3", 1, "engine: found 3, allowed a table: [engine]");
        row("type list", "[[exchange]]\nstreams = \"candles\"", 2, "allowed a list");
        row("exchange as table", "[exchange]\nname = \"binance-usdm\"", 1, "one table [[exchange]]");
        row("empty data_dir", "[engine]\ndata_dir = \" \"", 2, "not empty");
        row("http", "[engine]\nhttp = \"127.0.0.1\"", 2, "ADDRESS:PORT");
        row("http port", "[engine]\nhttp = \"127.0.0.1:99999\"", 2, "ADDRESS:PORT");
        row("exchange later", "[[exchange]]\nname = \"deribit\"", 2, "not built yet");
        row("exchange name", "[[exchange]]\nname = \"binanse\"", 2, "allowed \"binance-usdm\"");
        row("exchange of a name that is not here", "[[exchange]]\nname = \"testex\"", 2, "allowed \"binance-usdm\"");
        row("exchange twice", "[[exchange]]\n[[exchange]]\n", 2, "each exchange once");
        row("pairs word", "[[exchange]]\npairs = \"some\"", 2, "a list such as");
        row("pairs empty", "[[exchange]]\npairs = []", 2, "an empty list");
        row("pair bad", "[[exchange]]\npairs = [\"BTC/USDT:USDT\",\n\"BTCUSDT\"]", 3,
            "found \"BTCUSDT\", allowed a perpetual");
        row("pair spot", "[[exchange]]\npairs = [\"BTC/USDT\"]", 2, "a perpetual");
        row("pair twice", "[[exchange]]\npairs = [\"BTC/USDT:USDT\", \"BTC-USDT-PERP\"]", 2, "each once");
        row("stream", "[[exchange]]\nstreams = [\"candels\"]", 2, "found \"candels\", allowed \"candles\", ");
        row("stream twice", "[[exchange]]\nstreams = [\"candles\", \"candles\"]", 2, "each element once");
        row("timeframe", "[[exchange]]\ntimeframes = [\"3m\", \"7m\"]", 2, "found \"7m\", allowed \"1m\", \"3m\"");
        row("timeframe type", "[[exchange]]\ntimeframes = [3]", 2, "found 3, allowed a text");
        row("history", "[[exchange]]\nhistory = -1", 2, "from 0 to 100000");
        row("weight", "[[exchange]]\nweight_share = 1.5", 2, "a number above 0, at most 1");
        row("weight zero", "[[exchange]]\nweight_share = 0.0", 2, "a number above 0");
        row("url", "[[exchange]]\nrest_url = \"fapi.binance.com\"", 2, "a URL such as \"https://");
        row("url scheme", "[[exchange]]\nws_url = \"https://x\"", 2, "(ws or wss)");
        row("ca", "[[exchange]]\ntls_ca_file = \"nowhere.pem\"", 2, "a readable PEM file");
        row("proxy", "[[exchange]]\nproxies = [\"10.0.0.2:1080\"]", 2, "a proxy such as");
        row("duration", "[supervision]\nheartbeat = \"60\"", 2, "found \"60\", allowed a duration");
        row("duration range", "[supervision]\nheartbeat = \"0s\"", 2, "from 1s to 1d");
        row("major", "[supervision]\nmajor_pairs = [\"BTC/USDT\"]", 2, "the base alone");
        row("quorum", "[supervision]\nmajor_pairs = [\"BTC\"]\nmajor_quorum = 2", 3, "from 1 to 1");
        row("reconnect", "[supervision]\nreconnect_first = \"10s\"\nreconnect_max = \"1s\"", 3, "no less than");
        row("store", "[store]\nkind = \"mysql\"", 2, "allowed \"embedded\" or \"influx\"");
        row("influx api", "[store.influx]\napi = \"v4\"", 2, "store.influx.api: found \"v4\", allowed \"auto\", ");
        row("influx url", "[store.influx]\nurl = 1", 2, "a URL");
        row("influx timeout", "[store.influx]\ntimeout = \"1ms\"", 2, "store.influx.timeout");
        row("token file", "[store.influx]\ntoken_file = \"nowhere\"", 2, "TAPEKEEPER_INFLUX_TOKEN");
        row("boolean", "[sync]\nenabled = \"yes\"", 2, "true or false");
        row("version", "[sync]\nfreqtrade = \"newest\"", 2, "a version such as");
        row("version of a month", "[sync]\nfreqtrade = \"2026.13\"", 2, "a version such as");
        row("pair to sync", "[sync]\npairs = [\"BTCUSDT\"]", 2, "a perpetual such as");
        row("interval", "[sync]\ninterval = \"1s\"", 2, "from 10s");
        row("size", "[spool]\nmax_size = \"20 apples\"", 2, "a size such as");
        row("size range", "[spool]\nmax_size = \"1kB\"", 2, "at least 16 MiB");
    }
    void problems()
    {
        QFETCH(QString, text);
        QFETCH(int, line);
        QFETCH(QString, says);
        const QString file = write(text.toUtf8());
        const LoadResult result = loadSettings(file, {});
        QVERIFY2(result.problems.size() == 1, qPrintable(texts(result).join(u'\n')));
        const QString problem = result.problems[0].text();
        QVERIFY2(problem.startsWith(file + QStringLiteral(":%1: ").arg(line)), qPrintable(problem));
        QVERIFY2(problem.contains(says), qPrintable(problem));
    }

    void allProblemsAtOnce()
    {
        const LoadResult result = loadSettings(write("[engine]\nhttp = 1\nx = 2\n[[exchange]]\nhistory = \"a\"\n"
                                                     "streams = [\"a\", \"b\"]\n[spool]\nmax_size = 3\n"),
                                               {});
        QCOMPARE(result.problems.size(), size_t(6));
        QVERIFY(std::is_sorted(result.problems.begin(), result.problems.end(),
                               [](const Problem &a, const Problem &b) { return a.line < b.line; }));
    }

    void problemsInAPairFileNameItsLines()
    {
        const QString pairs = write("BTC/USDT:USDT\nnonsense\nBTC/USDT:USDT\n", QStringLiteral("pairs.txt"));
        const LoadResult result = loadSettings(write("[[exchange]]\npairs = \"@pairs.txt\""), {});
        QCOMPARE(result.problems.size(), size_t(2));
        QVERIFY2(result.problems[0].text().startsWith(pairs + QStringLiteral(":2: exchange.pairs: found ")),
                 qPrintable(result.problems[0].text()));
        QVERIFY(!texts(result).join(u' ').contains(QStringLiteral("nonsense"))); // it may be a file of secrets
        QCOMPARE(result.problems[1].line, 3);
        QCOMPARE(loadSettings(write("[[exchange]]\npairs = \"@none.txt\""), {}).problems.size(), size_t(1));
    }

    // What no exchange can list is told here, and not missed later.
    void pairsThatNoExchangeHas_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("column");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *name, const QByteArray &text, int column, const char *says) {
            QTest::newRow(name) << text << column << QString::fromUtf8(says);
        };
        row("commas", "BTC/USDT:USDT, ETH/USDT:USDT\n", 14, "a comma");
        row("dated", "BTC/USDT:USDT-260327\n", 14, "a date");
        row("json", "[\"BTC/USDT:USDT\",\"ETH/USDT:USDT\"]\n", 1, "a bracket");
        row("small letters", "  btc/usdt:usdt\n", 3, "a small letter");
        row("old Macs", "BTC/USDT:USDT\rETH/USDT:USDT\r", 14, "old Macs");
        row("quoted", "\"BTC/USDT:USDT\"\n", 1, "a quote");
        row("pattern", ".*/USDT:USDT\n", 1, "a pattern");
        row("zero width", "BTC/USDT:USDT\xE2\x80\x8B\n", 14, "invisible");
        row("zero byte", QByteArray("BTC/USDT:USDT\0\n", 15), 14, "invisible");
        row("symbol", "BTCUSDT\n", 1, "without its parts");
        row("UTF-16", QByteArray("B\0T\0C\0\n\0", 8), 2, "invisible");
    }
    void pairsThatNoExchangeHas()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, column);
        QFETCH(QString, says);
        const QString list = write("# mine\n" + text, QStringLiteral("pairs.txt"));
        for (const char *table : {"[[exchange]]\npairs = \"@pairs.txt\"", "[sync]\npairs = \"@pairs.txt\""}) {
            const LoadResult result = loadSettings(write(table), {});
            QVERIFY(!result.problems.empty());
            const Problem &first = result.problems.front();
            QCOMPARE(first.file, list);
            QCOMPARE(first.line, 2);
            QCOMPARE(first.column, column);
            QVERIFY2(first.text().contains(says), qPrintable(first.text()));
            QVERIFY2(first.text().contains(QStringLiteral("column %1").arg(column)), qPrintable(first.text()));
        }
    }
    void pairsThatAreMeantSo()
    {
        write("\xEF\xBB\xBF"
              "BTC/USDT:USDT\r\n\r\n 1000SHIB/USDT:USDT # much\r\n\xE5\xB8\x81\xE5\xAE\x89/USDT:USDT",
              QStringLiteral("pairs.txt"));
        const LoadResult result = loadSettings(write("[[exchange]]\npairs = \"@pairs.txt\""), {});
        QVERIFY2(result.isGood(), qPrintable(texts(result).join(u'\n')));
        QCOMPARE(result.settings.exchanges[0].pairs->size(), 3);
    }

    void allOfACurrency()
    {
        const auto of = [&](const char *pairs) {
            return loadSettings(write(QByteArray("[[exchange]]\npairs = \"") + pairs + '"'), {});
        };
        QCOMPARE(of("all").settings.exchanges[0].all_of, QStringLiteral("USDT"));
        QCOMPARE(of("all:usdc").settings.exchanges[0].all_of, QStringLiteral("USDC"));
        QCOMPARE(of("all:*").settings.exchanges[0].all_of, QStringLiteral("*"));
        QVERIFY(!of("all:*").settings.exchanges[0].pairs);
        for (const char *wrong : {"all:", "all:us dt", "alles", "all:usdc,usdt"})
            QCOMPARE(of(wrong).problems.size(), size_t(1));
        QCOMPARE(loadSettings(write("[sync]\npairs = \"all:usdc\""), {}).problems.size(), size_t(1));
    }

    // The parser, and whoever walks its tree, calls itself once per level.
    void levelsAreLimited()
    {
        const QByteArray deep(32'000, 'a');
        const auto dotted = [&](int parts) { return QByteArray("a.").repeated(parts - 1) + "a"; };
        for (const QByteArray &text :
             {dotted(32'000) + " = 1", "[" + dotted(32'000) + "]", QByteArray("a=") + QByteArray("[").repeated(30'000),
              QByteArray("a=") + QByteArray("{a=").repeated(30'000), QByteArray("a = {" + dotted(20'000) + "= 1}"),
              QByteArray("\"a\" . ").repeated(20'000) + "a = 1", "x = \"\\\"\" # \"\n" + dotted(20'000) + " = 1"}) {
            const LoadResult result = loadSettings(write(text), {});
            QCOMPARE(result.problems.size(), size_t(1));
            QVERIFY2(result.problems[0].text().contains(QStringLiteral("levels")),
                     qPrintable(result.problems[0].text()));
        }
        // What looks deep and is not.
        for (const QByteArray &text : {QByteArray("# ") + dotted(1000), QByteArray("version = 1 #") + dotted(100)})
            QVERIFY(loadSettings(write(text), {}).isGood());
        const LoadResult quoted = loadSettings(write("[engine]\ndata_dir = '" + dotted(100) +
                                                     "'\n"
                                                     "[supervision]\nmajor_pairs = [\"A\", 'B', \"\"\"C\"\"\"]\n"),
                                               {});
        QVERIFY2(quoted.isGood(), qPrintable(texts(quoted).join(u'\n')));
    }

    // A wrong file must not keep anybody waiting: twice as much takes twice as long, and not four times.
    void workGrowsWithTheText()
    {
        for (const char *line : {"[[exchange]]\n", "[[host]]\ntarget = \"h\"\n", "[[host]]\nnmae = 1\n"}) {
            const QByteArray text = QByteArray(line).repeated(int(1'000'000 / qstrlen(line)));
            QElapsedTimer timer;
            timer.start();
            const LoadResult result = loadSettings(write(text), {});
            QVERIFY(!result.isGood() && result.problems.size() <= 201);
            QVERIFY2(timer.elapsed() < 20'000, line); // it was minutes
        }
        QByteArray pairs;
        for (int i = 0; i < 60'000; ++i)
            pairs += "P" + QByteArray::number(i) + "/U:U\n";
        write(pairs, QStringLiteral("pairs.txt"));
        QCOMPARE(loadSettings(write("[[exchange]]\npairs = \"@pairs.txt\""), {}).settings.exchanges[0].pairs->size(),
                 60'000);
    }

    void filesThatAreNone()
    {
        const QString pipe = m_dir.filePath(QStringLiteral("pipe"));
        QCOMPARE(::mkfifo(QFile::encodeName(pipe).constData(), 0600), 0);
        for (const QString &file : {pipe, m_dir.path(), QStringLiteral("/dev/zero")})
            QCOMPARE(loadSettings(file, {}).problems.size(), size_t(1));
        for (const char *text :
             {"[[exchange]]\npairs = \"@pipe\"", "[[exchange]]\npairs = \"@/dev/zero\"",
              "[store.influx]\ntoken_file = \"pipe\"", "[store.influx]\npassword_file = \"/dev/zero\"",
              "[[exchange]]\ntls_ca_file = \"pipe\"", "[store.influx]\ntls_ca_file = \"pipe\"",
              "[[exchange]]\nproxy_password_file = \"pipe\""})
            QVERIFY2(loadSettings(write(text), {}).problems.size() == 1, text);
        QVERIFY(!loadSettings(write(QByteArray(2 << 20, '\n')), {}).isGood());
    }

    void pathsWithAZeroByte()
    {
        for (const char *text :
             {"[engine]\ndata_dir = \"/tmp/x\\u0000y\"", "[sync]\ndatadir = \"/tmp\\u0000\"",
              "[[exchange]]\npairs = \"@a\\u0000b\"", "[[host]]\ntarget = \"h\"\nidentity = \"a\\u0000\"",
              "[store.influx]\ntoken_file = \"a\\u0000\""}) {
            const LoadResult result = loadSettings(write(text), {});
            QVERIFY2(result.problems.size() == 1, text);
            QVERIFY(result.problems[0].text().contains(QStringLiteral("control characters")));
        }
    }

    void aProblemIsFitForATerminal()
    {
        const LoadResult result =
            loadSettings(write("[engine]\nhttp = \"\\u001b]0;gotcha\\u0007\"\n\"k\\u001b[31m\" = 1\n"), {});
        QCOMPARE(result.problems.size(), size_t(2));
        for (const QString &text : texts(result)) {
            QVERIFY(text.contains(QStringLiteral("\\u{1b}")));
            QVERIFY(std::none_of(text.begin(), text.end(), [](QChar c) { return c.unicode() < 0x20; }));
        }
    }

    void passwordsDoNotStandInUrls()
    {
        for (const char *text :
             {"[[exchange]]\nproxies = [\"socks5://user:hidden@10.0.0.2:1080\"]",
              "[[exchange]]\nrest_url = \"http://user:hidden@host\"", "[[exchange]]\nws_url = \"ws://hidden@host\"",
              "[store.influx]\nurl = \"http://user:hidden@127.0.0.1:8086\"",
              "[[exchange]]\npairs = \"http://user:hidden@host\""}) {
            const LoadResult result = loadSettings(write(text), {});
            QVERIFY2(result.problems.size() == 1, text);
            QVERIFY(!result.problems[0].text().contains(QStringLiteral("hidden")));
            QVERIFY(!result.problems[0].found.contains(QStringLiteral("hidden")));
        }
        write("hidden\n", QStringLiteral("proxy"));
        const LoadResult good = loadSettings(write("[[exchange]]\nproxies = [\"socks5://user@10.0.0.2:1080\"]\n"
                                                   "proxy_password_file = \"proxy\"\n"),
                                             {});
        QVERIFY2(good.isGood(), qPrintable(texts(good).join(u'\n')));
        QCOMPARE(good.settings.exchanges[0].proxy_password.reveal(), QByteArray("hidden"));
    }

    void warnings()
    {
        const auto of = [&](const QByteArray &text) { return loadSettings(write(text), {}); };
        for (const char *open : {"0.0.0.0:9464", "[::]:9464", "192.168.1.2:9464"}) {
            const LoadResult result = of(QByteArray("[engine]\nhttp = \"") + open + '"');
            QVERIFY(result.isGood());
            QCOMPARE(result.warnings.size(), size_t(1));
            QVERIFY(result.warnings[0].text().contains(QStringLiteral(":2: warning: engine.http")));
        }
        for (const char *own : {"127.0.0.1:1", "[::1]:1", "localhost:1", ""})
            QVERIFY(of(QByteArray("[engine]\nhttp = \"") + own + '"').warnings.empty());
        const QString token = write("secret\n", QStringLiteral("token"));
        const QByteArray text = "[store.influx]\ntoken_file = \"token\"\n";
        QFile::setPermissions(token, QFile::ReadOwner | QFile::ReadOther);
        QCOMPARE(of(text).warnings.size(), size_t(1));
        QFile::setPermissions(token, QFile::ReadOwner | QFile::ReadGroup);
        QVERIFY(of(text).warnings.empty());
    }

    void influx2WritesForAnOrganisation()
    {
        const QByteArray text = "[store]\nkind = \"influx\"\ninflux.api = \"v2\"\n";
        const LoadResult result = loadSettings(write(text), {});
        QCOMPARE(result.problems.size(), size_t(1));
        QVERIFY(result.problems[0].text().contains(QStringLiteral("store.influx.org")));
        QVERIFY(loadSettings(write(text + "influx.org = \"desk\"\n"), {}).isGood());
    }

    void hosts()
    {
        const LoadResult result = loadSettings(
            write(
                "[[host]]\nname = \"a\"\ntarget = \"freqai@10.0.0.5:2222\"\nidentity = \"key\"\njump = "
                "\"ops@bastion\"\n"
                "units = [\"freqtrade-feeder*.service\", \"influxdb-data-sync.timer\"]\ndata = [\"/srv/d\", \"~/e\"]\n"
                "stale_after = \"5m\"\ndeploy = \"~/tk\"\ndeploy_unit = \"x.service\"\ndeploy_heartbeat = \"alive\"\n"
                "deploy_within = \"30s\"\ndeploy_hold = \"0s\"\npush = \"~/data\"\npush_every = \"1m\"\npush_program = "
                "\"/opt/tk/tapekeeper\"\n"
                "[[host]]\ntarget = \"b\"\n"),
            {});
        QVERIFY2(result.isGood(), qPrintable(texts(result).join(u'\n')));
        QCOMPARE(result.settings.hosts.size(), size_t(2));
        const HostSettings &first = result.settings.hosts[0];
        QCOMPARE(first.target, QStringLiteral("freqai@10.0.0.5:2222"));
        QCOMPARE(first.identity, m_dir.filePath(QStringLiteral("key")));
        QCOMPARE(first.units.size(), 2);
        QCOMPARE(first.data.size(), 2);
        QVERIFY(first.stale_after == std::chrono::minutes(5));
        QCOMPARE(first.deploy, QStringLiteral("~/tk"));
        QCOMPARE(first.deploy_unit, QStringLiteral("x.service"));
        QCOMPARE(first.deploy_heartbeat, QStringLiteral("alive"));
        QVERIFY(first.deploy_within == std::chrono::seconds(30) && first.deploy_hold.count() == 0);
        QCOMPARE(first.push, QStringLiteral("~/data"));
        QVERIFY(first.push_every == std::chrono::minutes(1));
        QCOMPARE(first.push_program, QStringLiteral("/opt/tk/tapekeeper"));
        QCOMPARE(result.settings.hosts[1].name, QStringLiteral("b"));
        QVERIFY(result.settings.hosts[1].push.isEmpty());

        for (const char *wrong :
             {"[[host]]", "[[host]]\ntarget = \"-oProxyCommand=x\"", "[[host]]\ntarget = \"u:p@h\"",
              "[[host]]\ntarget = \"h:99999\"", "[[host]]\ntarget = \"h\"\nunits = [\"a\"]",
              "[[host]]\ntarget = \"h\"\nunits = [\"a b.service\"]",
              "[[host]]\ntarget = \"h\"\nunits = [\"-a.service\"]", "[[host]]\ntarget = \"h\"\ndata = [\"relative\"]",
              "[[host]]\ntarget = \"h\"\n[[host]]\ntarget = \"h\"", "[[host]]\ntarget = \"h\"\npassword = \"x\"",
              "[host]\ntarget = \"h\"", "[[host]]\ntarget = \"h\"\ndeploy = \"relative\"",
              "[[host]]\ntarget = \"h\"\ndeploy_unit = \"x*.service\"",
              "[[host]]\ntarget = \"h\"\ndeploy_unit = \"x.timer\"", "[[host]]\ntarget = \"h\"\npush = \"data\"",
              "[[host]]\ntarget = \"h\"\npush_every = \"1s\"",
              "[[host]]\ntarget = \"h\"\npush_program = \"tapekeeper; rm\"",
              "[[host]]\ntarget = \"h\"\npush_program = \"-x\""})
            QCOMPARE(loadSettings(write(wrong), {}).problems.size(), size_t(1));
    }

    void secrets()
    {
        const QString file = write("[store.influx]\ntoken_file = \"token\"\n");
        write("from file\n", QStringLiteral("token"));
        QCOMPARE(loadSettings(file, {}).settings.store.influx.token.reveal(), QByteArray("from file"));
        QProcessEnvironment environment;
        environment.insert(QStringLiteral("TAPEKEEPER_INFLUX_TOKEN"), QStringLiteral("from environment"));
        QCOMPARE(loadSettings(file, environment).settings.store.influx.token.reveal(), QByteArray("from environment"));
        QProcessEnvironment systemd;
        systemd.insert(QStringLiteral("CREDENTIALS_DIRECTORY"), m_dir.path());
        write("from systemd", QStringLiteral("influx-token"));
        QCOMPARE(loadSettings(write(""), systemd).settings.store.influx.token.reveal(), QByteArray("from systemd"));
    }

    // What is no URL may have a password in it all the same.
    void secretsInWhatIsWrongAreNotTold()
    {
        const QString told =
            texts(loadSettings(write("[store.influx]\nurl = \"http://h:8086?u=a&p=SECRET0&token=SECRET1\"\n"
                                     "[[exchange]]\nname = \"binance-usdm\"\n"
                                     "proxies = [\"socks5//user:SECRET2@1.2.3.4:1\"]\n"
                                     "rest_url = \"user:SECRET3@h\"\n"
                                     "[[host]]\nname = \"a\"\ntarget = \"user:SECRET4@host\"\n"),
                               {}))
                .join(u'\n');
        for (const char *key : {"url", "proxies", "rest_url", "target"})
            QVERIFY2(told.contains(QLatin1String(key)), qPrintable(told));
        QVERIFY2(!told.contains(QLatin1String("SECRET")), qPrintable(told));
    }
    void keysThatAreAllowedAreToldOnce()
    {
        const QString told = texts(loadSettings(write("[engine]\nnonsense = 1\n"), {})).join(u'\n');
        QCOMPARE(told.count(QLatin1String("http")), 1);
    }

private:
    QString write(const QByteArray &text, const QString &name = QStringLiteral("tapekeeper.toml"))
    {
        QFile file(m_dir.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
            qFatal("cannot write the test's file");
        return file.fileName();
    }
    static QStringList texts(const LoadResult &result)
    {
        QStringList texts;
        for (const Problem &problem : result.problems)
            texts.append(problem.text());
        return texts;
    }

    QTemporaryDir m_dir;
};

TK_TEST(LoadTest, load);
#include "tst_load.moc"
