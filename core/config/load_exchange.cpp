#include "config/load_exchange.h"

#include "market/pair.h"

#include <QFile>
#include <QFileInfo>

namespace tk::config {

namespace {

using namespace std::chrono_literals;

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

QString pairRule()
{
    return QStringLiteral("a perpetual such as \"BTC/USDT:USDT\", each once");
}

// Adds the unified name; false for what is no perpetual, or is there already.
bool addPair(const QString &text, QStringList &into)
{
    const Result<Pair> pair = Pair::parse(text);
    if (!pair || pair->settle.isEmpty() || into.contains(pair->unified()))
        return false;
    into.append(pair->unified());
    return true;
}

// One pair per line, "#" begins a comment.
std::optional<QStringList> pairsFromFile(const QString &name, const QString &key, std::vector<Problem> &problems)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly | QIODevice::Text)) {
        problems.push_back(
            {name, 0, 0, key, file.errorString(), QStringLiteral("a readable file with one pair per line")});
        return {};
    }
    QStringList pairs;
    const size_t before = problems.size();
    int number = 0;
    while (!file.atEnd()) {
        ++number;
        const QString line = QString::fromUtf8(file.readLine()).section(u'#', 0, 0).trimmed();
        if (!line.isEmpty() && !addPair(line, pairs))
            problems.push_back({name, number, 1, key, u'"' + line + u'"', pairRule()});
    }
    if (problems.size() > before)
        return {};
    if (pairs.isEmpty()) {
        problems.push_back({name, 0, 0, key, QStringLiteral("no pair"), QStringLiteral("at least one pair")});
        return {};
    }
    return pairs;
}

void loadName(Section &section, ExchangeSettings &exchange)
{
    static const QStringList later{QStringLiteral("bybit-linear"), QStringLiteral("okx-swap"),
                                   QStringLiteral("deribit")};
    const QString key = QStringLiteral("name");
    const QString allowed = QStringLiteral("\"binance-usdm\"");
    QString name = exchange.name;
    const Node *node = section.find(key);
    if (!node || !section.text(key, name) || name == exchange.name)
        return;
    const bool known = later.contains(name);
    section.report(key, node, node->describe(),
                   known ? allowed + QStringLiteral(" (this one is not built yet)") : allowed);
}

ExchangeSettings loadExchange(Section &section, const QString &name, std::vector<Problem> &problems)
{
    ExchangeSettings exchange;
    loadName(section, exchange);
    loadPairs(section, exchange.pairs, name, problems);
    section.list(QStringLiteral("exclude"),
                 [&](const QString &text) { return addPair(text, exchange.exclude) ? QString() : pairRule(); });

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
        !QFileInfo(exchange.tls_ca_file).isReadable())
        section.report(caKey, ca, ca->describe(), QStringLiteral("\"\" or a readable PEM file"));

    section.list(QStringLiteral("proxies"), [&](const QString &text) {
        const auto url = checkedUrl(text, {QStringLiteral("socks5"), QStringLiteral("http")});
        if (!url || url->port() <= 0)
            return QStringLiteral("a proxy such as \"socks5://10.0.0.2:1080\" (socks5 or http, with a port)");
        exchange.proxies.push_back(*url);
        return QString();
    });
    section.finish();
    return exchange;
}

} // namespace

void loadPairs(Section &section, std::optional<QStringList> &into, const QString &name, std::vector<Problem> &problems)
{
    const QString key = QStringLiteral("pairs");
    const QString allowed = QStringLiteral("\"all\", a list such as [\"BTC/USDT:USDT\"], or \"@FILE\"");
    const Node *node = section.find(key);
    if (!node)
        return;
    if (node->kind == Node::Kind::Array) {
        QStringList pairs;
        const bool good =
            section.list(key, [&](const QString &text) { return addPair(text, pairs) ? QString() : pairRule(); });
        if (good && pairs.isEmpty())
            section.report(key, node, QStringLiteral("an empty list"), allowed);
        into = pairs;
    } else if (node->kind == Node::Kind::Text && node->text.startsWith(u'@') && node->text.size() > 1) {
        into = pairsFromFile(section.resolved(node->text.mid(1)), name + u'.' + key, problems);
    } else if (node->kind != Node::Kind::Text || node->text != QLatin1String("all")) {
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

std::vector<ExchangeSettings> loadExchanges(Section &top, std::vector<Problem> &problems)
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
    for (size_t i = 0; i < node->items.size(); ++i) {
        const Node &item = node->items[i];
        const QString name = node->items.size() == 1 ? key : QStringLiteral("exchange[%1]").arg(i + 1);
        if (item.kind != Node::Kind::Table) {
            top.report(key, &item, item.describe(), allowed);
            continue;
        }
        Section section(&item, name, top.file(), problems);
        exchanges.push_back(loadExchange(section, name, problems));
        for (size_t earlier = 0; earlier + 1 < exchanges.size(); ++earlier) {
            if (exchanges[earlier].name == exchanges.back().name)
                section.report(QStringLiteral("name"), &item, u'"' + exchanges.back().name + QStringLiteral("\" again"),
                               QStringLiteral("each exchange once"));
        }
    }
    return exchanges;
}

} // namespace tk::config
