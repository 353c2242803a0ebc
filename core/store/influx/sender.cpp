#include "store/influx/sender.h"

#include "base/logging.h"
#include "store/influx/shard_week.h"

#include <QRandomGenerator>

#include <algorithm>

namespace tk::store::influx {

namespace {

constexpr milliseconds tickEvery{250};
constexpr milliseconds saveEvery{1'000};
constexpr milliseconds snapshotEvery{1'000};
constexpr milliseconds batchAge{500};         // what is little waits so long for more
constexpr qint64 worthSending = 256 * 1024;   // bytes that do not wait
constexpr qint64 loadBytes = 2 * 1024 * 1024; // taken from the spool at once: a week's share of it fills a body
constexpr qsizetype smallestBody = 16 * 1024; // below it a lane is too slow to be of use
constexpr size_t mostUnsettled = 8;           // delivered bodies that wait for their refused lines to be written
constexpr int mostPatience = 16;              // times the configured timeout
constexpr int quickAnswersToTrust = 20;
constexpr int wholeBodiesToGrow = 200;       // then a lowered limit may have been a passing trouble
constexpr milliseconds rewindEvery{600'000}; // so that a flapping server cannot keep us sending the same for ever
constexpr milliseconds stopGrace{1'500};     // of real time, within the grace that the host gives
constexpr milliseconds caughtUpEvery{2'000};
constexpr milliseconds tidyEvery = std::chrono::hours(24);
constexpr double scarceAbove = 0.8;
constexpr double roomyBelow = 0.6;
constexpr milliseconds futureSlack = std::chrono::hours(24);
constexpr UtcTime firstPlausible = fromMs(1'230'768'000'000); // 2009: nothing was traded before

net::HttpOptions httpOptions(const config::InfluxSettings &settings)
{
    return {.timeout = settings.timeout, .ca_file = settings.tls_ca_file};
}

} // namespace

Sender::Sender(SenderOptions options, SpoolParts parts, std::function<void()> beat)
    : m_options(std::move(options))
    , m_parts(std::move(parts))
    , m_beat(std::move(beat))
    , m_api(configuredApi(m_options.settings))
    , m_backoff(milliseconds(500), milliseconds(60'000), QRandomGenerator::global()->generate64())
    , m_bodyLimit(m_options.largest_body)
    , m_knockEvery(m_options.knock_every)
{
    connect(&m_tick, &QTimer::timeout, this, &Sender::tick);
}

Sender::~Sender()
{
    m_http.reset(); // before what its answers would touch
}

Status Sender::start()
{
    m_http = std::make_unique<net::HttpClient>(httpOptions(m_options.settings));
    auto file = IndexFile::open(m_options.index_file);
    if (!file)
        return file.error();
    m_indexFile = std::move(file).value();
    m_letters.emplace(DeadLetterOptions{.folder = m_options.dead_letter_folder});
    m_refusals.emplace(Refusals::Options{.folder = m_options.dead_letter_folder,
                                         .database = !m_options.settings.org.isEmpty() ? m_options.settings.bucket
                                                                                       : m_options.settings.database});
    m_refusals->load(m_parts.clock->utcNow(), m_parts.clock->now());
    const SpoolFigures figures = m_parts.spool->figures();
    for (const Lane lane : allLanes)
        of(lane).cursor = figures.lanes[size_t(lane)].acknowledged_seq;
    if (!m_parts.spool->wasClosedCleanly()) {
        // We may have gone down together with the database.
        m_rewindTo = m_parts.clock->utcNow() - m_options.resend_reach;
    }
    m_state.trouble_since = m_parts.clock->utcNow();
    m_tick.setInterval(m_parts.clock->timerDelay(tickEvery));
    m_tick.start();
    pump();
    return ok();
}

void Sender::stop()
{
    m_stopping = true;
    m_stopBy = m_parts.clock->now() + stopGrace;
    pump();
    tick();
}

void Sender::spoolGrew()
{
    if (m_lookStarted)
        m_lookStarted();
    pump();
}

void Sender::tick()
{
    m_beat();
    const MonotonicTime now = m_parts.clock->now();
    pump();
    lookUp();
    lookAtRefusals();
    settleTickets(); // an append may have come in between the acknowledgement and the ticket
    const SpoolFigures figures = m_parts.spool->figures();
    const bool waits = toMs(figures.oldestWaiting()) != 0;
    if (now >= m_saveAt) {
        m_saveAt = now + saveEvery;
        save();
    }
    if (!waits && m_deliveredSinceCaughtUp && now >= m_caughtUpAt) {
        m_caughtUpAt = now + caughtUpEvery;
        m_deliveredSinceCaughtUp = false;
        Q_EMIT caughtUp();
    }
    const double filled = figures.max_size > 0 ? double(figures.waitingBytes()) / double(figures.max_size) : 0;
    if (m_scarce ? filled < roomyBelow : filled > scarceAbove) {
        m_scarce = !m_scarce;
        if (m_scarce)
            qCCritical(lcStore).noquote() << "the spool is filling up: history waits, so that live data has room"
                                          << logField(u"spooled", QString::number(figures.waitingBytes()))
                                          << logField(u"max_size", QString::number(figures.max_size));
        else
            qCInfo(lcStore) << "the spool has room again";
        Q_EMIT roomChanged(m_scarce);
    }
    if (now >= m_snapshotAt) {
        m_snapshotAt = now + snapshotEvery;
        sendSnapshot();
    }
    if (now >= m_tidyAt) {
        m_tidyAt = now + tidyEvery;
        if (const Status tidied = m_letters->removeOld(m_parts.clock->utcNow()); !tidied)
            qCWarning(lcStore).noquote() << tidied.error().message;
    }
    if (m_stopping) {
        const bool busy = std::ranges::any_of(m_lanes, [](const LaneState &lane) { return lane.in_flight; });
        if (now < m_stopBy && m_link == Link::Up && (waits || busy))
            return;
        m_tick.stop();
        m_http.reset();
        save();
        // What an outage may have cost and was not sent again yet is the next run's to send: it goes back as after a
        // crash.
        if (!m_rewindTo) {
            if (const Status closed = m_parts.spool->closeCleanly(m_parts.clock->utcNow()); !closed)
                qCWarning(lcStore).noquote() << closed.error().message;
        }
        if (waits)
            qCInfo(lcStore).noquote() << "what the database has not confirmed stays in the spool"
                                      << logField(u"bytes", QString::number(figures.waitingBytes()))
                                      << logField(u"oldest", isoText(figures.oldestWaiting()));
        sendSnapshot();
        Q_EMIT stopped();
    }
}

void Sender::pump()
{
    if (!m_http)
        return;
    const MonotonicTime now = m_parts.clock->now();
    switch (m_link) {
    case Link::Unknown:
        connectToDatabase();
        return;
    case Link::Asking:
        return;
    case Link::Down:
    case Link::Parked: {
        if (now < m_retryAt || std::ranges::any_of(m_lanes, [](const LaneState &lane) { return lane.in_flight; }))
            return;
        // One probe at a time; what was refused for its place is asked for anew, since somebody may have made it.
        const auto waiting = std::ranges::find_if(allLanes, [this](Lane lane) { return of(lane).body.has_value(); });
        if (m_link == Link::Parked || waiting == allLanes.end())
            connectToDatabase();
        else
            advance(*waiting);
        return;
    }
    case Link::Up:
        if (m_rewindTo && now >= m_rewindAllowedAt)
            rewind();
        for (const Lane lane : allLanes)
            advance(lane);
        return;
    }
}

// A database that was restarted may have lost what it had acknowledged (a torn log, reference influx §8). All of the
// time before the outage goes again, in order, together with what came since: so the last value of a point stays the
// last one.
void Sender::rewind()
{
    for (const Lane lane : allLanes) {
        LaneState &state = of(lane);
        const quint64 target = m_parts.spool->before(lane, *m_rewindTo);
        if (target >= state.cursor)
            continue;
        state.cursor = target;
        state.next.reset();
    }
    m_rewindTo.reset();
    m_rewindAllowedAt = m_parts.clock->now() + rewindEvery;
}

// The database was made anew: what it has taken and we have not written up, or is taking, may have gone with the old
// one, and no count would miss what was not confirmed. All of it is read from the spool again.
void Sender::startOver()
{
    for (const Lane lane : allLanes) {
        LaneState &state = of(lane);
        const quint64 attempt = state.attempt + 1;
        state = {};
        state.attempt = attempt;
        state.cursor = m_parts.spool->figures().lanes[size_t(lane)].acknowledged_seq;
    }
}

// --- lanes -----------------------------------------------------------------------------------------------------------

void Sender::advance(Lane lane)
{
    LaneState &state = of(lane);
    if (state.in_flight)
        return;
    // What is delivered is written up while the server works on what comes next: it shall not wait for our books.
    if (state.finished.size() <= mostUnsettled || settle(lane))
        sendNext(lane);
    settle(lane);
}

void Sender::sendNext(Lane lane)
{
    LaneState &state = of(lane);
    while (true) {
        if (state.body && !state.body->isDone()) {
            send(lane);
            return;
        }
        if (state.body) {
            state.finished.push_back({std::move(state.body), std::nullopt});
            state.body.reset();
        }
        if (state.load && !state.load->bodies.empty()) {
            state.body.emplace(std::move(state.load->bodies.front()));
            state.load->bodies.pop_front();
            state.packed = std::exchange(state.load->packed, {});
            continue;
        }
        if (state.load) {
            state.finished.push_back({std::nullopt, std::move(state.load)});
            state.load.reset();
        }
        state.load = state.next ? std::exchange(state.next, std::nullopt) : read(lane);
        if (!state.load)
            return;
    }
}

bool Sender::isWorthSending(Lane lane)
{
    LaneState &state = of(lane);
    const SpoolFigures::OfLane figures = m_parts.spool->figures().lanes[size_t(lane)];
    if (figures.last_seq <= state.cursor)
        return false;
    if (m_stopping || state.cursor < figures.acknowledged_seq || figures.waiting_bytes >= worthSending)
        return true;
    return m_parts.clock->utcNow() - figures.oldest_waiting >= batchAge;
}

std::optional<Sender::Load> Sender::read(Lane lane)
{
    if (!isWorthSending(lane))
        return {};
    LaneState &state = of(lane);
    auto entries = m_parts.spool->read(lane, state.cursor, loadBytes);
    if (!entries) {
        qCWarning(lcStore).noquote() << "the spool cannot be read:" << entries.error().message;
        return {};
    }
    if (entries->empty())
        return {};
    Load load;
    const UtcTime now = m_parts.clock->utcNow();
    const bool bounded = m_retention && m_retention->count() > 0;
    const UtcTime oldest = bounded ? std::max(firstPlausible, now - *m_retention + retentionSlack) : firstPlausible;
    std::map<qint64, std::vector<QByteArray>> weeks;
    for (const SpoolEntry &entry : *entries) {
        load.last_seq = entry.seq;
        eachLine(entry.lines, [&](QByteArrayView line) {
            const auto point = readPointLine(line);
            const UtcTime time = point ? stampTime(lane, point->stamp) : UtcTime{};
            if (!point || time < firstPlausible || time > now + futureSlack) {
                const QString why = !point                  ? QStringLiteral("not a line of ours")
                                    : time < firstPlausible ? QStringLiteral("its time lies before all trade")
                                                            : QStringLiteral("its time lies in the future");
                load.odd.push_back(letter(lane, line.toByteArray(), Reply{.text = why}, 0));
                return;
            }
            if (time < oldest) {
                load.aged.append(line).append('\n');
                return;
            }
            std::vector<QByteArray> &bodies = weeks[shardWeek(time)];
            if (bodies.empty() || bodies.back().size() + line.size() + 1 > m_bodyLimit) {
                bodies.emplace_back();
                bodies.back().reserve(std::min<qsizetype>(m_bodyLimit, entry.lines.size() * 2));
            }
            bodies.back().append(line).append('\n');
        });
    }
    state.cursor = load.last_seq;
    for (auto &[week, bodies] : weeks) {
        for (QByteArray &body : bodies)
            load.bodies.push_back(std::move(body));
    }
    return load;
}

void Sender::send(Lane lane)
{
    LaneState &state = of(lane);
    if (state.packed.isEmpty())
        state.packed = m_gzip.compress(state.body->piece());
    state.in_flight = true;
    ++m_state.requests;
    net::HttpCall call = writeCall(*m_api, m_options.settings, isInNanoseconds(lane), state.packed);
    call.timeout = m_patience * m_options.settings.timeout;
    m_http->send(call,
                 [this, lane, attempt = state.attempt, sent = m_parts.clock->now()](const net::HttpAnswer &answer) {
                     if (of(lane).attempt == attempt)
                         answered(lane, answer, sent);
                 });
    readAhead(lane);
}

void Sender::readAhead(Lane lane)
{
    LaneState &state = of(lane);
    if (m_link != Link::Up)
        return;
    const bool within = state.load && !state.load->bodies.empty();
    if (!within && !state.next)
        state.next = read(lane);
    std::optional<Load> &ahead = within ? state.load : state.next;
    if (ahead && !ahead->bodies.empty() && ahead->packed.isEmpty())
        ahead->packed = m_gzip.compress(ahead->bodies.front());
}

void Sender::answered(Lane lane, const net::HttpAnswer &answer, MonotonicTime sent)
{
    LaneState &state = of(lane);
    state.in_flight = false;
    const MonotonicTime now = m_parts.clock->now();
    const Reply reply = judge(answer, state.packed.size(), m_parts.clock->utcNow());
    const bool whole = state.body->isWhole();
    const qsizetype size = whole ? state.body->bytes() : m_bodyLimit;
    state.body->answered(reply, now);
    if (reply.verdict != Verdict::ComeAgain || !state.body->isWhole())
        state.packed.clear();
    switch (reply.verdict) {
    case Verdict::Delivered:
        if (m_patience > 1 && ++m_quickAnswers >= quickAnswersToTrust) {
            m_patience /= 2;
            m_quickAnswers = 0;
        }
        m_state.latency = std::chrono::duration_cast<milliseconds>(now - sent);
        if (whole && m_bodyLimit < m_options.largest_body && ++m_wholeBodies >= wholeBodiesToGrow) {
            m_wholeBodies = 0;
            m_bodyLimit = std::min(m_bodyLimit * 2, m_options.largest_body);
        }
        linkWorks();
        break;
    case Verdict::TooLarge:
        m_wholeBodies = 0;
        m_bodyLimit = std::max(smallestBody, std::min(m_bodyLimit, size) / 2);
        ++m_state.failures[reply.code()];
        Q_EMIT writeFailed(reply.code());
        if (reply.status == 0)
            linkFailed(reply, Link::Down);
        break;
    case Verdict::BadLines:
        ++m_state.failures[reply.code()];
        Q_EMIT writeFailed(reply.code());
        linkWorks();
        break;
    case Verdict::ComeAgain:
        if (reply.timed_out) { // the same bytes would take as long again: more time, and less to do in it
            m_patience = std::min(2 * m_patience, mostPatience);
            m_bodyLimit = std::max(smallestBody, m_bodyLimit / 2);
            m_quickAnswers = 0;
        }
        linkFailed(reply, Link::Down);
        break;
    case Verdict::WrongPlace:
    case Verdict::NotAllowed:
        linkFailed(reply, Link::Parked);
        break;
    }
    pump();
}

// In the order of the spool. Where letters cannot be written it stops, and goes on at the next tick: nothing is
// confirmed before its refused lines are on the disk.
bool Sender::settle(Lane lane)
{
    LaneState &state = of(lane);
    while (!state.finished.empty()) {
        const Finished &first = state.finished.front();
        if (first.body ? !finishBody(lane, *first.body) : !finishLoad(lane, *first.load))
            return false;
        state.finished.pop_front();
    }
    return true;
}

bool Sender::finishBody(Lane lane, const Isolation &body)
{
    std::vector<DeadLetter> letters;
    QByteArray aged;
    for (const Isolation::Refused &one : body.refused()) {
        if (one.reply.text.contains(QLatin1StringView("retention"))) // we did not know how long it keeps
            aged.append(one.line).append('\n');
        else
            letters.push_back(letter(lane, one.line, one.reply, one.attempts));
    }
    if (!letters.empty()) {
        const std::vector<DeadLetter> kept = letters;
        if (!writeLetters(std::move(letters), lane))
            return false;
        m_refusals->refused(kept, m_parts.clock->now());
    }
    leaveOut(lane, aged);
    const QByteArray delivered = body.deliveredLines();
    m_parts.index->confirmed(lane, delivered);
    eachLine(delivered, [&](QByteArrayView line) {
        ++m_state.points;
        ++(lane == Lane::Ticks                ? m_state.ticks
           : line.startsWith("ohlcv_")        ? m_state.candles
           : line.startsWith("funding_rate,") ? m_state.funding
                                              : m_state.marks);
    });
    m_state.last_delivered = m_parts.clock->utcNow();
    m_deliveredSinceCaughtUp = true;
    return true;
}

bool Sender::finishLoad(Lane lane, const Load &load)
{
    if (!load.odd.empty() && !writeLetters(load.odd, lane))
        return false;
    leaveOut(lane, load.aged);
    m_parts.spool->acknowledge(lane, load.last_seq);
    settleTickets();
    return true;
}

// Older than the database keeps: no record is missing there, and none is to be fetched.
void Sender::leaveOut(Lane lane, const QByteArray &aged)
{
    if (aged.isEmpty())
        return;
    m_parts.index->gone(lane, aged);
    const auto lines = quint64(aged.count('\n'));
    if (m_state.aged_lines == 0)
        qCInfo(lcStore).noquote() << "records older than the database keeps are not sent"
                                  << logField(u"lines", QString::number(lines));
    m_state.aged_lines += lines;
}

DeadLetter Sender::letter(Lane lane, const QByteArray &line, const Reply &reply, int attempts) const
{
    const bool bucket = m_api == Api::V2;
    return {.time = m_parts.clock->utcNow(),
            .sink = m_options.settings.url.toDisplayString(QUrl::RemoveUserInfo),
            .database = bucket ? m_options.settings.bucket : m_options.settings.database,
            .precision = isInNanoseconds(lane) ? QStringLiteral("ns") : QStringLiteral("ms"),
            .status = reply.status,
            .reason = reply.text,
            .attempts = attempts,
            .line = line};
}

bool Sender::writeLetters(std::vector<DeadLetter> letters, Lane lane)
{
    if (const Status written = m_letters->write(letters); !written) {
        // Not confirmed, not forgotten: the body stays with us, and is finished when the letters are on the disk.
        m_state.trouble = QStringLiteral("refused lines cannot be written down: ") + written.error().message;
        m_state.state = SenderSnapshot::State::Retrying;
        qCCritical(lcStore).noquote() << m_state.trouble;
        return false;
    }
    m_state.refused_lines += letters.size();
    QByteArray lines;
    for (const DeadLetter &one : letters)
        lines += one.line + '\n';
    qCCritical(lcStore).noquote() << "the database refused" << letters.size() << "lines; they are in"
                                  << m_options.dead_letter_folder
                                  << logField(u"status", QString::number(letters.front().status))
                                  << logField(u"reason", letters.front().reason);
    m_parts.index->gone(lane, lines);
    Q_EMIT refused(coveredSpans(lane, lines), letters.front().reason, letters.front().status != 0);
    return true;
}

void Sender::sendSnapshot()
{
    const MonotonicTime now = m_parts.clock->now();
    m_state.at = m_parts.clock->utcNow();
    m_state.refusals = m_refusals->all();
    m_state.api = m_api ? apiName(*m_api) : std::string_view();
    m_state.spool = m_parts.spool->figures();
    const double seconds = std::chrono::duration<double>(now - m_rateSince).count();
    if (seconds > 0)
        m_state.points_per_second = double(m_state.points - m_pointsBefore) / seconds;
    m_rateSince = now;
    m_pointsBefore = m_state.points;
    Q_EMIT snapshotReady(std::make_shared<const SenderSnapshot>(m_state));
}

} // namespace tk::store::influx
