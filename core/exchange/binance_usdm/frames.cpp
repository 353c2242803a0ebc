#include "exchange/binance_usdm/frames.h"

#include "exchange/binance_usdm/instruments.h"
#include "exchange/binance_usdm/limits.h"

#include <simdjson.h>

#include <charconv>
#include <optional>

namespace tk::exchange::binance {

namespace od = simdjson::ondemand;

namespace {

// The scalar fields of one object, by their one-letter names; Binance uses nearly all letters in both cases.
class Fields
{
public:
    void set(char name, std::string_view token)
    {
        const auto slot = size_t(name - 'A');
        m_tokens[slot] = token;
        m_used |= quint64(1) << slot;
    }
    bool has(char name) const { return m_used >> size_t(name - 'A') & 1; }

    // Raw JSON of the value; empty when absent. Text has lost its quotes.
    std::string_view raw(char name) const { return has(name) ? m_tokens[size_t(name - 'A')] : std::string_view(); }
    void clear() { m_used = 0; }

private:
    static constexpr size_t Slots = 'z' - 'A' + 1;
    std::array<std::string_view, Slots> m_tokens;
    quint64 m_used = 0;
};

constexpr bool isSlot(std::string_view name)
{
    return name.size() == 1 && name[0] >= 'A' && name[0] <= 'z';
}

// Reads fields as what they should be; `good` falls once one does not fit, and is asked at the end.
struct Reading
{
    const Fields &fields;
    bool good = true;

    qint64 integer(char name)
    {
        const std::string_view token = fields.raw(name);
        qint64 value = 0;
        const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), value);
        if (token.empty() || problem != std::errc() || end != token.data() + token.size())
            good = false;
        return value;
    }
    qint64 integerOr(char name, qint64 fallback) { return fields.raw(name).empty() ? fallback : integer(name); }
    UtcTime time(char name) { return fromMs(integer(name)); }
    DecimalText decimal(char name)
    {
        const auto value = DecimalText::from(fields.raw(name));
        if (!value)
            good = false;
        return value.value_or(DecimalText());
    }
    // Absent, null or "" stays empty; Binance sends "" for contracts that have no such value.
    DecimalText optionalDecimal(char name)
    {
        const std::string_view token = fields.raw(name);
        return token.empty() || token == "null" ? DecimalText() : decimal(name);
    }
    bool boolean(char name)
    {
        const std::string_view token = fields.raw(name);
        if (token != "true" && token != "false")
            good = false;
        return token == "true";
    }
};

} // namespace

struct FrameParser::State
{
    od::parser parser;
    od::document document;
    const char *frameEnd = nullptr;
    Fields outer;
    Fields inner; // of kline's "k" and forceOrder's "o"

    // What an event says in fields of more than one letter.
    struct Extras
    {
        std::string_view pair_symbol;   // ps
        std::string_view status;        // cs
        std::string_view average_price; // ap
        qint64 family = 1;              // st: 1 USD-M, 2 COIN-M
        qint64 delivery = 0;            // dt
        qint64 previous_id = -1;        // pu
        int bids = 0;
        int asks = 0;
        bool good = true;
    };

    // What an answer to a request of ours says.
    struct Answer
    {
        bool given = false;
        bool error = false;
        quint64 id = 0;
        int code = 0;
        QString message;
    };

    // `wrapper`: the object may be {"stream":..,"data":..}. Only the outermost may, so nothing here recurses deeper.
    Status readData(od::value data, bool wrapper, ParsedFrame &into);
    Status readObject(od::object object, const char *begin, bool wrapper, ParsedFrame &into);
    std::string_view textSince(const char *begin);
    Status readNested(std::string_view name, od::object object, Extras &extras, Answer &answer);
    static Status readLevels(std::string_view name, od::array levels, Extras &extras);
    void keep(std::string_view name, std::string_view text, Fields &fields, Extras &extras, Answer &answer);
    void interpret(std::string_view raw, const Extras &extras, ParsedFrame &into);

    static Status broken(simdjson::error_code code) { return broken(simdjson::error_message(code)); }
    static Status broken(const char *what)
    {
        return Error{Error::Kind::Parse, QStringLiteral("broken JSON: %1").arg(QLatin1String(what))};
    }

    static std::string_view keyOf(od::field &field)
    {
        const char *begin = field.key().raw();
        const char *end = begin;
        while (*end != '"')
            end += *end == '\\' ? 2 : 1;
        return {begin, size_t(end - begin)};
    }

    // The value's text: without quotes where it is a string. Nothing when the JSON is broken.
    static std::optional<std::string_view> scalar(od::value value)
    {
        std::string_view token = value.raw_json_token();
        while (!token.empty() && uint8_t(token.back()) <= ' ')
            token.remove_suffix(1);
        if (token.empty())
            return {};
        if (token.front() != '"')
            return token;
        if (token.size() < 2 || token.back() != '"')
            return {};
        if (token.find('\\') == std::string_view::npos)
            return token.substr(1, token.size() - 2);
        std::string_view plain; // lives in the parser until the next frame
        if (value.get_string().get(plain))
            return {};
        return plain;
    }
};

