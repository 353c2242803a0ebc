#include "store/line_protocol.h"

#include <charconv>
#include <cstring>

namespace tk::store {

namespace {

// Writes behind the end of a byte array whose room was made before: no check, no reallocation per piece.
class Pen
{
public:
    Pen(QByteArray &into, qsizetype room)
        : m_into(into)
        , m_begin(into.size())
    {
        into.resize(m_begin + room);
        m_at = into.data() + m_begin;
    }
    ~Pen() { m_into.resize(m_at - m_into.constData()); }
    Pen(const Pen &) = delete;
    Pen &operator=(const Pen &) = delete;

    void text(std::string_view text)
    {
        std::memcpy(m_at, text.data(), text.size());
        m_at += text.size();
    }
    // Names of pairs and exchanges are nearly always plain: then their characters go over as they are.
    void tag(const QString &text)
    {
        const QStringView view(text);
        bool odd = text.isEmpty();
        for (qsizetype i = 0; i < view.size(); ++i) {
            const char16_t code = view[i].unicode();
            odd |= code <= ' ' || code > '~' || code == ',' || code == '=' || code == '\\';
            m_at[i] = char(code);
        }
        if (odd) {
            const QByteArray escaped = tagValue(text);
            this->text({escaped.constData(), size_t(escaped.size())});
        } else {
            m_at += view.size();
        }
    }
    // The first part of a line. Returns it, as long as this pen lives.
    std::string_view head(std::string_view family, std::string_view member, const QString &exchange,
                          const QString &pair)
    {
        const char *begin = m_at;
        text(family);
        if (!member.empty())
            text(member);
        text(",exchange=");
        tag(exchange);
        text(",pair=");
        tag(pair);
        return {begin, size_t(m_at - begin)};
    }
    void number(qint64 value) { m_at = std::to_chars(m_at, m_at + numberRoom, value).ptr; }
    void time(UtcTime time)
    {
        text(" ");
        number(toMs(time));
        text("\n");
        m_first = true;
    }

    // ",name=value" or " name=value" for the first; nothing for an empty value.
    void field(std::string_view name, const DecimalText &value)
    {
        if (value.isEmpty())
            return;
        next();
        text(name);
        text("=");
        text(value.view());
    }
    void next()
    {
        *m_at++ = m_first ? ' ' : ',';
        m_first = false;
    }

    static constexpr qsizetype numberRoom = 20;

private:
    QByteArray &m_into;
    qsizetype m_begin;
    char *m_at;
    bool m_first = true; // no field of this line is written yet
};

// Six values with their names, a count, a source, a time, and to spare.
constexpr qsizetype fieldsRoom = 6 * (qsizetype(DecimalText::Capacity) + 16) + 80;

// The tags, their names and the longest measurement; a character has at most three bytes, and an escaped one two.
qsizetype headRoom(const QString &exchange, const QString &pair)
{
    return 3 * (exchange.size() + pair.size()) + 64;
}

} // namespace

QByteArray tagValue(const QString &text)
{
    QByteArray value = text.toUtf8();
    bool plain = !value.isEmpty() && !value.endsWith('\\');
    for (const char c : std::as_const(value))
        plain &= uchar(c) > ' ' && c != ',' && c != '=';
    if (plain)
        return value;
    QByteArray escaped;
    for (const char c : std::as_const(value)) {
        if (c == ',' || c == '=' || c == ' ')
            escaped += '\\';
        escaped += uchar(c) < ' ' ? '_' : c;
    }
    if (escaped.endsWith('\\'))
        escaped.back() = '_'; // it would swallow what follows
    return escaped.isEmpty() ? QByteArray("_") : escaped;
}

void appendLines(const CandleBatch &batch, QByteArray &into)
{
    const SeriesKey &series = batch.series;
    Pen pen(into, qsizetype(batch.candles.size()) * (headRoom(series.exchange, series.pair) + fieldsRoom));
    std::string_view head;
    for (const Candle &candle : batch.candles) {
        if (head.empty())
            head = pen.head("ohlcv_", timeframeName(series.timeframe), series.exchange, series.pair);
        else
            pen.text(head);
        pen.field("open", candle.open);
        pen.field("high", candle.high);
        pen.field("low", candle.low);
        pen.field("close", candle.close);
        pen.field("volume", candle.volume);
        pen.field("quote_volume", candle.quote_volume);
        pen.next();
        pen.text("trades="); // a float, as all numbers: the type of a field is for ever
        pen.number(candle.trades);
        pen.text(",source=\"");
        pen.text(sourceName(candle.source));
        pen.text("\"");
        pen.time(candle.open_time);
    }
}

void appendMarkLines(const CandleBatch &batch, QByteArray &into)
{
    const SeriesKey &series = batch.series;
    Pen pen(into, qsizetype(batch.candles.size()) * (headRoom(series.exchange, series.pair) + fieldsRoom));
    for (const Candle &candle : batch.candles) {
        pen.head("mark_ohlcv_", timeframeName(series.timeframe), series.exchange, series.pair);
        pen.field("open", candle.open);
        pen.field("high", candle.high);
        pen.field("low", candle.low);
        pen.field("close", candle.close);
        pen.time(candle.open_time);
    }
}

void appendLine(const FundingPoint &point, QByteArray &into)
{
    if (point.rate.isEmpty() && point.predicted_rate.isEmpty())
        return;
    Pen pen(into, headRoom(point.exchange, point.pair) + fieldsRoom);
    pen.head("funding_rate", {}, point.exchange, point.pair);
    if (point.special)
        pen.text(",type=special");
    pen.field("rate", point.rate);
    pen.field("predicted_rate", point.predicted_rate);
    if (!point.predicted_rate.isEmpty() && toMs(point.next_funding) != 0) {
        pen.next();
        pen.text("next_funding="); // when it is settled, in milliseconds since 1970
        pen.number(toMs(point.next_funding));
    }
    pen.time(point.time);
}

void appendLine(const MarkPoint &point, QByteArray &into)
{
    if (point.price.isEmpty() && point.index_price.isEmpty())
        return;
    Pen pen(into, headRoom(point.exchange, point.pair) + fieldsRoom);
    pen.head("mark_price", {}, point.exchange, point.pair);
    pen.field("price", point.price);
    pen.field("index_price", point.index_price);
    pen.time(point.time);
}

void appendLine(const TickPoint &tick, QByteArray &into)
{
    const QByteArray kind = tick.kind.toLatin1();
    Pen pen(into, headRoom(tick.exchange, tick.pair) + kind.size() + 2 * tick.payload.size() + 64);
    pen.head({kind.constData(), size_t(kind.size())}, {}, tick.exchange, tick.pair);
    pen.text(" payload=\"");
    for (const char c : tick.payload) {
        if (c == '"' || c == '\\')
            pen.text("\\");
        // A blank between JSON's tokens; within its strings line breaks cannot stand.
        pen.text({c == '\n' || c == '\r' ? " " : &c, 1});
    }
    pen.text("\" ");
    constexpr qint64 nanosPerMilli = 1'000'000;
    const qint64 within = ((tick.id % nanosPerMilli) + nanosPerMilli) % nanosPerMilli;
    pen.number(toMs(tick.time) * nanosPerMilli + within);
    pen.text("\n");
}

} // namespace tk::store
