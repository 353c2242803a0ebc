#include "app/output.h"

#include <QJsonArray>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <unistd.h>

namespace tk::app {

namespace {

struct Range
{
    char32_t first;
    char32_t last;
};

// Characters that terminals draw two columns wide (Unicode East Asian Width W and F, in blocks).
constexpr std::array wide{Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0x4DBF},
                          Range{0x4E00, 0xA4CF},   Range{0xA960, 0xA97C},   Range{0xAC00, 0xD7A3},
                          Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
                          Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
                          Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

QByteArray padding(int width)
{
    return QByteArray(std::max(0, width), ' ');
}

QByteArray csvField(const QString &text)
{
    QByteArray field = text.toUtf8();
    if (!field.contains(',') && !field.contains('"') && !field.contains('\n') && !field.contains('\r'))
        return field;
    return '"' + field.replace('"', "\"\"") + '"';
}

QByteArray jsonString(const QString &text)
{
    QByteArray out("\"");
    for (const char c : text.toUtf8()) {
        if (c == '"' || c == '\\')
            out += '\\';
        if (uchar(c) >= 0x20)
            out += c;
        else if (c == '\n')
            out += "\\n";
        else
            out += "\\u00" + QByteArray(1, c).toHex();
    }
    return out + '"';
}

QByteArray jsonValue(const Cell &cell)
{
    switch (cell.kind) {
    case Cell::Kind::None:
        return "null";
    case Cell::Kind::Number:
        return cell.text.toUtf8();
    case Cell::Kind::Text:
        break;
    }
    return jsonString(cell.text);
}

QString shown(const Cell &cell)
{
    if (cell.kind == Cell::Kind::None)
        return QStringLiteral("-");
    QString line = cell.text;
    for (QChar &c : line) {
        if (c.category() == QChar::Other_Control)
            c = u' '; // a table has one line per row, and a terminal takes no orders from data
    }
    return line;
}

} // namespace

Cell Cell::of(UtcTime time)
{
    return toMs(time) == 0 ? Cell{} : Cell{Kind::Text, isoText(time)};
}

Cell Cell::of(const DecimalText &decimal)
{
    const std::string_view view = decimal.view();
    return view.empty() ? Cell{} : Cell{Kind::Text, QString::fromLatin1(view.data(), qsizetype(view.size()))};
}

Table tableOf(const std::vector<Column> &columns, const QJsonArray &objects)
{
    Table table{columns, {}};
    for (const QJsonValue &entry : objects) {
        const QJsonObject object = entry.toObject();
        std::vector<Cell> &row = table.rows.emplace_back();
        for (const Column &column : columns) {
            const QJsonValue value = object.value(column.name);
            if (value.isDouble())
                row.push_back(Cell::of(value.toInteger()));
            else if (value.isString())
                row.push_back(Cell::of(value.toString()));
            else
                row.emplace_back();
        }
    }
    return table;
}

int displayWidth(const QString &text)
{
    int width = 0;
    for (const char32_t c : text.toUcs4()) {
        const QChar::Category category = QChar::category(c);
        if (category == QChar::Mark_NonSpacing || category == QChar::Mark_Enclosing || category == QChar::Other_Format)
            continue;
        const bool isWide = std::ranges::any_of(wide, [c](Range range) { return c >= range.first && c <= range.last; });
        width += isWide ? 2 : 1;
    }
    return width;
}

QByteArray tableText(const Table &table)
{
    std::vector<int> widths;
    for (const Column &column : table.columns)
        widths.push_back(displayWidth(column.name));
    for (const auto &row : table.rows) {
        for (size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], displayWidth(shown(row[i])));
    }
    QByteArray out;
    const auto add = [&](size_t i, const QString &text) {
        const int space = widths[i] - displayWidth(text);
        const bool last = i + 1 == table.columns.size();
        const bool right = table.columns[i].number;
        out += (right ? padding(space) : QByteArray()) + text.toUtf8();
        if (!last)
            out += padding((right ? 0 : space) + 2);
    };
    for (size_t i = 0; i < table.columns.size(); ++i)
        add(i, table.columns[i].name);
    out += '\n';
    for (const auto &row : table.rows) {
        for (size_t i = 0; i < row.size(); ++i)
            add(i, shown(row[i]));
        out += '\n';
    }
    return out;
}

QByteArray csvText(const Table &table)
{
    QByteArray out;
    for (size_t i = 0; i < table.columns.size(); ++i)
        out += (i > 0 ? "," : "") + csvField(table.columns[i].name);
    out += '\n';
    for (const auto &row : table.rows) {
        for (size_t i = 0; i < row.size(); ++i)
            out += (i > 0 ? "," : "") + csvField(row[i].text);
        out += '\n';
    }
    return out;
}

QByteArray jsonText(const Table &table)
{
    QByteArray out("[");
    for (size_t r = 0; r < table.rows.size(); ++r) {
        out += r > 0 ? ",\n {" : "\n {";
        for (size_t i = 0; i < table.columns.size(); ++i)
            out += (i > 0 ? "," : "") + jsonString(table.columns[i].name) + ':' + jsonValue(table.rows[r][i]);
        out += '}';
    }
    return out + (table.rows.empty() ? "]\n" : "\n]\n");
}

QByteArray text(const Table &table, OutputFormat format)
{
    switch (format) {
    case OutputFormat::Table:
        return tableText(table);
    case OutputFormat::Csv:
        return csvText(table);
    case OutputFormat::Json:
        break;
    }
    return jsonText(table);
}

OutputFormat formatOr(std::optional<OutputFormat> asked)
{
    if (asked)
        return *asked;
    return ::isatty(STDOUT_FILENO) == 1 ? OutputFormat::Table : OutputFormat::Csv;
}

bool print(const QByteArray &text)
{
    const bool written = std::fwrite(text.constData(), 1, size_t(text.size()), stdout) == size_t(text.size());
    if (written && std::fflush(stdout) == 0)
        return true;
    std::fprintf(stderr, "tapekeeper: the result could not be written: %s\n", std::strerror(errno));
    return false;
}

} // namespace tk::app
