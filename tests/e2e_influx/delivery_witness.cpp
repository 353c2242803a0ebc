#include "delivery_witness.h"

namespace tk::test {

using store::influx::SenderSnapshot;

DeliveryWitness::DeliveryWitness(std::shared_ptr<const Clock> clock)
    : m_clock(std::move(clock))
    , m_health(*m_clock, {QStringLiteral("database")})
    , m_bridge(m_board, m_metrics, m_health)
    , m_journal(m_folder.path(), m_clock, m_bridge, m_board)
{
    m_sayings.begin(m_clock->now());
    connect(&m_journal, &app::Journal::put, this, [this](const alert::Event &event) {
        if (event.severity == alert::Severity::Trouble)
            note("event", event.title + QStringLiteral(": ") + event.detail);
        if (event.kind == alert::EventKind::Incident)
            m_incident = event.lasts() ? event.id : 0;
    });
}

void DeliveryWitness::take(const std::shared_ptr<const SenderSnapshot> &snapshot)
{
    Q_EMIT m_board.senderSnapshot(snapshot);
    compare();
}

void DeliveryWitness::take(const std::shared_ptr<const store::influx::AuditSnapshot> &snapshot)
{
    Q_EMIT m_board.auditSnapshot(snapshot);
    compare();
}

void DeliveryWitness::refused(const std::vector<StreamSpan> &spans, const QString &reason)
{
    Q_EMIT m_board.storeRefused(spans, reason, true);
}

void DeliveryWitness::lost(qint64 points, qint64 resent)
{
    Q_EMIT m_board.databaseLost(points, resent);
}

app::EngineFacts DeliveryWitness::facts() const
{
    return {.data_dir = {},
            .exchanges = {},
            .now = m_clock->utcNow(),
            .pause = m_clock->pauseOfMachine(),
            .not_ready = m_health.complaints()};
}

void DeliveryWitness::note(const char *face, const QString &text)
{
    m_sayings.hear(QLatin1String(face), text, true, m_clock->now());
}

void DeliveryWitness::contradiction(const QString &what)
{
    if (m_contradictions.size() < 20 && !m_contradictions.contains(what))
        m_contradictions.append(what);
}

void DeliveryWitness::compare()
{
    const app::Snapshots &latest = m_bridge.latest();
    if (!latest.sender)
        return;
    const SenderSnapshot &sender = *latest.sender;
    const QStringList reasons = app::statusReasons(facts(), latest);
    const bool ready = m_health.readiness().good;
    const app::Verdict verdict = app::verdictOf(facts(), latest, reasons);
    const QString all = reasons.join(u'\n');
    for (const QString &reason : reasons)
        note("status", reason);
    for (const QString &complaint : m_health.complaints())
        note("ready", complaint);
    if (verdict.level == app::Verdict::Level::Trouble)
        note("window", verdict.text);
    if (sender.trouble.isEmpty())
        m_troubledSince.reset();
    else if (!m_troubledSince)
        m_troubledSince = m_clock->now();
    else
        m_lasting =
            m_lasting || m_clock->timerDelay(std::chrono::floor<milliseconds>(m_clock->now() - *m_troubledSince)) >
                             milliseconds(2'500);
    // While nothing is taken, everybody says so, with the database's own word, and how much waits.
    if (!sender.trouble.isEmpty()) {
        if (!all.contains(sender.trouble))
            contradiction(QStringLiteral("status does not say %1: %2").arg(sender.trouble, all));
        if (ready)
            contradiction(QStringLiteral("ready, and ") + sender.trouble);
        const bool named = verdict.text.contains(QLatin1String("database away")) ||
                           verdict.text.contains(QLatin1String("the database refuses everything"));
        if (!named || toMs(verdict.since) == 0)
            contradiction(QStringLiteral("the verdict is \"%1\", and %2").arg(verdict.text, sender.trouble));
    }
    for (const store::influx::Refusal &refusal : sender.refusals) {
        if (!all.contains(refusal.measurement) || ready)
            contradiction(
                QStringLiteral("%1 is refused, ready: %2, status: %3").arg(refusal.measurement).arg(ready).arg(all));
    }
    const bool doubtful = latest.audit && !latest.audit->doubt.isEmpty();
    if (doubtful && (!all.contains(latest.audit->doubt) || ready))
        contradiction(QStringLiteral("it is in doubt, ready: %1, status: %2").arg(ready).arg(all));
    if (ready != reasons.isEmpty())
        contradiction(QStringLiteral("ready: %1, status: %2").arg(ready).arg(all));
    const std::string metrics = m_metrics.text();
    const auto isZero = [&metrics](const std::string &name) {
        return metrics.find('\n' + name + " 0\n") != std::string::npos;
    };
    if (sender.refused_lines > 0 && isZero("tapekeeper_lines_refused_total"))
        contradiction(QStringLiteral("%1 lines refused, and not in the metrics").arg(sender.refused_lines));
    if ((sender.spool.waitingBytes() == 0) != isZero("tapekeeper_spool_waiting_bytes"))
        contradiction(QStringLiteral("%1 bytes wait, and the metrics say otherwise").arg(sender.spool.waitingBytes()));
}

QStringList DeliveryWitness::troubles()
{
    QStringList troubles = app::statusReasons(facts(), m_bridge.latest());
    if (!m_health.readiness().good)
        troubles.append(QStringLiteral("not ready"));
    if (m_incident != 0)
        troubles.append(QStringLiteral("an incident lasts"));
    return troubles;
}

} // namespace tk::test
