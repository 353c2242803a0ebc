// A decimal number as the exchange printed it. Stays text until the database, so no rounding can happen on the way.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
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
        if (text.empty() || text.size() > Capacity)
            return {};
        // Nearly all are digits around one point: asked first, since every price of every frame passes here.
        size_t digits = 0;
        size_t points = 0;
        for (const char c : text) {
            digits += size_t(uint8_t(c - '0') < 10);
            points += size_t(c == '.');
        }
        if (digits + points != text.size() || digits == 0 || points > 1) {
            if (!isDecimal(text))
                return {};
        }
        DecimalText result;
        text.copy(result.m_text.data(), text.size());
        result.m_size = uint8_t(text.size());
        return result;
    }

    std::string_view view() const { return {m_text.data(), m_size}; }
    bool isEmpty() const { return m_size == 0; }

    // For comparing, painting and arithmetic; never for what is stored.
    double toDouble() const
    {
        double value = 0;
        std::from_chars(m_text.data(), m_text.data() + m_size, value);
        return value;
    }

    bool operator==(const DecimalText &other) const { return view() == other.view(); }

private:
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

    std::array<char, Capacity> m_text{};
    uint8_t m_size = 0;
};

// Equal as numbers: "1.50" and "1.5" are the same value told by two endpoints.
inline bool sameValue(const DecimalText &a, const DecimalText &b)
{
    return a == b || (!a.isEmpty() && !b.isEmpty() && a.toDouble() == b.toDouble());
}

} // namespace tk
