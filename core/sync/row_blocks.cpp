#include "sync/row_blocks.h"

#include "sync/merge.h"

#include <QCryptographicHash>
#include <QtEndian>

#include <algorithm>
#include <bit>

namespace tk::sync {

namespace {

qint64 startOf(Timeframe timeframe, qint64 time)
{
    const qint64 length = rowsOfBlock * nominalLength(timeframe).count();
    return time - ((time % length) + length) % length;
}

// The place behind the block that begins at row `from`.
size_t endOf(Timeframe timeframe, const Rows &rows, size_t from)
{
    const qint64 start = startOf(timeframe, rows.times[from]);
    size_t to = from;
    while (to < rows.size() && startOf(timeframe, rows.times[to]) == start)
        ++to;
    return to;
}

QByteArray digestOf(const Rows &rows, size_t from, size_t to)
{
    std::vector<quint64> words;
    words.reserve((to - from) * 6);
    for (size_t row = from; row < to; ++row) {
        words.push_back(qToLittleEndian(quint64(rows.times[row])));
        for (const double value : rows.values[row])
            words.push_back(qToLittleEndian(std::bit_cast<quint64>(value)));
    }
    const QByteArrayView bytes(reinterpret_cast<const char *>(words.data()), qsizetype(words.size() * 8));
    return QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).left(digestLength);
}

} // namespace

std::vector<RowBlock> blocksOf(Timeframe timeframe, const Rows &rows)
{
    std::vector<RowBlock> blocks;
    for (size_t from = 0; from < rows.size();) {
        const size_t to = endOf(timeframe, rows, from);
        blocks.push_back({startOf(timeframe, rows.times[from]), digestOf(rows, from, to)});
        from = to;
    }
    return blocks;
}

Rows rowsOf(const feather::Table &table)
{
    Rows rows;
    if (table.columns.size() != 6)
        return rows;
    for (size_t row = 0; row < size_t(table.rows); ++row) {
        std::array<double, 5> values{};
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = table.columns[i + 1].doubles[row];
        rows.add(toMilliseconds(table.schema.fields[0], table.columns[0].integers[row]), values);
    }
    return rows;
}

void dropKnown(Timeframe timeframe, const std::vector<RowBlock> &known, bool goesOn, Rows &rows, Rows &rest)
{
    Rows other;
    for (size_t from = 0; from < rows.size();) {
        const size_t to = endOf(timeframe, rows, from);
        const bool isOpen = goesOn && to == rows.size();
        const qint64 start = startOf(timeframe, rows.times[from]);
        const auto found = std::ranges::lower_bound(known, start, {}, &RowBlock::start);
        const bool isKnown = found != known.end() && found->start == start && found->digest == digestOf(rows, from, to);
        Rows *into = isOpen ? &rest : isKnown ? nullptr : &other;
        for (; from < to; ++from) {
            if (into)
                into->add(rows.times[from], rows.values[from]);
        }
    }
    rows.times = std::move(other.times);
    rows.values = std::move(other.values);
}

} // namespace tk::sync
