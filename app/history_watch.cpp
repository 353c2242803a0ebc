#include "app/history_watch.h"

#include <algorithm>
#include <utility>

namespace tk::app {

namespace {

constexpr milliseconds patience{30'000}; // without any answer of the exchange
constexpr milliseconds lookEvery{1'000};

} // namespace

HistoryWatch::HistoryWatch(EngineCommands &commands, QString exchange)
    : m_commands(commands)
    , m_exchange(std::move(exchange))
    , m_since(commands.engine().clock->now())
{
    connect(&m_timer, &QTimer::timeout, this, &HistoryWatch::look);
    connect(&commands.engine().board, &Switchboard::requestAnswered, this,
            [this](const QString &who) { m_lastAnswer[who] = m_commands.engine().clock->now(); });
    connect(&commands.engine().board, &Switchboard::historySnapshot, this, [this] {
        if (!m_ready)
            look();
    });
}

void HistoryWatch::start()
{
    m_timer.start(m_commands.engine().clock->timerDelay(lookEvery));
    look();
}

std::vector<std::shared_ptr<const history::HistorySnapshot>> HistoryWatch::watched() const
{
    std::vector<std::shared_ptr<const history::HistorySnapshot>> all;
    for (const auto &history : m_commands.engine().bridge.latest().histories) {
        if (m_exchange.isEmpty() || history->exchange == m_exchange)
            all.push_back(history);
    }
    return all;
}

QString HistoryWatch::trouble() const
{
    for (const auto &history : watched()) {
        if (!history->trouble.isEmpty())
            return QStringLiteral("%1: %2").arg(history->exchange, history->trouble);
    }
    return {};
}

bool HistoryWatch::isIdle() const
{
    return std::ranges::none_of(
        watched(), [](const auto &history) { return history->jobs_waiting > 0 || history->in_flight > 0; });
}

void HistoryWatch::look()
{
    if (m_ended)
        return;
    const auto histories = watched();
    bool known = qsizetype(histories.size()) == (m_exchange.isEmpty() ? m_commands.facts().exchanges.size() : 1);
    // A running engine never gives up; a command on its own does, but only where nobody answers: an exchange that asks
    // for a pause is there.
    bool silent = false;
    const MonotonicTime now = m_commands.engine().clock->now();
    for (const auto &history : histories) {
        known = known && history->instruments_known;
        silent = silent || (now - m_lastAnswer.value(history->exchange, m_since) > patience &&
                            history->paused_for.count() == 0 && !history->trouble.isEmpty());
    }
    if (silent && (!known || !m_commands.engine().live)) {
        m_ended = true;
        m_timer.stop();
        Q_EMIT hopeless(Error{Error::Kind::Network,
                              QStringLiteral("the exchange gives no answer: %1; check rest_url and the network, then "
                                             "run the same again")
                                  .arg(trouble()),
                              true});
        return;
    }
    if (!known)
        return;
    if (!std::exchange(m_ready, true))
        Q_EMIT ready();
    else
        Q_EMIT looked();
}

} // namespace tk::app
