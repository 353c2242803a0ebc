#include "store/influx/flux_csv.h"

#include <algorithm>

namespace tk::store::influx {

namespace {

// The cells of the record that begins at `at`, which moves behind its line end. Quotes as in RFC 4180.
std::vector<QByteArray> takeRecord(const QByteArray &csv, qsizetype &at)
{
    std::vector<QByteArray> cells;
    QByteArray cell;
    bool quoted = false;
    for (; at < csv.size(); ++at) {
        const char c = csv[at];
        if (quoted) {
            if (c != '"') {
                cell += c;
            } else if (at + 1 < csv.size() && csv[at + 1] == '"') {
                cell += '"';
                ++at;
            } else {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            cells.push_back(std::exchange(cell, {}));
        } else if (c == '\n') {
            ++at;
            break;
        } else if (c != '\r') {
            cell += c;
        }
    }
    cells.push_back(cell);
    return cells;
}

bool isBlank(const std::vector<QByteArray> &cells)
{
    return cells.size() == 1 && cells.front().isEmpty();
}

} // namespace

QByteArray FluxRecord::value(QByteArrayView column) const
{
    const auto found = std::ranges::find(m_columns, column);
    if (found == m_columns.end())
        return {};
    const size_t at = size_t(found - m_columns.begin());
    const QByteArray cell = at < m_cells.size() ? m_cells[at] : QByteArray();
    return cell.isEmpty() && at < m_defaults.size() ? m_defaults[at] : cell;
}

Status readFluxCsv(const QByteArray &csv, const std::function<void(const FluxRecord &)> &take)
{
    std::vector<QByteArray> columns;
    std::vector<QByteArray> defaults;
    bool header = true; // the next plain record names the columns
    for (qsizetype at = 0; at < csv.size();) {
        std::vector<QByteArray> cells = takeRecord(csv, at);
        if (isBlank(cells)) {
            header = true;
            defaults.clear();
            continue;
        }
        if (cells.front().startsWith('#')) {
            if (cells.front() == "#default")
                defaults = std::move(cells);
            header = true;
            continue;
        }
        if (header) {
            columns = std::move(cells);
            header = false;
            continue;
        }
        const FluxRecord record(columns, defaults, cells);
        if (std::ranges::find(columns, QByteArrayView("error")) != columns.end())
            return Error{Error::Kind::Remote,
                         QStringLiteral("the database cannot be read: ") + QString::fromUtf8(record.value("error")),
                         false};
        take(record);
    }
    return ok();
}

} // namespace tk::store::influx
