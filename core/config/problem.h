// Something in the configuration that does not hold: where, what was found, what is allowed.
#pragma once

#include <QString>
#include <QStringList>

namespace tk::config {

struct Problem
{
    QString file;
    int line = 0; // from 1; 0: the file as a whole, or no file at all (a default, the environment)
    int column = 0;
    QString key; // "exchange[2].timeframes"; empty for the file itself
    QString found;
    QString allowed;
    bool warning = false; // it works, but somebody should know

    // "file:line: key: found X, allowed Y", or "file:line: warning: key: found X, better Y"; fit for a terminal.
    QString text() const;
};

// The known word that is nearest to `word`, if any is near enough to be what was meant.
QString nearest(const QString &word, const QStringList &known);

} // namespace tk::config
