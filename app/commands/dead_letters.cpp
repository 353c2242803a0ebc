#include "app/commands/dead_letters.h"

#include "store/influx/direct_writer.h"
#include "store/influx/influx_store.h"

#include <QDir>

#include <algorithm>

namespace tk::app {

using store::DeadLetter;
using store::influx::DirectWriter;
using store::influx::Isolation;

void DeadLettersCommand::start()
{
    if (line().replay.isEmpty())
        list();
    else
        replay();
}

Result<std::vector<DeadLetter>> DeadLettersCommand::read(const QString &file)
{
    QStringList damage;
    auto letters = store::readDeadLetters(file, &damage);
    for (const QString &one : damage)
        complain(QStringLiteral("%1: %2").arg(file, one));
    m_damaged |= !damage.isEmpty();
    return letters;
}

bool DeadLettersCommand::show(const std::vector<DeadLetter> &letters)
{
    Table table{{{QStringLiteral("time")},
                 {QStringLiteral("status"), true},
                 {QStringLiteral("reason")},
                 {QStringLiteral("line")}},
                {}};
    for (const DeadLetter &letter : letters)
        table.rows.push_back({Cell::of(letter.time), letter.status == 0 ? Cell{} : Cell::of(qint64(letter.status)),
                              Cell::of(letter.reason), Cell::of(QString::fromUtf8(letter.line))});
    if (table.rows.empty() && formatOr(line().format) != OutputFormat::Json)
        return true;
    return print(table);
}

void DeadLettersCommand::list()
{
    QStringList files = line().files;
    if (files.isEmpty()) {
        const QDir folder(store::influx::InfluxStore::deadLettersIn(settings().engine.data_dir));
        for (const QString &name : folder.entryList({QStringLiteral("*.jsonl")}, QDir::Files, QDir::Name))
            files.append(folder.filePath(name)); // named by day: the oldest first
    }
    std::vector<DeadLetter> letters;
    for (const QString &file : files) {
        const auto found = read(file);
        if (!found)
            return fail(found.error());
        letters.insert(letters.end(), found->begin(), found->end());
    }
    if (!show(letters))
        return finish(Internal);
    if (letters.empty())
        complain(QStringLiteral("the database has refused nothing"));
    finish(m_damaged ? DoesNotHold : Done);
}

void DeadLettersCommand::replay()
{
    const auto letters = read(line().replay);
    if (!letters)
        return fail(letters.error());
    const std::shared_ptr<const Clock> clock = makeClock(line());
    DirectWriter writer({.settings = settings().store.influx}, clock);
    std::vector<DeadLetter> still;
    qint64 delivered = 0;
    for (const store::Lane lane : {store::Lane::Candles, store::Lane::Ticks}) { // one of each precision
        const QString precision = store::isInNanoseconds(lane) ? QStringLiteral("ns") : QStringLiteral("ms");
        QByteArray lines;
        for (const DeadLetter &letter : *letters) {
            if (letter.precision == precision)
                lines.append(letter.line).append('\n');
        }
        if (lines.isEmpty())
            continue;
        const auto written = writer.write(lane, lines, [&](const Isolation::Refused &refused) {
            DeadLetter letter;
            letter.time = clock->utcNow();
            letter.status = refused.reply.status;
            letter.reason = refused.reply.text;
            letter.line = refused.line;
            still.push_back(std::move(letter));
        });
        if (!written)
            return fail(written.error());
        delivered += *written;
    }
    const qint64 unknown = std::ranges::count_if(*letters, [](const DeadLetter &letter) {
        return letter.precision != QLatin1StringView("ns") && letter.precision != QLatin1StringView("ms");
    });
    if (!show(still))
        return finish(Internal);
    if (unknown > 0)
        complain(QStringLiteral("%1 lines say no known precision and were not sent").arg(unknown));
    complain(QStringLiteral("%1 of %2 lines are in the database now, %3 are still refused")
                 .arg(delivered)
                 .arg(letters->size())
                 .arg(still.size()));
    finish(still.empty() && unknown == 0 && !m_damaged ? Done : DoesNotHold);
}

} // namespace tk::app
