#include "exchange/binance_usdm/plain_frame.h"

#include <bit>
#include <cstring>

namespace tk::exchange::binance {

namespace {

constexpr quint64 everyByte = 0x0101'0101'0101'0101;
constexpr quint64 highBits = 0x80 * everyByte;

// The high bit of each byte below `limit` (at most 0x80). Of the bytes behind the first such one some may be marked
// wrongly (before it, on big-endian machines): then the caller finds another byte than it looks for, and gives up.
constexpr quint64 below(quint64 word, quint64 limit)
{
    return (word - limit * everyByte) & ~word & highBits;
}

// Of the first byte in memory that has its high bit set in `marks`.
int firstByte(quint64 marks)
{
    return (std::endian::native == std::endian::little ? std::countr_zero(marks) : std::countl_zero(marks)) / 8;
}

// Walks the text and is never more than a few bytes behind its end: each step first asks whether it is still within.
class Walk
{
public:
    explicit Walk(std::string_view text)
        : m_at(text.data())
        , m_end(text.data() + text.size())
    {}

    const char *at() const { return m_at; }
    bool isAtEnd() const { return m_at == m_end; }
    bool is(char c) const { return *m_at == c; }

    template <size_t N>
    bool skip(const char (&text)[N]) // at most 16 bytes
    {
        static_assert(N <= 17);
        if (m_at >= m_end || std::memcmp(m_at, text, N - 1) != 0)
            return false;
        m_at += N - 1;
        return true;
    }

    // Behind the opening quote: the text up to the closing one, and past it. False where a byte needs a closer look.
    bool quoted(std::string_view &text)
    {
        const char *begin = m_at;
        for (; m_at < m_end; m_at += sizeof(quint64)) {
            quint64 word;
            std::memcpy(&word, m_at, sizeof(word));
            const quint64 marks = below(word ^ '"' * everyByte, 1) | below(word ^ '\\' * everyByte, 1) |
                                  below(word, ' ') | (word & highBits);
            if (marks == 0)
                continue;
            m_at += firstByte(marks);
            text = {begin, size_t(m_at - begin)};
            return *m_at++ == '"';
        }
        return false;
    }

    // A number's characters, true, false or null. What stands for a number is checked by who reads it as one.
    bool bare(std::string_view &text)
    {
        const char *begin = m_at;
        if (m_at >= m_end)
            return false;
        if (uint8_t(*m_at - '0') < 10 || *m_at == '-') {
            do
                ++m_at;
            while (m_at < m_end && (uint8_t(*m_at - '0') < 10 || *m_at == '.'));
        } else if (!skip("true") && !skip("false") && !skip("null")) {
            return false;
        }
        text = {begin, size_t(m_at - begin)};
        return true;
    }

    bool scalar(std::string_view &text)
    {
        if (!is('"'))
            return bare(text);
        ++m_at;
        return quoted(text);
    }

    // "name": and past it.
    bool name(std::string_view &name)
    {
        if (m_at >= m_end || m_at[0] != '"')
            return false;
        if (m_at[2] == '"' && m_at[3] == ':' && m_at[1] != '\\' && Fields::isSlot(m_at[1])) {
            name = {m_at + 1, 1};
            m_at += 4;
            return true;
        }
        ++m_at;
        return quoted(name) && *m_at++ == ':';
    }

    // Past what stands behind a value; `more` says whether it was a comma. False when it was not the object's end
    // either.
    bool next(bool &more)
    {
        if (m_at >= m_end)
            return false;
        const char c = *m_at++;
        more = c == ',';
        return more || c == '}';
    }

private:
    const char *m_at;
    const char *m_end;
};

// Behind its opening brace. Only the outer object (`outer` is `&fields`) may hold others.
bool object(Walk &walk, Fields &fields, FrameFields &into)
{
    for (bool more = true; more;) {
        std::string_view name;
        std::string_view text;
        if (!walk.name(name))
            return false;
        if (walk.is('{')) {
            if (&fields != &into.outer || (name != "k" && name != "o") || !walk.skip("{") ||
                !object(walk, into.inner, into))
                return false;
        } else if (walk.scalar(text)) {
            into.keep(name, text, fields);
        } else {
            return false;
        }
        if (!walk.next(more))
            return false;
    }
    return true;
}

} // namespace

std::optional<std::string_view> readPlain(std::string_view frame, FrameFields &into)
{
    into.clear();
    Walk walk(frame);
    std::string_view ignored;
    const bool wrapped = walk.skip("{\"stream\":\"");
    if (wrapped && !(walk.quoted(ignored) && walk.skip(",\"data\":")))
        return {};
    const char *begin = walk.at();
    if (!walk.skip("{") || !object(walk, into.outer, into))
        return {};
    const std::string_view event(begin, size_t(walk.at() - begin));
    if (wrapped && !walk.skip("}"))
        return {};
    const bool answer = into.answer.given || into.answer.error;
    if (!walk.isAtEnd() || answer)
        return {};
    return event;
}

} // namespace tk::exchange::binance
