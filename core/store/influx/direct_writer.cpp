#include "store/influx/direct_writer.h"

#include "base/backoff.h"
#include "base/logging.h"
#include "store/influx/shard_week.h"
#include "store/point_line.h"

#include <QRandomGenerator>

#include <algorithm>
#include <map>
#include <thread>

namespace tk::store::influx {

namespace {

constexpr qsizetype smallestBody = 16 * 1024;
constexpr milliseconds lookForStop{20};
constexpr milliseconds retentionSlack = std::chrono::hours(1);

} // namespace

DirectWriter::DirectWriter(DirectWriterOptions options, std::shared_ptr<const Clock> clock,
                           const std::atomic<bool> *stop)
    : m_options(std::move(options))
    , m_clock(std::move(clock))
    , m_stop(stop)
    , m_http({.timeout = m_options.settings.timeout, .ca_file = m_options.settings.tls_ca_file})
    , m_api(configuredApi(m_options.settings))
    , m_bodyLimit(m_options.largest_body)
{}

net::HttpAnswer DirectWriter::send(const net::HttpCall &call)
{
    return m_http.send(call, m_stop);
}

Error DirectWriter::errorOf(const Reply &reply) const
{
    if (isStopped())
        return Error{Error::Kind::Cancelled, QStringLiteral("interrupted")};
    const auto kind = reply.status == 0                      ? Error::Kind::Network
                      : reply.verdict == Verdict::NotAllowed ? Error::Kind::Refused
                      : reply.verdict == Verdict::WrongPlace ? Error::Kind::Config
                                                             : Error::Kind::Remote;
    return Error{kind,
                 QStringLiteral("the database at %1 does not take records: %2%3%4")
                     .arg(m_options.settings.url.toDisplayString(QUrl::RemoveUserInfo),
                          reply.status == 0 ? QString() : QString::number(reply.status) + u' ', reply.text,
                          reply.advice.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(reply.advice)),
                 reply.verdict == Verdict::ComeAgain};
}

Status DirectWriter::connect()
{
    if (!m_api) {
        const net::HttpAnswer answer = send(pingCall(m_options.settings));
        const auto api = recognise(answer, m_options.settings);
        if (!api) {
            Error error = errorOf({.status = answer.status, .text = api.error().message});
            if (error.kind != Error::Kind::Cancelled)
                error.kind = api.error().kind;
            return error;
        }
        m_api = *api;
    }
    DatabaseSetup setup(*m_api, m_options.settings);
    net::HttpCall call = setup.first();
    for (;;) {
        DatabaseSetup::Step step = setup.after(send(call), m_clock->utcNow());
        if (const auto *reply = std::get_if<Reply>(&step))
            return errorOf(*reply);
        if (const auto *ready = std::get_if<DatabaseSetup::Ready>(&step)) {
            m_retention = ready->retention;
            return ok();
        }
        call = std::get<net::HttpCall>(std::move(step));
    }
}

Result<qint64> DirectWriter::write(Lane lane, QByteArrayView lines, const TakeRefused &refused)
{
    if (!m_api) {
        if (const Status connected = connect(); !connected)
            return connected.error();
    }
    // What the retention would remove is not sent: the server counts such lines without naming them, and each would
    // have to be found by halving.
    const bool bounded = m_retention && m_retention->count() > 0;
    const UtcTime oldest = bounded ? m_clock->utcNow() - *m_retention + retentionSlack : UtcTime{};
    std::map<qint64, std::vector<QByteArray>> weeks;
    eachLine(lines, [&](QByteArrayView line) {
        const auto point = readPointLine(line);
        const UtcTime time =
            point ? stampTime(lane, point->stamp) : UtcTime{}; // a line of nobody's: let the server say
        if (point && bounded && time < oldest) {
            refused({line.toByteArray(), Reply{.text = QStringLiteral("older than the database's retention")}, 0});
            return;
        }
        std::vector<QByteArray> &bodies = weeks[shardWeek(time)];
        if (bodies.empty() || bodies.back().size() + line.size() + 1 > m_bodyLimit)
            bodies.emplace_back();
        bodies.back().append(line).append('\n');
    });
    qint64 delivered = 0;
    for (auto &[week, bodies] : weeks) {
        for (QByteArray &body : bodies) {
            const auto done = deliver(lane, std::move(body), refused);
            if (!done)
                return done.error();
            delivered += *done;
        }
    }
    return delivered;
}

Result<qint64> DirectWriter::deliver(Lane lane, QByteArray lines, const TakeRefused &refused)
{
    const qint64 count = lines.count('\n');
    Isolation body(std::move(lines));
    Backoff backoff(milliseconds(200), milliseconds(5'000), QRandomGenerator::global()->generate64());
    MonotonicTime giveUpAt = m_clock->now() + m_options.patience;
    while (!body.isDone()) {
        const QByteArray piece = body.piece();
        const QByteArray packed = m_gzip.compress(piece);
        const net::HttpAnswer answer = send(writeCall(*m_api, m_options.settings, isInNanoseconds(lane), packed));
        const Reply reply = judge(answer, packed.size(), m_clock->utcNow());
        if (isStopped())
            return errorOf(reply);
        const MonotonicTime now = m_clock->now();
        body.answered(reply, now);
        if (reply.verdict == Verdict::NotAllowed || reply.verdict == Verdict::WrongPlace)
            return errorOf(reply);
        if (reply.verdict == Verdict::TooLarge)
            m_bodyLimit = std::max(smallestBody, std::min(m_bodyLimit, piece.size()) / 2);
        if (reply.status != 0 && reply.verdict != Verdict::ComeAgain) {
            giveUpAt = now + m_options.patience;
            backoff.reset();
            continue;
        }
        if (now >= giveUpAt)
            return errorOf(reply);
        if (backoff.failures() == 0)
            qCWarning(lcStore).noquote() << errorOf(reply).message << "- trying again";
        pause(std::max(backoff.next(), reply.retry_after));
    }
    for (const Isolation::Refused &one : body.refused())
        refused(one);
    return count - qint64(body.refused().size());
}

void DirectWriter::pause(milliseconds span) const
{
    const MonotonicTime until = m_clock->now() + span;
    while (m_clock->now() < until && !isStopped())
        std::this_thread::sleep_for(lookForStop);
}

} // namespace tk::store::influx
