#include "exchange/binance_usdm/frames.h"

#include "exchange/binance_usdm/instruments.h"
#include "exchange/binance_usdm/limits.h"
#include "exchange/binance_usdm/plain_frame.h"

#include <simdjson.h>

#include <charconv>
#include <optional>

namespace tk::exchange::binance {

namespace od = simdjson::ondemand;

namespace {

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
    void decimal(char name, DecimalText &into) { good &= into.assign(fields.raw(name)); }
    // Absent, null or "" stays empty; Binance sends "" for contracts that have no such value.
    void optionalDecimal(char name, DecimalText &into)
    {
        const std::string_view token = fields.raw(name);
        if (!token.empty() && token != "null")
            good &= into.assign(token);
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
    FrameFields fields;

    // `wrapper`: the object may be {"stream":..,"data":..}. Only the outermost may, so nothing here recurses deeper.
    Status readData(od::value data, bool wrapper, ParsedFrame &into);
    Status readObject(od::object object, const char *begin, bool wrapper, ParsedFrame &into);
    std::string_view textSince(const char *begin);
    Status readNested(std::string_view name, od::object object);
    Status readLevels(std::string_view name, od::array levels);
    void interpret(std::string_view raw, ParsedFrame &into) const;

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
        if (const auto error = row.get(value))
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
    fields.clear();
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
            status = readNested(name, nested);
        } else if (type == od::json_type::array) {
            od::array elements;
            if (const auto problem = field.value().get_array().get(elements))
                return broken(problem);
            status = readLevels(name, elements);
            fields.answer.given |= name == "result";
        } else if (const auto text = scalar(field.value())) {
            fields.keep(name, *text, fields.outer);
        } else {
            return broken("a value that is none");
        }
        if (!status)
            return status;
    }
    if (wrapped)
        return ok();
    const FrameFields::Answer &answer = fields.answer;
    if (!fields.outer.has('e') && (answer.given || answer.error)) {
        if (answer.error)
            into.rejected.push_back({.id = answer.id, .code = answer.code, .message = answer.message});
        else
            into.acknowledged.push_back({answer.id});
        return ok();
    }
    interpret(textSince(begin), into);
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

Status FrameParser::State::readNested(std::string_view name, od::object object)
{
    const bool scalars = name == "k" || name == "o";
    if (!scalars && name != "error")
        return ok(); // fields we do not know; the iterator skips what is not read
    fields.answer.error |= name == "error";
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
        fields.keep(inside, *text, fields.inner);
    }
    return ok();
}

Status FrameParser::State::readLevels(std::string_view name, od::array levels)
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
    (name == "b" ? fields.extras.bids : fields.extras.asks) = count;
    return ok();
}

void FrameParser::State::interpret(std::string_view raw, ParsedFrame &into) const
{
    const Fields &outer = fields.outer;
    const Fields &inner = fields.inner;
    const FrameFields::Extras &extras = fields.extras;
    if (extras.family != 1)
        return;
    const std::string_view type = outer.raw('e');
    Reading out{outer};
    Reading in{inner};
    bool known = true;
    MarketEvent &event = into.events.emplace_back(); // in place: an event is too large to be moved for nothing
    event.raw = raw;
    event.symbol = outer.raw('s');
    // Values are read in place: an update is large.
    if (type == "kline" || type == "continuous_kline") {
        if (event.symbol.empty())
            event.symbol = extras.pair_symbol;
        const auto timeframe = timeframeFromName(inner.raw('i'));
        in.good = timeframe.has_value();
        auto &update = event.payload.emplace<CandleUpdate>();
        update.timeframe = timeframe.value_or(Timeframe::M1);
        update.final = in.boolean('x');
        update.last_trade_id = in.integerOr('L', -1);
        update.close_time = fromMs(in.integerOr('T', 0));
        update.candle.open_time = in.time('t');
        in.decimal('o', update.candle.open);
        in.decimal('h', update.candle.high);
        in.decimal('l', update.candle.low);
        in.decimal('c', update.candle.close);
        in.decimal('v', update.candle.volume);
        in.decimal('q', update.candle.quote_volume);
        update.candle.trades = in.integer('n');
    } else if (type == "markPriceUpdate") {
        auto &update = event.payload.emplace<MarkUpdate>();
        out.decimal('p', update.mark_price);
        out.optionalDecimal('i', update.index_price);
        out.optionalDecimal('r', update.funding_rate);
        update.next_funding = fromMs(out.integerOr('T', 0));
    } else if (type == "aggTrade") {
        auto &update = event.payload.emplace<TradeUpdate>();
        out.decimal('p', update.price);
        out.decimal('q', update.quantity);
        update.id = out.integer('a');
        update.last_trade_id = out.integerOr('l', -1);
        update.buyer_is_maker = out.boolean('m');
        update.traded = out.time('T');
    } else if (type == "bookTicker") {
        auto &update = event.payload.emplace<BookTickerUpdate>();
        update.update_id = out.integer('u');
        out.decimal('b', update.bid);
        out.decimal('B', update.bid_size);
        out.decimal('a', update.ask);
        out.decimal('A', update.ask_size);
    } else if (type == "24hrTicker" || type == "24hrMiniTicker") {
        auto &update = event.payload.emplace<TickerUpdate>();
        out.decimal('c', update.last);
        out.decimal('v', update.volume);
        update.last_trade_id = out.integerOr('L', -1);
    } else if (type == "forceOrder") {
        event.symbol = inner.raw('s');
        const std::string_view side = inner.raw('S');
        auto &update = event.payload.emplace<LiquidationUpdate>();
        update.sell = side == "SELL";
        in.good = update.average_price.assign(extras.average_price) && (update.sell || side == "BUY");
        in.decimal('z', update.filled);
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

FrameParser::FrameParser(Readers readers)
    : m_state(std::make_unique<State>())
    , m_readers(readers)
{}

FrameParser::~FrameParser() = default;

Status FrameParser::parse(std::string_view frame, ParsedFrame &into)
{
    into.clear();
    if (m_readers == Readers::PlainFirst) {
        if (const auto event = readPlain(frame, m_state->fields)) {
            m_state->interpret(*event, into);
            return ok();
        }
    }
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
