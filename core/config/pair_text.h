// What people write as a pair in the configuration, judged before anybody asks an exchange: a name that no exchange can
// list would only be missing later.
#pragma once

#include <QString>
#include <QStringList>

#include <optional>

namespace tk::config {

struct PairFault
{
    int column = 1; // in characters, from 1
    QString what;   // "a comma", "a small letter": never the text itself, which may be of a file that is no list
};

// Why `text` is no name of a perpetual. Nothing: it is one.
std::optional<PairFault> pairFault(const QString &text);

QString pairRule(); // what is allowed

// The unified name of a perpetual; empty for what is none.
QString perpetualName(const QString &text);

} // namespace tk::config
