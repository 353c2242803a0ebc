#include "history/rest_trouble.h"

#include "base/logging.h"

#include <QRandomGenerator>

#include <algorithm>

namespace tk::history {

namespace {

constexpr milliseconds tellEvery{60'000};

} // namespace

RestTrouble::RestTrouble(const Clock &clock, QString exchange)
    : m_clock(&clock)
    , m_exchange(std::move(exchange))
    , m_backoff(milliseconds(1'000), milliseconds(60'000), QRandomGenerator::global()->generate64())
{}

void RestTrouble::hold()
{
    m_heldUntil = m_clock->now() + m_backoff.next();
}

void RestTrouble::holdFor(milliseconds pause)
{
    m_heldUntil = m_clock->now() + pause;
}

void RestTrouble::fell(const QString &what, const Circumstances &circumstances)
{
    const MonotonicTime now = m_clock->now();
    if (m_text.isEmpty())
        m_since = m_clock->utcNow();
    const bool news = m_text != what;
    m_text = what;
    if ((!news && now < m_toldAt) || !m_limit.allow(now))
        return;
    m_toldAt = now + tellEvery;
    m_toldLast = true;
    const milliseconds wait =
        std::max(circumstances.paused_for, std::chrono::duration_cast<milliseconds>(std::max(m_heldUntil, now) - now));
    qCWarning(lcHistory).noquote()
        << QStringLiteral("history of %1 does not work: %2%3").arg(m_exchange, what, m_limit.untold())
        << logField(u"retry_in", ageText(wait))
        << logField(u"jobs_waiting", QString::number(circumstances.jobs_waiting))
        << logField(u"instruments", circumstances.instruments_known
                                        ? QStringLiteral("known")
                                        : QStringLiteral("unknown: nothing can be collected"));
}

void RestTrouble::works()
{
    if (m_text.isEmpty())
        return;
    m_text.clear();
    m_backoff.reset();
    tellWorking();
}

void RestTrouble::tellWorking()
{
    if (!m_toldLast || !m_text.isEmpty() || !m_limit.allow(m_clock->now()))
        return;
    m_toldLast = false;
    qCInfo(lcHistory).noquote() << "REST works again" << logField(u"exchange", m_exchange)
                                << logField(u"after", ageText(m_clock->utcNow() - m_since));
}

} // namespace tk::history