Status FrameParser::State::readData(od::value data, bool wrapper, ParsedFrame &into)
{
    od::json_type type{};
    if (const auto error = data.type().get(type))
        return broken(error);
    if (type == od::json_type::object) {
        const char *begin = data.raw_json_token().data();
        od::object object;
        if (const auto error = data.get_object().get(object))
            return broken(error);
        return readObject(object, begin, wrapper, into);
    }
    if (type != od::json_type::array)
        return broken("neither an object nor an array");
    od::array rows;
    if (const auto error = data.get_array().get(rows))
        return broken(error);
    for (auto row : rows) {
        od::value value;
        if (const auto error = std::move(row).get(value))
            return broken(error);
        od::json_type rowType{};
        if (const auto error = value.type().get(rowType))
            return broken(error);
        if (rowType != od::json_type::object)
            return broken("a row that is no object"); // also keeps hostile nesting from recursing
        if (const Status status = readData(value, false, into); !status)
            return status;
    }
    return ok();
}

Status FrameParser::State::readObject(od::object object, const char *begin, bool wrapper, ParsedFrame &into)
{
    outer.clear();
    inner.clear();
    Extras extras;
    Answer answer;
    bool wrapped = false;
    for (auto item : object) {
        od::field field;
        if (const auto problem = std::move(item).get(field))
            return broken(problem);
        const std::string_view name = keyOf(field);
        od::json_type type{};
        if (const auto problem = field.value().type().get(type))
            return broken(problem);
        Status status = ok();
        if (name == "data" && wrapper && !wrapped && (type == od::json_type::object || type == od::json_type::array)) {
            wrapped = true;
            status = readData(field.value(), false, into);
        } else if (type == od::json_type::object) {
            od::object nested;
            if (const auto problem = field.value().get_object().get(nested))
                return broken(problem);
            status = readNested(name, nested, extras, answer);
        } else if (type == od::json_type::array) {
            od::array elements;
            if (const auto problem = field.value().get_array().get(elements))
                return broken(problem);
            status = readLevels(name, elements, extras);
            answer.given |= name == "result";
        } else if (const auto text = scalar(field.value())) {
            keep(name, *text, outer, extras, answer);
        } else {
            return broken("a value that is none");
        }
        if (!status)
            return status;
    }
    if (wrapped)
        return ok();
    if (!outer.has('e') && (answer.given || answer.error)) {
        if (answer.error)
            into.rejected.push_back({.id = answer.id, .code = answer.code, .message = answer.message});
        else
            into.acknowledged.push_back({answer.id});
        return ok();
    }
    if (extras.family != 1)
        return ok();
    interpret(textSince(begin), extras, into);
    return ok();
}

// The object that began there and has just been read to its end, without the blanks that may follow it.
std::string_view FrameParser::State::textSince(const char *begin)
{
    const char *end = nullptr;
    if (document.current_location().get(end))
        end = frameEnd; // nothing follows
    while (end > begin && end[-1] != '}')
        --end;
    return {begin, size_t(end - begin)};
}

Status FrameParser::State::readNested(std::string_view name, od::object object, Extras &extras, Answer &answer)
{
    const bool scalars = name == "k" || name == "o";
    if (!scalars && name != "error")
        return ok(); // fields we do not know; the iterator skips what is not read
    answer.error |= name == "error";
    for (auto item : object) {
        od::field field;
        if (const auto problem = std::move(item).get(field))
            return broken(problem);
        const std::string_view inside = keyOf(field);
        od::json_type type{};
        if (const auto problem = field.value().type().get(type))
            return broken(problem);
        if (type == od::json_type::object || type == od::json_type::array)
            continue;
        const auto text = scalar(field.value());
        if (!text)
            return broken("a value that is none");
        keep(inside, *text, inner, extras, answer);
    }
    return ok();
}

Status FrameParser::State::readLevels(std::string_view name, od::array levels, Extras &extras)
{
    if (name != "b" && name != "a")
        return ok();
    int count = 0;
    for (auto level : levels) {
        od::array row;
        if (const auto problem = level.get_array().get(row))
            return broken(problem);
        ++count;
    }
    (name == "b" ? extras.bids : extras.asks) = count;
    return ok();
}

void FrameParser::State::keep(std::string_view name, std::string_view text, Fields &fields, Extras &extras,
                              Answer &answer)
{
    const auto number = [text](auto &into) {
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
        return problem == std::errc() && end == text.data() + text.size();
    };
    if (isSlot(name)) {
        fields.set(name[0], text);
    } else if (name == "st") {
        number(extras.family);
    } else if (name == "ps") {
        extras.pair_symbol = text;
    } else if (name == "cs") {
        extras.status = text;
    } else if (name == "ap") {
        extras.average_price = text;
    } else if (name == "dt") {
        extras.good &= number(extras.delivery);
    } else if (name == "pu") {
        extras.good &= number(extras.previous_id);
    } else if (name == "id") {
        number(answer.id);
    } else if (name == "result") {
        answer.given = true;
    } else if (name == "code") {
        number(answer.code);
        answer.error = true;
    } else if (name == "msg") {
        answer.message = QString::fromUtf8(text.data(), qsizetype(text.size()));
    }
}

