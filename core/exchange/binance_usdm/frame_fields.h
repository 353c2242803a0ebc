// What the objects of one event say, by the names of their fields. Both readers of frames fill it, the quick one and
// the full one, so that they cannot differ in what a field means. Views into the frame.
#pragma once

#include <QString>

#include <array>
#include <string_view>

namespace tk::exchange::binance {

// The scalar fields of one object, by their one-letter names; Binance uses nearly all letters in both cases.
class Fields
{
public:
    static constexpr bool isSlot(char name) { return name >= 'A' && name <= 'z'; }

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

struct FrameFields
{
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

    Fields outer;
    Fields inner; // of kline's "k" and forceOrder's "o"
    Extras extras;
    Answer answer;

    void clear()
    {
        outer.clear();
        inner.clear();
        extras = {};
        answer = {};
    }

    // A scalar of the outer or the inner object.
    void keep(std::string_view name, std::string_view text, Fields &fields)
    {
        if (name.size() == 1 && Fields::isSlot(name[0]))
            fields.set(name[0], text);
        else
            keepNamed(name, text);
    }

private:
    void keepNamed(std::string_view name, std::string_view text);
};

} // namespace tk::exchange::binance
