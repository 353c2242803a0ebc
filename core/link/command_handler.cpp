#include "link/command_handler.h"

#include <utility>

namespace tk::link {

struct Reply::State
{
    explicit State(Sink given)
        : sink(std::move(given))
    {}
    State(const State &) = delete;
    State &operator=(const State &) = delete;
    ~State()
    {
        if (!ended)
            sink.fail(
                Error{Error::Kind::Cancelled, QStringLiteral("the engine dropped the command without an answer")});
    }

    Sink sink;
    bool ended = false;
};

Reply::Reply(Sink sink)
    : m_state(std::make_shared<State>(std::move(sink)))
{}

void Reply::progress(const QJsonObject &progress) const
{
    if (!m_state->ended)
        m_state->sink.progress(progress);
}

void Reply::finish(const QJsonValue &result) const
{
    if (!std::exchange(m_state->ended, true))
        m_state->sink.finish(result);
}

void Reply::fail(const Error &error) const
{
    if (!std::exchange(m_state->ended, true))
        m_state->sink.fail(error);
}

bool Reply::isWanted() const
{
    return !m_state->ended && m_state->sink.isWanted();
}

} // namespace tk::link
