#include "app/history_watch.h"

namespace tk::app {

namespace {

constexpr milliseconds patience{30'000}; // without any answer of the exchange
constexpr milliseconds lookEvery{1'000};

} // namespace

HistoryWatch::HistoryWatch(EngineCommands &commands, QObject *parent)
    : QObject(parent)
    , m_commands(commands)
    , m_lastAnswer(commands.engine().clock->now())
{
    connect(&m_timer, &QTimer::timeout, this, &HistoryWatch::look);
    connect(&commands.engine().board, &Switchboard::requestDone, this, [this](int status) {
        if (status != 0)
            m_lastAnswer = m_commands.engine().clock->now();
    });
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

QString HistoryWatch::trouble() const
{
    for (const auto &history : m_commands.engine().bridge.latest().histories) {
        if (!history->trouble.isEmpty())
            return QStringLiteral("%1: %2").arg(history->exchange, history->trouble);
    }
    return {};
}

bool HistoryWatch::isIdle() const
{
    for (const auto &history : m_commands.engine().bridge.latest().histories) {
        if (history->jobs_waiting > 0 || history->in_flight > 0)
            return false;
    }
    return true;
}

void HistoryWatch::look()
{
    if (m_ended)
        return;
    const auto &histories = m_commands.engine().bridge.latest().histories;
    bool known = histories.size() == m_commands.facts().exchanges.size();
    bool paused = false;
    for (const auto &history : histories) {
        known = known && history->instruments_known;
        paused = paused || history->paused_for.count() > 0;
    }
    // A running engine never gives up; a command on its own does, but only where nobody answers: an exchange that asks
    // for a pause is there.
    const bool silent = m_commands.engine().clock->now() - m_lastAnswer > patience && !paused && !trouble().isEmpty();
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
