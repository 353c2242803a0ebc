#include "witness.h"

#include "app/engine_status.h"
#include "market/pair.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QThread>

#include <algorithm>

namespace tk::test {

namespace {

using namespace std::chrono_literals;

QtMessageHandler before = nullptr; // one engine runs at a time in these tests
std::function<void(const QString &line, const QString &thread)> hear;

void takeLine(QtMsgType type, const QMessageLogContext &context, const QString &line)
{
    if (hear && line.contains(QLatin1String("major pairs")))
        hear(line, QThread::currentThread()->objectName());
    if (before)
        before(type, context, line);
}

std::unique_ptr<link::LocalLink> linkTo(app::Engine &engine)
{
    return std::make_unique<link::LocalLink>(*engine.link());
}

monitor::EngineConnection::Way wayTo(app::Engine &engine)
{
    auto link = linkTo(engine);
    auto *opened = link.get();
    return {.link = std::move(link), .open = [opened] { opened->open(); }, .name = QStringLiteral("witness")};
}

} // namespace

Witness::Witness(app::Engine &engine, const Clock &clock)
    : m_engine(engine)
    , m_clock(clock)
    , m_view(wayTo(engine))
{
    // Lines come from the threads of the services.
    hear = [this](const QString &line, const QString &thread) {
        const UtcTime at = m_clock.utcNow();
        QMetaObject::invokeMethod(
            this, [this, line, thread, at] { hearLine(line, thread, at); }, Qt::QueuedConnection);
    };
    before = qInstallMessageHandler(takeLine);
    m_view.start();
    connect(&m_timer, &QTimer::timeout, this, &Witness::look);
    m_timer.start(50);
    connect(&engine.switchboard(), &app::Switchboard::feedSnapshot, this, [this] {
        if (m_sayings.isListening())
            listen();
    });
}

Witness::~Witness()
{
    qInstallMessageHandler(before);
    hear = {};
}

void Witness::expectTrouble()
{
    m_sayings.begin(m_clock.now());
    m_known.clear();
    for (const alert::Event &event : events())
        m_known.insert(event.id, event.severity);
}

bool Witness::allTold(const QStringList &faces) const
{
    const auto told = this->told();
    return std::ranges::all_of(faces, [&told](const QString &face) { return told.contains(face); });
}

void Witness::note(const char *face, const QString &text, bool complaint)
{
    m_sayings.hear(QLatin1String(face), text, complaint, m_clock.now());
}

void Witness::contradiction(const QString &what)
{
    if (m_contradictions.size() < 20 && !m_contradictions.contains(what))
        m_contradictions.append(what);
}

double Witness::metric(const QString &name) const
{
    const QString text = QString::fromStdString(m_metrics);
    const QRegularExpression line(u'^' + QRegularExpression::escape(name) + QStringLiteral(" (\\S+)$"),
                                  QRegularExpression::MultilineOption);
    const auto found = line.match(text);
    return found.hasMatch() ? found.captured(1).toDouble() : -1;
}

// A heartbeat line is a claim about the majors at the moment of its writing: judged with a snapshot that is younger.
void Witness::hearLine(const QString &line, const QString &thread, UtcTime at)
{
    if (line.contains(QLatin1String("Heartbeat OK")))
        m_claims.append({thread, at});
    else
        note("heartbeat", line, line.contains(QLatin1String("stale")));
    m_heartbeat = line;
}

void Witness::judgeClaims()
{
    QHash<QString, UtcTime> newest; // by feed
    QHash<QString, UtcTime> sick;
    for (const auto &feed : m_engine.snapshots().feeds) {
        const QString name = QStringLiteral("feed ") + feed->exchange;
        newest.insert(name, feed->at);
        for (const feed::StreamRow &row : feed->streams) {
            const auto pair = Pair::parse(row.key.pair);
            const bool isSick = row.state == StreamState::Stale || row.state == StreamState::Silent;
            if (!isSick || !pair ||
                std::ranges::find(feed->stale_majors, pair->cryptofeed()) == feed->stale_majors.end())
                continue;
            const QString key = name + u' ' + row.key.pair + u' ' + row.key.kindText();
            sick.insert(key, m_sick.value(key, feed->at)); // called so since
        }
    }
    m_sick = std::move(sick);
    for (const Claim &claim : std::exchange(m_claims, {})) {
        if (!newest.contains(claim.feed))
            continue; // it is not collected any more
        if (newest.value(claim.feed) <= claim.at) {
            m_claims.append(claim);
            continue;
        }
        for (auto stream = m_sick.cbegin(); stream != m_sick.cend(); ++stream) {
            if (stream.key().startsWith(claim.feed + u' ') && stream.value() < claim.at)
                contradiction(QStringLiteral("heartbeat OK while %1 is called sick").arg(stream.key()));
        }
    }
}

void Witness::compareFeeds(const QJsonObject &status)
{
    for (const QJsonValue &value : status.value(QLatin1String("exchanges")).toArray()) {
        const QJsonObject exchange = value.toObject();
        const QString name = exchange.value(QLatin1String("name")).toString();
        const auto feed = m_engine.snapshots().feeds.value(name);
        if (!feed)
            continue;
        const QJsonObject states = exchange.value(QLatin1String("streams_by_state")).toObject();
        for (size_t i = 0; i < streamStateNames.size(); ++i) {
            const QString state =
                QString::fromLatin1(streamStateNames[i].data(), qsizetype(streamStateNames[i].size()));
            const int counted =
                int(std::ranges::count(feed->streams, StreamState(i), [](const auto &row) { return row.state; }));
            const double told =
                metric(QStringLiteral("tapekeeper_streams{exchange=\"%1\",state=\"%2\"}").arg(name, state));
            if (states.value(state).toInt() != counted || told != counted)
                contradiction(QStringLiteral("%1 streams: %2 counted, status %3, metrics %4")
                                  .arg(state)
                                  .arg(counted)
                                  .arg(states.value(state).toInt())
                                  .arg(told));
        }
        for (const feed::ConnectionRow &row : feed->connections) {
            if (row.isWell() && row.judged > 0 && row.delivering == 0)
                contradiction(QStringLiteral("connection %1 is well without data").arg(row.label));
        }
    }
}

void Witness::compareGaps(const QJsonObject &status, Testimony &into)
{
    qint64 open = 0;
    double told = 0;
    const auto &histories = m_engine.snapshots().histories;
    for (const auto &history : histories) {
        open += qint64(history->open_gaps.size());
        const double labelled = metric(QStringLiteral("tapekeeper_gaps_open{exchange=\"%1\"}").arg(history->exchange));
        told += labelled >= 0 ? labelled : metric(QStringLiteral("tapekeeper_gaps_open")); // of the only one
    }
    into.gaps_open = open;
    if (histories.isEmpty())
        return;
    if (status.value(QLatin1String("gaps_open")).toInteger() != open || told != double(open))
        contradiction(QStringLiteral("gaps open: %1 in history, status %2, metrics %3")
                          .arg(open)
                          .arg(status.value(QLatin1String("gaps_open")).toInteger())
                          .arg(told));
}

Testimony Witness::testify()
{
    Testimony told;
    told.at = m_clock.utcNow();
    m_metrics = m_engine.metrics().text();
    const bool readyBefore = m_engine.health().readiness().good;
    const QJsonObject status = app::statusObject(m_engine.commands().facts(), m_engine.snapshots());
    told.status_ok = status.value(QLatin1String("ok")).toBool();
    for (const QJsonValue &reason : status.value(QLatin1String("reasons")).toArray())
        told.reasons.append(reason.toString());
    // A loop is silent for too long from one moment to the next, also between these two questions.
    told.ready = readyBefore || m_engine.health().readiness().good;
    for (const auto &feed : m_engine.snapshots().feeds)
        told.sick += feed->count(StreamState::Stale) + feed->count(StreamState::Silent);
    told.all_well = told.sick == 0;
    compareFeeds(status);
    compareGaps(status, told);
    told.incident = !m_view.events().lasting().empty();
    told.window_knows = m_view.connection().isConnected() && toMs(m_view.now()) != 0;
    told.window = monitor::statusLine({.connection = m_view.connection().state(),
                                       .last_seen = m_view.connection().lastSeen(),
                                       .connection_trouble = {},
                                       .health = m_view.health()});
    return told;
}

void Witness::compareWindow(const Testimony &told)
{
    const bool calm = told.window.verdict == monitor::Verdict::Well;
    const bool agrees = !told.window_knows || told.status_ok || !calm;
    if (agrees)
        m_disagreesSince.reset();
    else if (!m_disagreesSince)
        m_disagreesSince = m_clock.now();
    else if (m_clock.timerDelay(std::chrono::floor<milliseconds>(m_clock.now() - *m_disagreesSince)) > 1s) // real time
        contradiction(QStringLiteral("the window is calm (%1), status is not: %2")
                          .arg(told.window.text, told.reasons.join(QStringLiteral("; "))));
}

void Witness::look()
{
    if (m_engine.snapshots().feeds.isEmpty())
        return;
    const Testimony told = testify();
    judgeClaims();
    if (told.sick > 0 && told.status_ok)
        contradiction(QStringLiteral("status is ok with %1 sick streams").arg(told.sick));
    if (told.status_ok && !told.ready)
        contradiction(QStringLiteral("status is ok, and the engine not ready"));
    compareWindow(told);
    m_last = told;
    if (m_sayings.isListening()) {
        listen();
        listenToEvents();
    }
}

// What the streams are, in the words that status prints.
void Witness::listen()
{
    const app::Snapshots &snapshots = m_engine.snapshots();
    for (const auto &feed : snapshots.feeds) {
        for (const feed::ConnectionRow &row : feed->connections) {
            if (!row.up || toMs(row.down_since) != 0)
                m_sayings.shake(m_clock.now());
        }
        for (const feed::StreamRow &row : feed->streams) {
            if (row.state != StreamState::Stale && row.state != StreamState::Silent)
                continue;
            if (row.key.kind == StreamKind::MarkPrice)
                m_sayings.shake(m_clock.now());
            note("metrics", QStringLiteral("%1 %2: %3").arg(row.key.pair, row.key.kindText(), row.cause));
        }
    }
    const QStringList reasons = app::statusReasons(m_engine.commands().facts(), snapshots);
    // A busy machine keeps a thread waiting for longer than a service may be without a word at this speed.
    if (std::ranges::any_of(reasons, [](const QString &one) { return one.contains(QLatin1String("does not answer")); }))
        m_sayings.shake(m_clock.now());
    for (const QString &reason : reasons)
        note("status", reason);
    for (const QString &complaint : m_engine.health().complaints())
        note("ready", complaint);
    for (const auto &history : snapshots.histories) {
        for (const Gap &gap : history->open_gaps)
            note("gaps", gap.cause);
    }
}

void Witness::listenToEvents()
{
    for (const alert::Event &event : events()) {
        // One that lasted before the fault is news when it becomes worse.
        const bool isNews = m_known.value(event.id, alert::Severity::Good) < event.severity;
        if (isNews && event.severity >= alert::Severity::Warning)
            note("event", event.title + QStringLiteral(": ") + event.detail,
                 event.severity == alert::Severity::Trouble);
    }
    const bool upset =
        m_last.window.verdict == monitor::Verdict::Trouble || m_last.window.verdict == monitor::Verdict::Away;
    if (m_last.window_knows && m_last.window.verdict != monitor::Verdict::Well)
        note("window", m_last.window.text, upset);
}

QStringList Witness::troubles() const
{
    QStringList troubles;
    for (const QString &reason : m_last.reasons)
        troubles.append(QStringLiteral("status: ") + reason);
    if (!m_last.ready)
        troubles.append(QStringLiteral("not ready"));
    if (m_last.sick > 0)
        troubles.append(QStringLiteral("%1 streams are sick").arg(m_last.sick));
    if (m_last.gaps_open > 0)
        troubles.append(QStringLiteral("%1 gaps are open").arg(m_last.gaps_open));
    if (m_last.incident)
        troubles.append(QStringLiteral("an incident lasts"));
    if (!m_last.window_knows || m_last.window.verdict != monitor::Verdict::Well)
        troubles.append(QStringLiteral("window: ") + m_last.window.text);
    if (m_heartbeat.contains(QLatin1String("stale")))
        troubles.append(QStringLiteral("heartbeat: ") + m_heartbeat);
    return troubles;
}

} // namespace tk::test
