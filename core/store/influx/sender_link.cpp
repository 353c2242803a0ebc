// The sender's way to its database: found or made, watched while it delivers, lost and found again.
#include "base/logging.h"
#include "store/influx/sender.h"

#include <algorithm>

namespace tk::store::influx {

namespace {

constexpr milliseconds tellEvery{60'000};
constexpr milliseconds knockMax{60'000};

} // namespace

void Sender::connectToDatabase()
{
    m_link = Link::Asking;
    if (m_api) {
        m_setup.emplace(*m_api, m_options.settings);
        m_http->send(m_setup->first(), [this](const net::HttpAnswer &answer) { setup(answer); });
        return;
    }
    m_http->send(pingCall(m_options.settings),
                 [this](const net::HttpAnswer &answer) {
                     const auto api = recognise(answer, m_options.settings);
                     if (!api) {
                         Reply reply = judge(answer, 0, m_parts.clock->utcNow());
                         reply.text = api.error().message;
                         linkFailed(reply, answer.status == 0 ? Link::Down : Link::Parked);
                         return;
                     }
                     m_api = *api;
                     qCInfo(lcStore).noquote()
                         << "the database speaks" << logField(u"api", QString::fromLatin1(apiName(*api).data()))
                         << logField(u"version", QString::fromLatin1(answer.headers.value("X-Influxdb-Version")));
                     connectToDatabase();
                 });
}

void Sender::setup(const net::HttpAnswer &answer)
{
    const DatabaseSetup::Step step = m_setup->after(answer, m_parts.clock->utcNow());
    if (const auto *call = std::get_if<net::HttpCall>(&step)) {
        m_http->send(*call, [this](const net::HttpAnswer &next) { setup(next); });
        return;
    }
    if (const auto *reply = std::get_if<Reply>(&step)) {
        const bool again = reply->verdict == Verdict::ComeAgain || reply->verdict == Verdict::TooLarge;
        linkFailed(*reply, again ? Link::Down : Link::Parked);
        return;
    }
    placeFound(std::get<DatabaseSetup::Ready>(step));
    m_link = Link::Up;
    if (toMs(m_parts.spool->figures().oldestWaiting()) == 0)
        linkWorks(); // it is there and knows us, and there is nothing that it could refuse
    else if (m_state.trouble.isEmpty())
        m_state.state = SenderSnapshot::State::Delivering;
    pump();
}

void Sender::placeFound(const DatabaseSetup::Ready &ready)
{
    const QString name = *m_api == Api::V2 ? m_options.settings.bucket : m_options.settings.database;
    const bool wasMissing = std::exchange(m_missingInRow, 0) > 0;
    m_lookUpAt = m_parts.clock->now() + m_options.look_up_every;
    if (ready.created)
        qCInfo(lcStore).noquote() << "the database was made with the configured retention"
                                  << logField(u"database", name);
    // Found for the first time, and nothing was ever confirmed by it: nothing can be lost. A first start would count a
    // year of nothing otherwise.
    const bool mayHaveHeld = std::exchange(m_placeFound, true) || !m_parts.index->isEmpty();
    if (ready.created || wasMissing)
        startOver();
    if ((ready.created || wasMissing) && mayHaveHeld)
        Q_EMIT databaseDoubtful(ready.created ? QStringLiteral("%1 was not there and was made anew").arg(name)
                                              : QStringLiteral("%1 was not there for a while").arg(name));
    const bool news = ready.retention != m_retention;
    m_retention = ready.retention;
    m_state.retention = ready.retention;
    if (!m_retention || !news)
        return;
    if (m_retention->count() != 0 &&
        (*m_retention < m_options.settings.retention || m_options.settings.retention.count() == 0))
        qCWarning(lcStore).noquote() << "the database keeps less than the configuration says; it is left as it is, and "
                                        "what it would refuse for its age is neither fetched nor sent"
                                     << logField(u"retention", ageText(*m_retention));
    Q_EMIT retentionKnown(worthKeeping(*m_retention));
}

// Somebody may drop it, change its password or how long it keeps, while we deliver: a write would tell the first two at
// last, nothing the third. And one that is away may come back while we wait for the next try.
void Sender::lookUp()
{
    if (m_lookingUp || m_stopping)
        return;
    if (m_link == Link::Down)
        return knock();
    if (m_link != Link::Up || m_parts.clock->now() < m_lookUpAt)
        return;
    m_lookUpAt = m_parts.clock->now() + m_options.look_up_every;
    m_lookingUp = true;
    m_setup.emplace(*m_api, m_options.settings);
    // 3.x has no question about a database that a token for writing may ask; its ping looks at the token.
    const net::HttpCall call = m_api == Api::V3 ? pingCall(m_options.settings) : m_setup->first();
    m_http->send(call, [this, asked = m_parts.clock->utcNow()](const net::HttpAnswer &answer) {
        m_lookingUp = false;
        if (m_link == Link::Up)
            lookedUp(answer, asked);
    });
}

void Sender::lookedUp(const net::HttpAnswer &answer, UtcTime asked)
{
    // Nobody is there: said now, and not when the next records come. One that takes records may be slow to answer.
    const Reply reply = judge(answer, 0, m_parts.clock->utcNow());
    if (reply.status == 0 && (!reply.timed_out || m_state.last_delivered < asked))
        return linkFailed(reply, Link::Down);
    // It does not know us any more. Who may not look (403) may still write: that the writes tell.
    if (reply.status == 401)
        return linkFailed(reply, Link::Parked);
    if (m_api == Api::V3)
        return;
    const DatabaseSetup::Step step = m_setup->after(answer, m_parts.clock->utcNow());
    if (const auto *ready = std::get_if<DatabaseSetup::Ready>(&step)) {
        placeFound(*ready);
    } else if (std::holds_alternative<net::HttpCall>(step)) { // it is not there: made by the usual way
        ++m_missingInRow;
        connectToDatabase();
    } // what else goes wrong, the writes tell
}

// One that did not answer at all is asked cheaply, every few seconds, whether it is back, and tried at once when it
// is: nobody waits for the end of a pause that grew meanwhile. One that answers and refuses keeps that pause; so does
// one that answers this alone, as the knocking grows rarer until something is delivered.
void Sender::knock()
{
    const MonotonicTime now = m_parts.clock->now();
    if (!m_away || now < m_knockAt || now >= m_retryAt)
        return;
    m_knockAt = now + m_knockEvery;
    m_lookingUp = true;
    m_http->send(pingCall(m_options.settings), [this](const net::HttpAnswer &answer) {
        m_lookingUp = false;
        if (m_link != Link::Down || !m_away || answer.status == 0 || answer.status >= 500)
            return;
        m_knockEvery = std::min(2 * m_knockEvery, knockMax);
        m_retryAt = m_parts.clock->now();
        pump();
    });
}

// One line of each measurement that it refuses, now and then: when it takes that one, all the others follow.
void Sender::lookAtRefusals()
{
    if (m_link != Link::Up || m_stopping)
        return;
    if (const auto probe = m_refusals->probe(m_parts.clock->now())) {
        ++m_state.requests;
        m_http->send(writeCall(*m_api, m_options.settings, probe->nanoseconds, m_gzip.compress(probe->line + '\n')),
                     [this, measurement = probe->measurement](const net::HttpAnswer &answer) {
                         const Verdict verdict = judge(answer, 0, m_parts.clock->utcNow()).verdict;
                         if (verdict != Verdict::Delivered && verdict != Verdict::BadLines)
                             return m_refusals->unanswered(); // it did not look at the line
                         m_refusals->probed(measurement, verdict == Verdict::Delivered, m_parts.clock->now());
                         if (verdict != Verdict::Delivered)
                             return;
                         qCInfo(lcStore).noquote() << "the database takes again what it refused; it is sent again"
                                                   << logField(u"measurement", measurement);
                         Q_EMIT takenAgain(measurement, false);
                     });
    }
    const PerLane<QByteArray> again = m_refusals->takeAgain();
    if (std::ranges::any_of(again, [](const QByteArray &lines) { return !lines.isEmpty(); })) {
        if (const auto appended = m_parts.spool->append(again, m_parts.clock->utcNow()); !appended) {
            qCWarning(lcStore).noquote() << "dead letters could not be spooled again:" << appended.error().message;
            return;
        }
        for (const Lane lane : allLanes)
            m_parts.index->taken(lane, again[size_t(lane)]);
    }
    for (const QString &measurement : m_refusals->takeFinished(m_parts.clock->utcNow()))
        Q_EMIT takenAgain(measurement, true);
}

void Sender::linkFailed(const Reply &reply, Link state)
{
    const MonotonicTime now = m_parts.clock->now();
    const UtcTime utc = m_parts.clock->utcNow();
    m_link = state;
    m_retryAt = now + (state == Link::Parked ? m_options.parked_retry : std::max(m_backoff.next(), reply.retry_after));
    if (state == Link::Parked && reply.status == 404 && m_missingInRow++ == 0)
        m_retryAt = now; // it is gone: made anew at once, and counted, since what it held is gone, too
    m_away = reply.status == 0;
    m_knockAt = now + m_knockEvery;
    ++m_state.failures[reply.code()];
    Q_EMIT writeFailed(reply.code());
    if (reply.may_have_lost) {
        const UtcTime from = utc - m_options.resend_reach;
        m_rewindTo = m_rewindTo ? std::min(*m_rewindTo, from) : from;
    }
    const QString trouble = reply.status == 0 ? reply.text : QStringLiteral("%1 %2").arg(reply.status).arg(reply.text);
    if (m_state.trouble.isEmpty())
        m_state.trouble_since = utc;
    const bool news = m_state.trouble != trouble;
    m_state.trouble = trouble;
    m_state.advice = reply.advice;
    m_state.state = state == Link::Parked ? SenderSnapshot::State::Parked : SenderSnapshot::State::Retrying;
    if (!news && now < m_toldAt)
        return;
    m_toldAt = now + tellEvery;
    const SpoolFigures figures = m_parts.spool->figures();
    const QString details = logField(u"since", isoText(m_state.trouble_since)) + u' ' +
                            logField(u"spooled_bytes", QString::number(figures.waitingBytes()));
    if (state == Link::Parked)
        qCCritical(lcStore).noquote() << "the database refuses all records:" << trouble
                                      << (reply.advice.isEmpty() ? QString() : u'(' + reply.advice + u')') << details;
    else
        qCWarning(lcStore).noquote() << "the database does not take records:" << trouble
                                     << (reply.advice.isEmpty() ? QString() : u'(' + reply.advice + u')') << details;
}

void Sender::linkWorks()
{
    m_link = Link::Up;
    m_backoff.reset();
    m_away = false;
    m_knockEvery = m_options.knock_every;
    m_state.state = SenderSnapshot::State::Delivering;
    if (m_state.trouble.isEmpty())
        return;
    const SpoolFigures figures = m_parts.spool->figures();
    qCInfo(lcStore).noquote() << "the database takes records again"
                              << logField(u"after", ageText(m_parts.clock->utcNow() - m_state.trouble_since))
                              << logField(u"backlog_bytes", QString::number(figures.waitingBytes()));
    m_state.trouble.clear();
    m_state.advice.clear();
    Q_EMIT databaseReturned();
}

} // namespace tk::store::influx
