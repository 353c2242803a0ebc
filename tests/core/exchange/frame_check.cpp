#include "frame_check.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>

namespace tk::test {

using namespace exchange;

namespace {

struct Difference
{
    QStringList &found;
    QString where;

    void say(const char *what, const QString &got, const QString &expected) const
    {
        if (got != expected)
            found.append(where + QLatin1String(what) + QStringLiteral(" is %1, not %2").arg(got, expected));
    }
    void text(const char *what, std::string_view got, const QJsonValue &expected) const
    {
        say(what, QString::fromUtf8(got.data(), qsizetype(got.size())), expected.toString());
    }
    void number(const char *what, qint64 got, const QJsonValue &expected, qint64 absent = 0) const
    {
        say(what, QString::number(got), QString::number(expected.toInteger(absent)));
    }
    void boolean(const char *what, bool got, const QJsonValue &expected) const
    {
        say(what, got ? QStringLiteral("true") : QStringLiteral("false"),
            expected.toBool() ? QStringLiteral("true") : QStringLiteral("false"));
    }
};

QJsonValue at(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key));
}

struct Compare
{
    const Difference &difference;
    const QJsonObject &object;

    void operator()(const CandleUpdate &update) const
    {
        const QJsonObject k = at(object, "k").toObject();
        difference.number("k.t", toMs(update.candle.open_time), at(k, "t"));
        difference.text("k.o", update.candle.open.view(), at(k, "o"));
        difference.text("k.h", update.candle.high.view(), at(k, "h"));
        difference.text("k.l", update.candle.low.view(), at(k, "l"));
        difference.text("k.c", update.candle.close.view(), at(k, "c"));
        difference.text("k.v", update.candle.volume.view(), at(k, "v"));
        difference.text("k.q", update.candle.quote_volume.view(), at(k, "q"));
        difference.number("k.n", update.candle.trades, at(k, "n"));
        difference.boolean("k.x", update.final, at(k, "x"));
        difference.number("k.L", update.last_trade_id, at(k, "L"), -1);
        difference.text("k.i", timeframeName(update.timeframe), at(k, "i"));
        // The grid and the exchange's own close time agree.
        difference.number("k.T", toMs(nextCandleOpen(update.timeframe, update.candle.open_time)) - 1, at(k, "T"));
    }
    void operator()(const MarkUpdate &update) const
    {
        difference.text("p", update.mark_price.view(), at(object, "p"));
        difference.text("i", update.index_price.view(), at(object, "i"));
        difference.text("r", update.funding_rate.view(), at(object, "r"));
        difference.number("T", toMs(update.next_funding), at(object, "T"));
    }
    void operator()(const TradeUpdate &update) const
    {
        difference.text("p", update.price.view(), at(object, "p"));
        difference.text("q", update.quantity.view(), at(object, "q"));
        difference.number("a", update.id, at(object, "a"));
        difference.number("l", update.last_trade_id, at(object, "l"), -1);
        difference.boolean("m", update.buyer_is_maker, at(object, "m"));
        difference.number("T", toMs(update.traded), at(object, "T"));
    }
    void operator()(const TickerUpdate &update) const
    {
        difference.text("c", update.last.view(), at(object, "c"));
        difference.text("v", update.volume.view(), at(object, "v"));
        difference.number("L", update.last_trade_id, at(object, "L"), -1);
    }
    void operator()(const BookTickerUpdate &update) const
    {
        difference.number("u", update.update_id, at(object, "u"));
        difference.text("b", update.bid.view(), at(object, "b"));
        difference.text("B", update.bid_size.view(), at(object, "B"));
        difference.text("a", update.ask.view(), at(object, "a"));
        difference.text("A", update.ask_size.view(), at(object, "A"));
    }
    void operator()(const LiquidationUpdate &update) const
    {
        const QJsonObject o = at(object, "o").toObject();
        difference.text("o.S", update.sell ? "SELL" : "BUY", at(o, "S"));
        difference.text("o.ap", update.average_price.view(), at(o, "ap"));
        difference.text("o.z", update.filled.view(), at(o, "z"));
    }
    void operator()(const DepthUpdate &update) const
    {
        difference.number("U", update.first_id, at(object, "U"));
        difference.number("u", update.last_id, at(object, "u"));
        difference.number("pu", update.previous_id, at(object, "pu"));
        difference.number("bids", update.bids, QJsonValue(qint64(at(object, "b").toArray().size())));
        difference.number("asks", update.asks, QJsonValue(qint64(at(object, "a").toArray().size())));
    }
    void operator()(const ContractUpdate &update) const
    {
        const qint64 delivery = at(object, "dt").toInteger();
        difference.number("dt", toMs(update.delivery), delivery == 4'133'404'800'000 ? 0 : delivery);
        difference.boolean("cs", update.status == InstrumentStatus::Trading,
                           at(object, "cs").toString() == QLatin1String("TRADING"));
    }
};

