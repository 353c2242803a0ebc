// What the host's freqtrade expects inside its files, by its version or by the files that are there. Pure.
#pragma once

#include "feather/table.h"
#include "sync/naming.h"

#include <QStringList>

#include <compare>
#include <optional>

namespace tk::sync {

struct HostVersion
{
    int year = 0;
    int month = 0;

    auto operator<=>(const HostVersion &) const = default;

    static std::optional<HostVersion> parse(QStringView text); // "2026.9", "2025.11.1", "2025.9-dev"
};

struct Layout
{
    feather::Unit unit = feather::Unit::Millisecond; // of dates: versions before 2026.4 write nanoseconds
    Timeframe mark = Timeframe::H1;                  // of mark files: longer before 2025.12
    Timeframe funding = Timeframe::H1;
    bool narrow_funding = false; // date and funding_rate alone, from 2026.9; six columns are read by every version

    bool operator==(const Layout &) const = default;
};

Layout layoutOf(HostVersion version, const QString &exchange);

// As the files in the folder say; what they do not say is what every present version reads. `sample` is the schema of
// any candle file there.
Layout layoutOf(const QStringList &names, const std::optional<feather::Schema> &sample);

// The columns of a new file.
feather::Schema schemaOf(Content content, const Layout &layout);

// How many value columns stand behind the date: five, or one in a narrow funding file. Nothing: not such a file.
std::optional<size_t> valueColumns(const feather::Schema &schema, Content content);

// What is another than in freqtrade's files, where that is nothing: the first such column, for a person.
QString strangeColumn(const feather::Schema &schema, Content content);

} // namespace tk::sync
