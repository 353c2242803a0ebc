// Annotated CSV as Flux answers it: tables one after the other, each with its columns, defaults and groups. Pure.
// Facts: reference influx §10.
#pragma once

#include "base/result.h"

#include <QByteArray>

#include <functional>
#include <vector>

namespace tk::store::influx {

// One data row with the columns of its table.
class FluxRecord
{
public:
    FluxRecord(const std::vector<QByteArray> &columns, const std::vector<QByteArray> &defaults,
               const std::vector<QByteArray> &cells)
        : m_columns(columns)
        , m_defaults(defaults)
        , m_cells(cells)
    {}
    QByteArray value(QByteArrayView column) const; // its default where the cell is empty; empty for no such column

private:
    const std::vector<QByteArray> &m_columns;
    const std::vector<QByteArray> &m_defaults;
    const std::vector<QByteArray> &m_cells;
};

// Calls `take` for each data row. An error where the server reports one within the stream, which it does with status
// 200.
Status readFluxCsv(const QByteArray &csv, const std::function<void(const FluxRecord &)> &take);

} // namespace tk::store::influx
