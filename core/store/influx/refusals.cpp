#include "store/influx/refusals.h"

#include "base/logging.h"
#include "base/regular_file.h"
#include "store/point_line.h"

#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

#include <algorithm>

namespace tk::store::influx {

namespace {

constexpr qint64 tailBytes = 256 * 1024; // of each file, at the start: the newest letters tell what is refused now
constexpr qint64 bytesAtOnce = 1024 * 1024;
constexpr qsizetype files_looked_at = 3;

QString measurementOf(const QByteArray &line)
{
    const auto point = readPointLine(line);
    return point ? QString::fromUtf8(point->measurement) : QString();
}

QString adviceFor(const QString &measurement, const QString &reason)
{
    const QString then = QStringLiteral("; the lines are kept as dead letters and sent again by themselves when it "
                                        "takes them, or at once with \"tapekeeper dead-letters --replay FILE\"");
    if (reason.contains(QLatin1StringView("type conflict")) ||
        reason.contains(QLatin1StringView("already exists as")) ||
        reason.contains(QLatin1StringView("invalid column type")))
        return QStringLiteral("another program has written a field of %1 with another type: rename or drop that "
                              "measurement in the database")
                   .arg(measurement) +
               then;
    return QStringLiteral("change in the database what it objects to in %1").arg(measurement) + then;
}

// Candles and settled rates are fetched again from the exchange: a letter may hold an older value of them.
bool historyHasIt(const PointLine &point)
{
    return point.isCandle() || point.isMarkCandle() || (point.isFunding() && point.hasField("rate"));
}

} // namespace

QStringList Refusals::files() const
{
    const QDir folder(m_options.folder);
    QStringList names;
    for (const QString &name : folder.entryList({QStringLiteral("*.jsonl")}, QDir::Files, QDir::Name))
        names.append(folder.filePath(name));
    return names;
}

QHash<QString, UtcTime> Refusals::marks() const
{
    QHash<QString, UtcTime> marks;
    QFile file(QDir(m_options.folder).filePath(QStringLiteral("replayed.json")));
    if (!openForReading(file))
        return marks;
    const QJsonObject object = QJsonDocument::fromJson(file.read(bytesAtOnce)).object();
    for (auto entry = object.constBegin(); entry != object.constEnd(); ++entry)
        marks.insert(entry.key(), fromMs(entry.value().toInteger()));
    return marks;
}

void Refusals::mark(const QString &measurement, UtcTime at) const
{
    QHash<QString, UtcTime> all = marks();
    all.insert(measurement, at);
    QJsonObject object;
    for (auto entry = all.cbegin(); entry != all.cend(); ++entry)
        object.insert(entry.key(), toMs(*entry));
    QSaveFile file(QDir(m_options.folder).filePath(QStringLiteral("replayed.json")));
    const QByteArray bytes = QJsonDocument(object).toJson(QJsonDocument::Compact);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        qCWarning(lcStore).noquote() << "what was sent again could not be written down:" << file.errorString();
}

Refusals::Known &Refusals::of(const DeadLetter &letter, const QString &measurement, MonotonicTime now)
{
    Known &known = m_known[measurement];
    if (known.refusal.measurement.isEmpty()) {
        known.refusal.measurement = measurement;
        known.refusal.since = letter.time;
        known.wait = m_options.first_retry;
        known.retry_at = now + known.wait;
    }
    known.refusal.since = std::min(known.refusal.since, letter.time);
    known.refusal.reason = letter.reason;
    known.refusal.advice = adviceFor(measurement, letter.reason);
    known.sample = letter.line;
    known.nanoseconds = letter.precision == QLatin1StringView("ns");
    return known;
}

void Refusals::load(UtcTime now, MonotonicTime at)
{
    const QHash<QString, UtcTime> sent = marks();
    QStringList newest = files();
    newest = newest.sliced(std::max<qsizetype>(0, newest.size() - files_looked_at));
    for (const QString &name : std::as_const(newest)) {
        QFile file(name);
        if (!openForReading(file))
            continue;
        const bool whole = file.size() <= tailBytes;
        if (!whole)
            file.seek(file.size() - tailBytes);
        QList<QByteArray> lines = file.read(tailBytes).split('\n');
        if (!whole)
            lines.removeFirst();
        for (const QByteArray &line : std::as_const(lines)) {
            const auto letter = readDeadLetter(line);
            const QString measurement = letter ? measurementOf(letter->line) : QString();
            if (measurement.isEmpty() || letter->status == 0 || letter->database != m_options.database ||
                letter->time > now || letter->time <= sent.value(measurement))
                continue;
            of(*letter, measurement, at).retry_at = at; // it may have been mended while nobody was here
        }
    }
}

void Refusals::refused(const std::vector<DeadLetter> &letters, MonotonicTime now)
{
    for (const DeadLetter &letter : letters) {
        const QString measurement = measurementOf(letter.line);
        if (!measurement.isEmpty())
            ++of(letter, measurement, now).refusal.lines;
    }
}

std::optional<Refusals::Probe> Refusals::probe(MonotonicTime now)
{
    if (m_probing)
        return {};
    for (const auto &[measurement, known] : m_known) {
        if (now < known.retry_at)
            continue;
        m_probing = true;
        return Probe{measurement, known.sample, known.nanoseconds};
    }
    return {};
}

void Refusals::probed(const QString &measurement, bool accepted, MonotonicTime now)
{
    m_probing = false;
    const auto known = m_known.find(measurement);
    if (known == m_known.end())
        return;
    if (!accepted) {
        known->second.retry_at = now + known->second.wait;
        known->second.wait = std::min(2 * known->second.wait, m_options.last_retry);
        return;
    }
    m_known.erase(known);
    m_replays.push_back({.measurement = measurement, .files = files(), .after = marks().value(measurement)});
}

PerLane<QByteArray> Refusals::takeAgain()
{
    PerLane<QByteArray> lines;
    qint64 read = 0;
    for (Replay &replay : m_replays) {
        while (!replay.done && read < bytesAtOnce) {
            if (!replay.file && replay.files.isEmpty()) {
                replay.done = true;
                break;
            }
            if (!replay.file) {
                replay.file = std::make_unique<QFile>(replay.files.takeFirst());
                if (!openForReading(*replay.file))
                    replay.file.reset();
                continue;
            }
            if (replay.file->atEnd()) {
                replay.file.reset();
                continue;
            }
            const QByteArray text = replay.file->readLine(bytesAtOnce);
            read += text.size();
            if (!text.contains(replay.measurement.toUtf8()))
                continue; // cheaper than to decode it
            const auto letter = readDeadLetter(text.trimmed());
            const auto point = letter ? readPointLine(letter->line) : std::nullopt;
            if (!point || point->measurement != replay.measurement.toUtf8() || letter->status == 0 ||
                letter->database != m_options.database || letter->time <= replay.after || historyHasIt(*point))
                continue;
            const Lane lane = letter->precision == QLatin1StringView("ns") ? Lane::Ticks : Lane::Marks;
            lines[size_t(lane)].append(letter->line).append('\n');
        }
    }
    return lines;
}

QStringList Refusals::takeFinished(UtcTime now)
{
    QStringList finished;
    for (const Replay &replay : m_replays) {
        if (!replay.done)
            continue;
        finished.append(replay.measurement);
        mark(replay.measurement, now);
    }
    std::erase_if(m_replays, [](const Replay &replay) { return replay.done; });
    return finished;
}

std::vector<Refusal> Refusals::all() const
{
    std::vector<Refusal> all;
    for (const auto &[measurement, known] : m_known)
        all.push_back(known.refusal);
    return all;
}

} // namespace tk::store::influx
