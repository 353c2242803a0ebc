// A decimal number as the exchange printed it. Stays text until the database, so no rounding can happen on the way.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace tk {

class DecimalText
{
public:
    static constexpr size_t Capacity = 31;

    DecimalText() = default;

    // Nothing for text that is not a plain decimal ("-12.50"); exponents are accepted, since other venues print them.
    static std::optional<DecimalText> from(std::string_view text)
    {
        std::optional<DecimalText> result(std::in_place);
        if (!result->assign(text))
            result.reset();
        return result;
    }

    // The same in place: every price of every frame passes here. False leaves it empty.
    bool assign(std::string_view text)
    {
        m_text.fill('0'); // behind the text too: isPlain() reads whole words
        const bool fits = !text.empty() && text.size() <= Capacity;
        if (fits)
            std::memcpy(m_text.data(), text.data(), text.size());
        const bool good = fits && (isPlain(text.size()) || isDecimal(text));
        m_text[Capacity] = good ? char(text.size()) : '\0';
        return good;
    }

    std::string_view view() const { return {m_text.data(), size_t(m_text[Capacity])}; }
    bool isEmpty() const { return m_text[Capacity] == '\0'; }

    // For comparing, painting and arithmetic; never for what is stored.
    double toDouble() const
    {
        double value = 0;
        std::from_chars(view().data(), view().data() + view().size(), value);
        return value;
    }

    bool operator==(const DecimalText &other) const { return view() == other.view(); }

private:
    // Digits around at most one point, as nearly all are: eight characters at a time.
    bool isPlain(size_t size) const
    {
        constexpr uint64_t each = 0x0101'0101'0101'0101;
        uint64_t points = 0;
        for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
            uint64_t word = 0;
            std::memcpy(&word, m_text.data() + i, sizeof(word));
            const uint64_t digit = word ^ '0' * each;
            const uint64_t point = word ^ '.' * each;
            // The high bit of each byte that is no digit, and of each that is a point.
            const uint64_t others = (((digit & 0x7f * each) + 0x76 * each) | digit) & 0x80 * each;
            const uint64_t pointed = ~(((point & 0x7f * each) + 0x7f * each) | point) & 0x80 * each;
            if (others != pointed || (pointed & (pointed - 1)) != 0 || (points != 0 && pointed != 0))
                return false;
            points |= pointed;
        }
        return size > 1 || points == 0;
    }

    // The whole rule, with signs and exponents.
    static bool isDecimal(std::string_view text)
    {
        bool digit = false;
        bool point = false;
        bool exponent = false;
        for (size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c >= '0' && c <= '9') {
                digit = true;
            } else if (c == '.' && !point && !exponent) {
                point = true;
            } else if ((c == 'e' || c == 'E') && digit && !exponent) {
                exponent = true;
                digit = false;
            } else if ((c == '-' || c == '+') && (i == 0 ? c == '-' : (text[i - 1] | 0x20) == 'e')) {
            } else {
                return false;
            }
        }
        return digit;
    }

    std::array<char, Capacity + 1> m_text{}; // its last byte is the length of the text
};

// Equal as numbers: "1.50" and "1.5" are the same value told by two endpoints.
inline bool sameValue(const DecimalText &a, const DecimalText &b)
{
    return a == b || (!a.isEmpty() && !b.isEmpty() && a.toDouble() == b.toDouble());
}

} // namespace tk
