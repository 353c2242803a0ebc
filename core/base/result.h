// Errors as values: what happened, to what, and what to do about it.
#pragma once

#include <QString>

#include <functional>
#include <utility>
#include <variant>

namespace tk {

struct Error
{
    enum class Kind { Cancelled, Config, Network, Parse, Remote, Storage, Timeout, Refused };

    Kind kind = Kind::Remote;
    QString message;        // one sentence, fit for a log line and for a dialog
    bool retryable = false; // the same request may succeed later without anybody changing anything
};

// Named after std::expected, to become an alias of it one day.
template <typename T>
class [[nodiscard]] Result
{
public:
    Result(T value) // NOLINT(google-explicit-constructor): a value is a result
        : m_state(std::in_place_index<0>, std::move(value))
    {}
    Result(Error error) // NOLINT(google-explicit-constructor): so is an error
        : m_state(std::in_place_index<1>, std::move(error))
    {}

    bool has_value() const noexcept { return m_state.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    const T &value() const & { return std::get<0>(m_state); }
    T &value() & { return std::get<0>(m_state); }
    T value() && { return std::get<0>(std::move(m_state)); }
    const T *operator->() const { return &std::get<0>(m_state); }
    T *operator->() { return &std::get<0>(m_state); }
    const T &operator*() const & { return std::get<0>(m_state); }
    const Error &error() const { return std::get<1>(m_state); }

    template <typename F>
    auto and_then(F &&next) && -> std::invoke_result_t<F, T>
    {
        if (!has_value())
            return std::get<1>(std::move(m_state));
        return std::invoke(std::forward<F>(next), std::get<0>(std::move(m_state)));
    }

private:
    std::variant<T, Error> m_state;
};

using Status = Result<std::monostate>;

inline Status ok()
{
    return std::monostate{};
}

} // namespace tk
