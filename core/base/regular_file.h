// Opening what must be a regular file. A pipe, a device, a folder, a socket in its place would hang whoever opens it,
// or be changed by it; a planted link would lead somebody's writing elsewhere. Nothing here ever blocks, and nothing is
// read without a limit. Failures are errno values, so that a caller can tell a full disk from a missing file.
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QFile>
#include <QString>

#include <optional>

namespace tk {

// A link as the last part of the name. Reading follows it: people link configurations and secrets. Whatever writes or
// locks refuses it.
enum class Links { Follow, Refuse };

extern const int notRegularFile; // the errno of what is there, but is no regular file

// A descriptor, or the negative errno. `flags` of open(2), close-on-exec besides; `mode` is of a new file, umask apart.
int openRegular(const QString &file, int flags, Links links, unsigned mode = 0600);

// The same for reading and writing, made with exactly this mode where it is missing. What is there keeps its mode.
int openOrCreateRegular(const QString &file, unsigned mode);

// Opens the named file for reading, if it is a regular one. Links are followed. False where it is not, or is not there.
bool openForReading(QFile &file);

// What an errno means to a person who looks for the reason.
QString fileErrorText(int error);

struct SmallFile
{
    QByteArray bytes;
    unsigned mode = 0; // permission bits
};

// All of a file of at most `most` bytes. Nothing, successfully, where there is none and `mayBeAbsent`.
Result<SmallFile> readSmallFile(const QString &file, qint64 most);
Result<std::optional<SmallFile>> readSmallFileIfAny(const QString &file, qint64 most);

} // namespace tk
