// Where lines go that a database will never take: one file per UTC day, one JSON object per line, synced before it
// counts. One thread.
#pragma once

#include "base/time.h"
#include "store/posix_file.h"

#include <QByteArray>
#include <QDate>

#include <optional>
#include <vector>

namespace tk::store {

struct DeadLetter
{
    UtcTime time{};    // when it was given up
    QString sink;      // the server's address; user, password and query are left out when it is written
    QString database;  // or bucket
    QString precision; // of the line's timestamp: "ms", "ns"
    int status = 0;    // HTTP; 0: the server was never asked
    QString reason;    // the server's text, or ours
    int attempts = 0;
    QByteArray line; // exactly as it was refused, without its line feed
};

struct DeadLetterOptions
{
    QString folder;                // created, for the owner alone
    std::chrono::days keep{30};    // files of days before that are removed
    qint64 full_per_day = 100'000; // letters behind these are written without the server's text
};

class DeadLetters
{
public:
    explicit DeadLetters(DeadLetterOptions options)
        : m_options(std::move(options))
    {}

    // Durable on return. After an error some of them may be in the file; writing them again is harmless.
    Status write(const std::vector<DeadLetter> &letters);

    qint64 written() const { return m_written; } // since the start

    // Removes files that are too old. Once a day is enough.
    Status removeOld(UtcTime now);

private:
    Status openDay(QDate day);

    const DeadLetterOptions m_options;
    QDate m_day;
    QString m_name;
    PosixFile m_file;
    qint64 m_end = 0;
    qint64 m_ofDay = 0; // letters in m_file
    qint64 m_written = 0;
};

// One line of a file; nothing where it is no letter.
std::optional<DeadLetter> readDeadLetter(const QByteArray &line);

// What a file says. `damage` gets a word for each line that is none of ours, the torn last one included.
Result<std::vector<DeadLetter>> readDeadLetters(const QString &file, QStringList *damage = nullptr);

} // namespace tk::store
