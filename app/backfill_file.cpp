#include "app/backfill_file.h"

#include "app/backfill_job.h"
#include "base/regular_file.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSaveFile>

namespace tk::app {

namespace {

constexpr qint64 largest = 4 << 20; // a thousand requests of a thousand pairs are not meant

QJsonObject toJson(const history::BackfillRequest &request)
{
    QJsonArray timeframes;
    for (const Timeframe timeframe : request.timeframes)
        timeframes.append(timeframeText(timeframe));
    QJsonObject object{{QStringLiteral("pairs"), QJsonArray::fromStringList(request.pairs)},
                       {QStringLiteral("timeframes"), timeframes},
                       {QStringLiteral("from"), toMs(request.span.from)},
                       {QStringLiteral("to"), toMs(request.span.to)}};
    if (!request.exchange.isEmpty())
        object.insert(QStringLiteral("exchange"), request.exchange);
    return object;
}

} // namespace

BackfillFile::BackfillFile(const QString &dataDir)
    : m_file(QDir(dataDir).filePath(QStringLiteral("backfills.json")))
{}

Result<std::vector<history::BackfillRequest>> BackfillFile::load() const
{
    std::vector<history::BackfillRequest> requests;
    QFile file(m_file);
    if (!file.exists())
        return requests;
    if (!openForReading(file) || file.size() > largest)
        return Error{Error::Kind::Storage,
                     QStringLiteral("cannot read %1: unfinished backfills are not resumed; ask for "
                                    "them again")
                         .arg(m_file)};
    const QJsonDocument document = QJsonDocument::fromJson(file.read(largest));
    if (!document.isArray())
        return Error{
            Error::Kind::Storage,
            QStringLiteral("%1 is damaged: unfinished backfills are not resumed; ask for them again").arg(m_file)};
    for (const QJsonValue &value : document.array()) {
        const QJsonObject object = value.toObject();
        const auto request = BackfillJob::parse(object, fromMs(object.value(QLatin1String("to")).toInteger()));
        if (request)
            requests.push_back(*request);
    }
    return requests;
}

Status BackfillFile::save(const std::vector<history::BackfillRequest> &requests) const
{
    if (requests.empty()) {
        QFile::remove(m_file);
        return ok();
    }
    QJsonArray array;
    for (const history::BackfillRequest &request : requests)
        array.append(toJson(request));
    QSaveFile file(m_file);
    if (!file.open(QIODevice::WriteOnly) || file.write(QJsonDocument(array).toJson(QJsonDocument::Compact)) < 0 ||
        !file.commit())
        return Error{
            Error::Kind::Storage,
            QStringLiteral("cannot write %1: %2; a restart forgets this backfill").arg(m_file, file.errorString())};
    return ok();
}

} // namespace tk::app
