// The limits of an exchange as it states them: data of its adapter, kept by whoever asks and connects.
#pragma once

#include "base/time.h"

#include <QByteArray>

#include <vector>

namespace tk::exchange {

// Limits of a websocket connection.
struct ConnectionLimits
{
    int planned_streams = 200; // per connection
    int names_per_message = 100;
    int messages_per_second = 5; // what we send at most, well under the exchange's limit
    milliseconds life = std::chrono::hours(24);
    milliseconds rotate_after = std::chrono::hours(23);
    int attempts = 200;                                        // connection attempts ...
    milliseconds attempts_window = std::chrono::minutes(5);    // ... in this window, per address
    milliseconds transport_silence = std::chrono::seconds(15); // no bytes at all: the connection is dead
    // The same where no stream of the connection has to tick: the exchange's own pings, or the answers to our
    // keep-alive frames, are all that shows it alive.
    milliseconds ping_silence = std::chrono::seconds(330);
};

// What the exchange wants to hear from us on every connection, or it cuts it.
struct KeepAlive
{
    QByteArray frame;   // a text frame
    milliseconds every; // after the connection opened, and after the one before
};

// So many requests, or so much weight of them, in a window of time.
struct RequestLimit
{
    enum class Window {
        Aligned, // windows follow one another, from the exchange's midnight on (Binance: each UTC minute)
        Sliding, // at any moment, what was asked for since that long
    };
    enum class Scope {
        Address, // all that is asked for from here shares it
        Path,    // each endpoint has as much of its own
    };
    QByteArray name; // what a request's cost names
    int amount = 0;  // in a window
    milliseconds window{};
    Window kind = Window::Sliding;
    Scope scope = Scope::Address;
};

// What a request takes of a limit.
struct RequestCost
{
    QByteArray limit; // RequestLimit::name
    int amount = 1;   // by the exchange's documentation

    bool operator==(const RequestCost &) const = default;
};

// What an answer tells: so much of a limit is used, by all who ask from this address.
struct LimitUse
{
    QByteArray limit;
    int used = 0;

    bool operator==(const LimitUse &) const = default;
};

struct RestLimits
{
    std::vector<RequestLimit> requests; // the first is the one that most requests cost, and that is told to people
    int max_candles = 1000;             // that one answer brings
    int small_candles = 500;            // that one answer brings at the least cost there is
};

} // namespace tk::exchange