// The payload's index in the variant, by the exchange's name of the event.
std::optional<size_t> payloadIndex(const QString &type)
{
    static const QList<std::pair<QString, size_t>> known{
        {QStringLiteral("kline"), 0},           {QStringLiteral("continuous_kline"), 0},
        {QStringLiteral("markPriceUpdate"), 1}, {QStringLiteral("aggTrade"), 2},
        {QStringLiteral("24hrTicker"), 3},      {QStringLiteral("24hrMiniTicker"), 3},
        {QStringLiteral("bookTicker"), 4},      {QStringLiteral("forceOrder"), 5},
        {QStringLiteral("depthUpdate"), 6},     {QStringLiteral("contractInfo"), 7}};
    for (const auto &[name, index] : known) {
        if (name == type)
            return index;
    }
    return {};
}

} // namespace

QByteArray bytes(std::string_view text)
{
    return QByteArray(text.data(), qsizetype(text.size()));
}

QByteArray contentOf(const QString &file)
{
    QFile in(file);
    return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray();
}

QList<QByteArray> linesOf(const QString &file)
{
    QList<QByteArray> lines = contentOf(file).split('\n');
    lines.removeIf([](const QByteArray &line) { return line.trimmed().isEmpty(); });
    return lines;
}

QStringList recordings(const QString &pattern)
{
    const QDir folder(QStringLiteral(TAPEKEEPER_RECORDINGS "/binance/") + pattern.section(u'/', 0, -2));
    QStringList files;
    for (const QString &name : folder.entryList({pattern.section(u'/', -1)}, QDir::Files))
        files.append(folder.filePath(name));
    return files;
}

QList<QJsonObject> expectedEvents(const QByteArray &frame)
{
    QJsonValue data = QJsonDocument::fromJson(frame).object();
    if (QJsonDocument::fromJson(frame).isArray())
        data = QJsonDocument::fromJson(frame).array();
    else if (data.toObject().contains(QLatin1String("data")))
        data = data.toObject().value(QLatin1String("data"));
    const QJsonArray rows = data.isArray() ? data.toArray() : QJsonArray{data};
    QList<QJsonObject> objects;
    for (const QJsonValue &row : rows) {
        const QJsonObject object = row.toObject();
        const qint64 family =
            std::max(at(object, "st").toInteger(1), at(at(object, "o").toObject(), "st").toInteger(1));
        if (family == 1 && payloadIndex(at(object, "e").toString()))
            objects.append(object);
    }
    return objects;
}

QStringList differences(const ParsedFrame &parsed, const QByteArray &frame)
{
    QStringList found;
    const QList<QJsonObject> expected = expectedEvents(frame);
    if (parsed.events.size() != size_t(expected.size()))
        return {QStringLiteral("%1 events, not %2").arg(parsed.events.size()).arg(expected.size())};
    for (qsizetype i = 0; i < expected.size(); ++i) {
        const MarketEvent &event = parsed.events[size_t(i)];
        const QJsonObject &object = expected[i];
        const QString type = at(object, "e").toString();
        const Difference difference{found, type + u' '};
        if (event.payload.index() != payloadIndex(type)) {
            found.append(type + QStringLiteral(" became another kind of event"));
            continue;
        }
        const QJsonValue symbol = type == QLatin1String("forceOrder")         ? at(at(object, "o").toObject(), "s")
                                  : type == QLatin1String("continuous_kline") ? at(object, "ps")
                                                                              : at(object, "s");
        difference.text("symbol", event.symbol, symbol);
        difference.number("E", toMs(event.event_time), at(object, "E"));
        const QByteArray raw = bytes(event.raw);
        if (!raw.startsWith('{') || !raw.endsWith('}') || !frame.contains(raw) ||
            QJsonDocument::fromJson(raw).object() != object)
            found.append(type + QStringLiteral(" raw is not the object's bytes: ") + QString::fromUtf8(raw));
        std::visit(Compare{difference, object}, event.payload);
    }
    return found;
}

} // namespace tk::test
