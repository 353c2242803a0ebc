#include "outside_witness.h"

#include <QElapsedTimer>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QNetworkReply>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>

namespace tk::test {

namespace {

using namespace std::chrono_literals;

// Nothing is called sick later than this after its first due time: see docs/architecture.md.
constexpr auto slowestNaming = 4min;

// The sum of all metrics whose line begins so; below zero: there is none.
double sumOf(const QByteArray &metrics, const QByteArray &begin, const QByteArray &with = {})
{
    double sum = 0;
    bool found = false;
    for (const QByteArray &line : metrics.split('\n')) {
        if (!line.startsWith(begin) || !line.contains(with))
            continue;
        sum += line.mid(line.lastIndexOf(' ') + 1).toDouble();
        found = true;
    }
    return found ? sum : -1;
}

double sickIn(const QByteArray &metrics)
{
    const double stale = sumOf(metrics, "tapekeeper_streams{", "state=\"stale\"");
    return stale < 0 ? stale : stale + std::max(0.0, sumOf(metrics, "tapekeeper_streams{", "state=\"silent\""));
}

} // namespace

QStringList OutsideTestimony::reasons() const
{
    QStringList list;
    for (const QJsonValue &reason : status.value(QLatin1String("reasons")).toArray())
        list.append(reason.toString());
    return list;
}

bool OutsideTestimony::says(const QString &word) const
{
    const QString all = QString::fromUtf8(QJsonDocument(status).toJson(QJsonDocument::Compact)) + u'\n' +
                        sentences.join(u'\n') + u'\n' + events;
    return all.contains(word, Qt::CaseInsensitive);
}

OutsideWitness::OutsideWitness(ProcessRig &rig)
    : m_rig(rig)
{}

int OutsideWitness::port() const
{
    static const QRegularExpression told(QStringLiteral(" http=(\\d+)"));
    return told.match(QString::fromUtf8(m_rig.log())).captured(1).toInt();
}

OutsideWitness::Page OutsideWitness::get(const QString &path)
{
    const std::unique_ptr<QNetworkReply> reply(
        m_web.get(QNetworkRequest(QUrl(QStringLiteral("http://127.0.0.1:%1%2").arg(port()).arg(path)))));
    if (!QTest::qWaitFor([&] { return reply->isFinished(); }, 3'000))
        return {};
    return {reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), reply->readAll()};
}

void OutsideWitness::readEvents(OutsideTestimony &told) const
{
    QHash<qint64, bool> lasts; // incidents; a later line about one is the truth
    for (const char *name : {"/events.1.jsonl", "/events.jsonl"}) {
        QFile file(m_rig.dataDir() + QLatin1String(name));
        if (!file.open(QIODevice::ReadOnly))
            continue;
        for (const QByteArray &line : file.readAll().split('\n')) {
            const QJsonObject event = QJsonDocument::fromJson(line).object();
            if (event.isEmpty())
                continue;
            told.events += event.value(QLatin1String("title")).toString() + QStringLiteral(": ") +
                           event.value(QLatin1String("detail")).toString() + u'\n';
            if (event.value(QLatin1String("kind")).toString() == QLatin1String("incident"))
                lasts[event.value(QLatin1String("id")).toInteger()] =
                    event.value(QLatin1String("until")).toInteger() == 0;
        }
    }
    told.incident_lasts = std::ranges::any_of(lasts, [](bool one) { return one; });
}

OutsideTestimony OutsideWitness::ask(QStringList &wrong)
{
    OutsideTestimony told;
    const Page readyBefore = get(QStringLiteral("/readyz"));
    const Page metricsBefore = get(QStringLiteral("/metrics"));
    const ProcessRig::Answer answer =
        m_rig.ask({QStringLiteral("status"), QStringLiteral("--format"), QStringLiteral("json")});
    const Page metricsAfter = get(QStringLiteral("/metrics"));
    const Page readyAfter = get(QStringLiteral("/readyz"));
    told.code = answer.code;
    told.status = QJsonDocument::fromJson(answer.out).object();
    for (const QString &line : QString::fromUtf8(answer.err).split(u'\n', Qt::SkipEmptyParts))
        told.sentences.append(line.section(QStringLiteral(": "), 1));
    told.ready = readyAfter.code;
    told.readiness = readyAfter.text;
    told.sick = sickIn(metricsAfter.text);
    told.gaps_open = sumOf(metricsAfter.text, "tapekeeper_gaps_open ");
    for (const QByteArray &line : m_rig.log().split('\n')) {
        if (line.contains("major pairs"))
            told.heartbeat = line;
    }
    readEvents(told);
    compare(told, readyBefore, metricsBefore.text, wrong);
    return told;
}

// Said of two moments with the status between them: what both say holds for it.
void OutsideWitness::compare(const OutsideTestimony &told, const Page &readyBefore, const QByteArray &metricsBefore,
                             QStringList &wrong) const
{
    const QStringList reasons = told.reasons();
    const QJsonObject verdict = told.status.value(QLatin1String("verdict")).toObject();
    const QString level = verdict.value(QLatin1String("level")).toString();
    const bool ok = told.status.value(QLatin1String("ok")).toBool();
    if (told.status.isEmpty())
        return wrong.append(QStringLiteral("status ended with %1 and said nothing").arg(told.code));
    if (told.code != (ok ? 0 : 1) || ok != reasons.isEmpty())
        wrong.append(QStringLiteral("exit code %1 with %2 reasons").arg(told.code).arg(reasons.size()));
    if (ok == (level == QLatin1String("trouble")))
        wrong.append(QStringLiteral("exit code %1, and the verdict is %2").arg(told.code).arg(level));
    if (told.sentences != QStringList{verdict.value(QLatin1String("text")).toString()} + reasons)
        wrong.append(QStringLiteral("stderr says otherwise than the status: ") + told.sentences.join(u'|'));
    if (ok && readyBefore.code == 503 && told.ready == 503)
        wrong.append(QStringLiteral("exit code 0, and not ready: ") + QString::fromUtf8(told.readiness));
    if (ok && sickIn(metricsBefore) > 0 && told.sick > 0)
        wrong.append(QStringLiteral("exit code 0, and %1 sick streams in the metrics").arg(told.sick));
    const auto open = double(told.status.value(QLatin1String("gaps_open")).toInteger());
    if (sumOf(metricsBefore, "tapekeeper_gaps_open ") == told.gaps_open && told.gaps_open >= 0 &&
        told.gaps_open != open)
        wrong.append(QStringLiteral("gaps open: status %1, metrics %2").arg(open).arg(told.gaps_open));
    const auto written = parseUtcTime(QString::fromLatin1(told.heartbeat.left(24)));
    if (!written || !told.heartbeat.contains("Heartbeat OK"))
        return;
    for (const QJsonValue &exchange : told.status.value(QLatin1String("exchanges")).toArray()) {
        for (const QJsonValue &stream : exchange[QLatin1String("sick_streams")].toArray()) {
            const auto since = parseUtcTime(stream[QLatin1String("since")].toString());
            if (stream[QLatin1String("pair")].toString() == QLatin1String("BTC/USDT:USDT") && since &&
                *since < *written - slowestNaming)
                wrong.append(QStringLiteral("heartbeat OK at %1, and BTC is sick since %2")
                                 .arg(isoText(*written), isoText(*since)));
        }
    }
}

const OutsideTestimony &OutsideWitness::look()
{
    QStringList wrong;
    m_last = ask(wrong);
    for (int again = 0; again < 2 && !wrong.isEmpty(); ++again) {
        wrong.clear();
        m_last = ask(wrong);
    }
    for (const QString &what : wrong) {
        if (m_contradictions.size() < 20 && !m_contradictions.contains(what))
            m_contradictions.append(what);
    }
    return m_last;
}

QStringList OutsideWitness::troubles() const
{
    QStringList troubles;
    if (m_last.code != 0)
        troubles.append(QStringLiteral("status ended with %1: %2").arg(m_last.code).arg(m_last.sentences.join(u'|')));
    if (m_last.ready != 200)
        troubles.append(QStringLiteral("/readyz is %1: %2").arg(m_last.ready).arg(QString::fromUtf8(m_last.readiness)));
    if (m_last.sick != 0 || m_last.gaps_open != 0)
        troubles.append(QStringLiteral("metrics: %1 sick streams, %2 gaps").arg(m_last.sick).arg(m_last.gaps_open));
    if (m_last.incident_lasts)
        troubles.append(QStringLiteral("an incident lasts"));
    if (m_last.heartbeat.contains("stale"))
        troubles.append(QString::fromUtf8(m_last.heartbeat));
    return troubles;
}

QString OutsideWitness::waitWell(milliseconds patience)
{
    QElapsedTimer waited;
    waited.start();
    do
        look();
    while (!troubles().isEmpty() && waited.elapsed() < patience.count());
    return (troubles() + m_contradictions).join(QStringLiteral("; "));
}

QString OutsideWitness::waitTold(const QStringList &words, milliseconds patience)
{
    QElapsedTimer waited;
    waited.start();
    QStringList missing;
    do {
        look();
        missing.clear();
        for (const QString &word : words) {
            if (!m_last.says(word))
                missing.append(QStringLiteral("nobody says \"%1\"").arg(word));
        }
        if (m_last.code != 1)
            missing.append(QStringLiteral("status ends with %1").arg(m_last.code));
    } while (!missing.isEmpty() && waited.elapsed() < patience.count());
    return (missing + m_contradictions).join(QStringLiteral("; "));
}

} // namespace tk::test
