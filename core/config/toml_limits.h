// What a text must keep to before the TOML parser sees it. The parser, and whatever walks its tree, calls itself once
// per level: a text of a few kilobytes could end the process.
#pragma once

#include "config/problem.h"

#include <QByteArray>

#include <optional>

namespace tk::config {

inline constexpr qint64 mostConfigBytes = qint64(1) << 20; // of a configuration, or of a list of pairs
inline constexpr int mostLevels = 16; // of lists and inline tables in each other, and of parts of one dotted key

// The first place where the text goes beyond them. Linear, and of one pass.
std::optional<Problem> beyondLimits(const QByteArray &text, const QString &file);

} // namespace tk::config