void FrameParser::State::interpret(std::string_view raw, const Extras &extras, ParsedFrame &into)
{
    const std::string_view type = outer.raw('e');
    Reading out{outer};
    Reading in{inner};
    bool known = true;
    MarketEvent &event = into.events.emplace_back(); // in place: an event is too large to be moved for nothing
    event.raw = raw;
    event.symbol = outer.raw('s');
    if (type == "kline" || type == "continuous_kline") {
        const auto timeframe = timeframeFromName(inner.raw('i'));
        in.good = timeframe.has_value();
        if (event.symbol.empty())
            event.symbol = extras.pair_symbol;
        event.payload = CandleUpdate{.candle = {.open_time = in.time('t'),
                                                .open = in.decimal('o'),
                                                .high = in.decimal('h'),
                                                .low = in.decimal('l'),
                                                .close = in.decimal('c'),
                                                .volume = in.decimal('v'),
                                                .quote_volume = in.decimal('q'),
                                                .trades = in.integer('n')},
                                     .timeframe = timeframe.value_or(Timeframe::M1),
                                     .final = in.boolean('x'),
                                     .last_trade_id = in.integerOr('L', -1)};
    } else if (type == "markPriceUpdate") {
        event.payload = MarkUpdate{.mark_price = out.decimal('p'),
                                   .index_price = out.optionalDecimal('i'),
                                   .funding_rate = out.optionalDecimal('r'),
                                   .next_funding = fromMs(out.integerOr('T', 0))};
    } else if (type == "aggTrade") {
        event.payload = TradeUpdate{.price = out.decimal('p'),
                                    .quantity = out.decimal('q'),
                                    .id = out.integer('a'),
                                    .last_trade_id = out.integerOr('l', -1),
                                    .buyer_is_maker = out.boolean('m'),
                                    .traded = out.time('T')};
    } else if (type == "bookTicker") {
        event.payload = BookTickerUpdate{.update_id = out.integer('u'),
                                         .bid = out.decimal('b'),
                                         .bid_size = out.decimal('B'),
                                         .ask = out.decimal('a'),
                                         .ask_size = out.decimal('A')};
    } else if (type == "24hrTicker" || type == "24hrMiniTicker") {
        event.payload =
            TickerUpdate{.last = out.decimal('c'), .volume = out.decimal('v'), .last_trade_id = out.integerOr('L', -1)};
    } else if (type == "forceOrder") {
        event.symbol = inner.raw('s');
        const auto average = DecimalText::from(extras.average_price);
        const std::string_view side = inner.raw('S');
        in.good = average.has_value() && (side == "SELL" || side == "BUY");
        event.payload = LiquidationUpdate{
            .sell = side == "SELL", .average_price = average.value_or(DecimalText()), .filled = in.decimal('z')};
    } else if (type == "depthUpdate") {
        out.good = extras.previous_id >= 0;
        event.payload = DepthUpdate{.first_id = out.integer('U'),
                                    .last_id = out.integer('u'),
                                    .previous_id = extras.previous_id,
                                    .bids = extras.bids,
                                    .asks = extras.asks};
    } else if (type == "contractInfo") {
        event.payload = ContractUpdate{.status = instrumentStatus(extras.status),
                                       .delivery = fromMs(extras.delivery == noDelivery ? 0 : extras.delivery)};
    } else {
        known = false;
    }
    event.event_time = out.time('E');
    if (known && extras.good && out.good && in.good && !event.symbol.empty())
        return;
    into.events.pop_back();
    const QByteArray kind(type.data(), qsizetype(std::min<size_t>(type.size(), 40)));
    into.unhandled.push_back({known ? "malformed " + kind : kind.isEmpty() ? QByteArray("no event type") : kind});
}

FrameParser::FrameParser()
    : m_state(std::make_unique<State>())
{}

FrameParser::~FrameParser() = default;

Status FrameParser::parse(std::string_view frame, ParsedFrame &into)
{
    into.clear();
    const simdjson::padded_string_view padded(frame.data(), frame.size(), frame.size() + simdjson::SIMDJSON_PADDING);
    if (const auto error = m_state->parser.iterate(padded).get(m_state->document))
        return State::broken(error);
    od::value root;
    if (const auto error = m_state->document.get_value().get(root))
        return State::broken(error);
    m_state->frameEnd = frame.data() + frame.size();
    Status status = m_state->readData(root, true, into);
    const char *behind = nullptr;
    if (status && !m_state->document.current_location().get(behind))
        status = State::broken("text behind the end of the value");
    if (!status)
        into.clear();
    return status;
}

} // namespace tk::exchange::binance
