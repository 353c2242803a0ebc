// Text from outside, fit for a terminal or a log: what would move a cursor, change a colour, turn the direction of
// writing or be invisible is written as its number, "\u{1b}".
#pragma once

#include <QString>

namespace tk {

QString printable(const QString &text);

// "scheme://user:secret@host" anywhere in the text becomes "scheme://…@host".
QString withoutPasswords(const QString &text);

} // namespace tk
