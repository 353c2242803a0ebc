// JSON written by hand, in the exchange's order of keys and without a tree in between: frames are made by the thousand.
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <array>
#include <charconv>

namespace tk::sim {

inline void appendNumber(QByteArray &out, qint64 value)
{
    std::array<char, 24> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    out.append(text.data(), end - text.data());
}

// `units` of 10^-decimals as the exchange prints it, with every decimal: 8308490 at 2 is 83084.90.
inline void appendDecimal(QByteArray &out, qint64 units, int decimals)
{
    std::array<char, 48> text;
    char *at = text.data() + text.size();
    quint64 rest = units < 0 ? quint64(-(units + 1)) + 1 : quint64(units);
    int written = 0;
    do {
        if (written == decimals && decimals > 0)
            *--at = '.';
        *--at = char('0' + rest % 10);
        rest /= 10;
        ++written;
    } while (rest > 0 || written <= decimals);
    if (units < 0)
        *--at = '-';
    out.append(at, text.data() + text.size() - at);
}

inline QByteArray decimal(qint64 units, int decimals)
{
    QByteArray out;
    appendDecimal(out, units, decimals);
    return out;
}

// Chained: json.text("\"p\":").quoted(price, 2).
class JsonText
{
public:
    explicit JsonText(QByteArray &out)
        : m_out(out)
    {}
    JsonText &raw(QByteArrayView text)
    {
        m_out.append(text);
        return *this;
    }
    JsonText &number(qint64 value)
    {
        appendNumber(m_out, value);
        return *this;
    }
    JsonText &string(QByteArrayView text) // names of symbols: nothing to escape
    {
        m_out.append('"').append(text).append('"');
        return *this;
    }
    JsonText &quoted(qint64 units, int decimals)
    {
        m_out.append('"');
        appendDecimal(m_out, units, decimals);
        m_out.append('"');
        return *this;
    }
    JsonText &boolean(bool value)
    {
        m_out.append(value ? "true" : "false");
        return *this;
    }

private:
    QByteArray &m_out;
};

} // namespace tk::sim
