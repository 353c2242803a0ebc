#include "config/load_exchange.h"

#include "base/regular_file.h"
#include "config/load_secret.h"
#include "config/pair_text.h"
#include "config/toml_limits.h"

#include <QFileInfo>
#include <QRegularExpression>
#include <QSet>

#include <functional>

namespace tk::config {

namespace {

using namespace std::chrono_literals;

constexpr size_t mostExchanges = 16;

const QStringList &knownStreams()
{
    static const QStringList names{QStringLiteral("candles"),      QStringLiteral("mark_price"),
                                   QStringLiteral("funding_rate"), QStringLiteral("ticker"),
                                   QStringLiteral("trades"),       QStringLiteral("liquidations"),
                                   QStringLiteral("depth")};
    return names;
}

QStringList knownTimeframes()
{
    QStringList names;
    for (const Timeframe timeframe : allTimeframes)
        names.append(timeframeText(timeframe));
    return names;
}

// Takes perpetuals, each once.
class PairTaker
{
public:
    // What is allowed, where this is not.
    QString operator()(const QString &text)
    {
        const QString name = perpetualName(text);
        if (name.isEmpty() || m_seen.contains(name))
            return pairRule();
        m_seen.insert(name);
        m_pairs.append(name);
        return {};
    }
    bool has(const QString &name) const { return m_seen.contains(name); }
    const QStringList &pairs() const { return m_pairs; }

private:
    QStringList m_pairs;
    QSet<QString> m_seen;
};

// One pair per line, "#" begins a comment. What stands there is never told: a link to another file would have it read
// out to whoever asks.
std::optional<QStringList> pairsFromFile(const QString &name, const QString &key, std::vector<Problem> &problems)
{
    const auto told = [&](int line, int column, const QString &found, const QString &allowed) {
        if (problems.size() < mostProblems)
            problems.push_back({name, line, column, key, found, allowed});
    };
    const auto content = readSmallFile(name, mostConfigBytes);
    if (!content) {
        told(0, 0, content.error().message, QStringLiteral("a readable file with one pair per line"));
        return {};
    }
    QByteArray text = content->bytes;
    if (text.startsWith("\xEF\xBB\xBF")) // as editors of Windows begin files
        text.remove(0, 3);
    PairTaker pairs;
    bool good = true;
    int number = 0;
    for (const QByteArray &bytes : text.split('\n')) {
        ++number;
        const QString whole = QString::fromUtf8(bytes.endsWith('\r') ? bytes.chopped(1) : bytes);
        const QString part = whole.section(u'#', 0, 0);
        const QString line = part.trimmed();
        if (line.isEmpty())
            continue;
        const auto begin = int(part.indexOf(line));
        if (const auto fault = pairFault(line))
            told(number, begin + fault->column,
                 QStringLiteral("%1 in column %2").arg(fault->what).arg(begin + fault->column), pairRule());
        else if (!pairs(line).isEmpty())
            told(number, begin + 1, QStringLiteral("a pair that stands in an earlier line, too"), pairRule());
        else
            continue;
        good = false;
    }
    if (!good)
        return {};
    if (pairs.pairs().isEmpty()) {
        told(0, 0, QStringLiteral("no pair"), QStringLiteral("at least one pair"));
        return {};
    }
    return pairs.pairs();
}

// The name decides where it is reached, unless the table says otherwise.
void loadName(Section &section, ExchangeSettings &exchange, const exchange::Catalog &catalog)
{
    static const QStringList later{QStringLiteral("bybit-linear"), QStringLiteral("okx-swap"),
                                   QStringLiteral("deribit")};
    const QString key = QStringLiteral("name");
    QString name = exchange.name;
    const Node *node = section.find(key);
    if (!node || !section.text(key, name))
        return;
    if (const exchange::CatalogEntry *entry = catalog.find(name)) {
        exchange.name = entry->name;
        exchange.rest_url = entry->rest_url;
        exchange.ws_url = entry->ws_url;
        return;
    }
    const QString allowed = oneOf(catalog.names());
    section.report(key, node, node->describe(),
                   later.contains(name) ? allowed + QStringLiteral(" (this one is not built yet)") : allowed);
}

void loadProxies(Section &section, ExchangeSettings &exchange, const QProcessEnvironment &environment)
{
    section.list(QStringLiteral("proxies"), [&](const QString &text) {
        const auto url = checkedUrl(text, {QStringLiteral("socks5"), QStringLiteral("http")});
        if (!url || url->port() <= 0)
            return QStringLiteral("a proxy such as \"socks5://10.0.0.2:1080\" (socks5 or http, with a port)");
        if (!url->password().isEmpty())
            return QStringLiteral(
                "no password here, since this file is shown to people: leave the user in the URL, and "
                "put the password into a file that proxy_password_file names, or into "
                "TAPEKEEPER_PROXY_PASSWORD");
        exchange.proxies.push_back(*url);
        return QString();
    });
    exchange.proxy_password =
        loadSecret(section,
                   {QStringLiteral("proxy_password_file"), QStringLiteral("TAPEKEEPER_PROXY_PASSWORD"),
                    QStringLiteral("proxy-password")},
                   exchange.proxy_password_file, environment);
}

ExchangeSettings loadExchange(Section &section, const QString &name, std::vector<Problem> &problems,
                              const QProcessEnvironment &environment, const exchange::Catalog &catalog)
{
    ExchangeSettings exchange;
    loadName(section, exchange, catalog);
    loadPairs(section, exchange.pairs, name, problems, &exchange.all_of);
    PairTaker exclude;
    section.list(QStringLiteral("exclude"), std::ref(exclude));
    exchange.exclude = exclude.pairs();

    QStringList streams;
    if (section.list(QStringLiteral("streams"), [&](const QString &text) {
            if (!knownStreams().contains(text))
                return oneOf(knownStreams());
            streams.append(text);
            return QString();
        }))
        exchange.streams = streams;

    loadTimeframes(section, exchange.timeframes);

    section.integer(QStringLiteral("history"), exchange.history, 0, 100'000);
    section.number(QStringLiteral("weight_share"), exchange.weight_share, 0, 1);
    section.duration(QStringLiteral("mark_price_every"), exchange.mark_price_every, 1s, 1h, true);
    section.url(QStringLiteral("rest_url"), exchange.rest_url, {QStringLiteral("http"), QStringLiteral("https")});
    section.url(QStringLiteral("ws_url"), exchange.ws_url, {QStringLiteral("ws"), QStringLiteral("wss")});

    const QString caKey = QStringLiteral("tls_ca_file");
    const Node *ca = section.find(caKey);
    if (section.path(caKey, exchange.tls_ca_file) && !exchange.tls_ca_file.isEmpty() &&
        !isReadableFile(exchange.tls_ca_file))
        section.report(caKey, ca, ca->describe(), QStringLiteral("\"\" or a readable PEM file"));

    loadProxies(section, exchange, environment);
    section.finish();
    return exchange;
}

} // namespace

bool isReadableFile(const QString &name)
{
    const QFileInfo file(name);
    return file.isFile() && file.isReadable();
}

void loadPairs(Section &section, std::optional<QStringList> &into, const QString &name, std::vector<Problem> &problems,
               QString *allOf)
{
    const QString key = QStringLiteral("pairs");
    const QString allowed = allOf ? QStringLiteral("\"all\" (settled in USDT), \"all:usdc\", \"all:*\", a list such as "
                                                   "[\"BTC/USDT:USDT\"], or \"@FILE\"")
                                  : QStringLiteral("\"all\", a list such as [\"BTC/USDT:USDT\"], or \"@FILE\"");
    const Node *node = section.find(key);
    if (!node)
        return;
    if (node->kind == Node::Kind::Array) {
        PairTaker pairs;
        const bool good = section.list(key, std::ref(pairs));
        if (good && pairs.pairs().isEmpty())
            section.report(key, node, QStringLiteral("an empty list"), allowed);
        into = pairs.pairs();
        return;
    }
    static const QRegularExpression all(QStringLiteral("^all(?::([A-Za-z0-9]{1,16}|\\*))?$"));
    const QRegularExpressionMatch match =
        node->kind == Node::Kind::Text ? all.match(node->text) : QRegularExpressionMatch();
    QString text;
    if (match.hasMatch() && (allOf || match.captured(1).isEmpty())) {
        if (allOf && !match.captured(1).isEmpty())
            *allOf = match.captured(1).toUpper();
    } else if (node->kind == Node::Kind::Text && node->text.startsWith(u'@') && node->text.size() > 1) {
        if (section.text(key, text))
            into = pairsFromFile(section.resolved(text.mid(1)), name + u'.' + key, problems);
    } else {
        section.report(key, node, node->describe(), allowed);
    }
}

void loadTimeframes(Section &section, std::vector<Timeframe> &into)
{
    std::vector<Timeframe> timeframes;
    if (section.list(QStringLiteral("timeframes"), [&](const QString &text) {
            const auto timeframe = timeframeFromName(text.toStdString());
            if (!timeframe)
                return oneOf(knownTimeframes());
            timeframes.push_back(*timeframe);
            return QString();
        }))
        into = timeframes;
}

std::vector<ExchangeSettings> loadExchanges(Section &top, std::vector<Problem> &problems,
                                            const QProcessEnvironment &environment, const exchange::Catalog &catalog)
{
    const QString key = QStringLiteral("exchange");
    const QString allowed = QStringLiteral("one table [[exchange]] for each exchange");
    const Node *node = top.find(key);
    if (!node)
        return Settings().exchanges;
    if (node->kind != Node::Kind::Array || node->items.empty()) {
        top.report(key, node, node->kind == Node::Kind::Array ? QStringLiteral("an empty list") : node->describe(),
                   allowed);
        return {};
    }
    std::vector<ExchangeSettings> exchanges;
    QSet<QString> names;
    for (size_t i = 0; i < node->items.size(); ++i) {
        const Node &item = node->items[i];
        const QString name = node->items.size() == 1 ? key : QStringLiteral("exchange[%1]").arg(i + 1);
        if (item.kind != Node::Kind::Table) {
            top.report(key, &item, item.describe(), allowed);
            continue;
        }
        Section section(&item, name, top.file(), problems);
        if (exchanges.size() >= mostExchanges) {
            section.report({}, &item, QStringLiteral("one table more"),
                           QStringLiteral("at most %1 exchanges").arg(mostExchanges));
            break;
        }
        exchanges.push_back(loadExchange(section, name, problems, environment, catalog));
        const QString &exchange = exchanges.back().name;
        if (names.contains(exchange))
            section.report(QStringLiteral("name"), &item, u'"' + exchange + QStringLiteral("\" again"),
                           QStringLiteral("each exchange once"));
        names.insert(exchange);
    }
    return exchanges;
}

} // namespace tk::config
