#include "history/first_fill.h"

#include "base/logging.h"

namespace tk::history {

namespace {

constexpr milliseconds tellEvery{10'000};
constexpr MonotonicTime never{};

} // namespace

void FirstFill::planLater(MonotonicTime now)
{
    m_fill.started = now;
    m_fill.planned = true;
}

void FirstFill::plan(MonotonicTime now)
{
    m_fill.planned = false;
    if (m_fill.started == never)
        m_fill.started = now;
}

void FirstFill::wants(qint64 candles)
{
    m_fill.wanted += candles;
    ++m_fill.series;
}

bool FirstFill::begin(size_t jobs)
{
    if (m_fill.wanted <= 0 || m_fill.done)
        return false;
    m_fill.active = true;
    qCInfo(lcHistory).noquote() << "first fill begins" << logField(u"candles", QString::number(m_fill.wanted))
                                << logField(u"series", QString::number(m_fill.series))
                                << logField(u"requests", QString::number(jobs));
    return true;
}

bool FirstFill::tell(MonotonicTime now, int requestsLeft, bool idle, const std::pair<QString, QString> &spent)
{
    if (!m_fill.active)
        return false;
    m_fill.requests_left = requestsLeft;
    if (requestsLeft == 0 && idle) {
        m_fill.active = false;
        m_fill.done = true;
        qCInfo(lcHistory).noquote() << "first fill done" << logField(u"candles", QString::number(m_fill.fetched))
                                    << logField(u"in", ageText(std::chrono::duration_cast<milliseconds>(
                                                           now - m_fill.started)));
        return true;
    }
    if (now < m_fillToldAt)
        return false;
    m_fillToldAt = now + tellEvery;
    qCInfo(lcHistory).noquote()
        << "first fill" << logField(u"candles", QStringLiteral("%1/%2").arg(m_fill.fetched).arg(m_fill.wanted))
        << logField(u"percent", QString::number(m_fill.wanted > 0 ? m_fill.fetched * 100 / m_fill.wanted : 100))
        << logField(u"requests_left", QString::number(requestsLeft)) << logField(spent.first, spent.second);
    return false;
}

} // namespace tk::history
