// How commands print: a table for people, csv and json for programs. Results alone go to stdout.
#pragma once

#include "app/command_line.h"
#include "base/decimal_text.h"

#include <QByteArray>
#include <QJsonObject>

#include <vector>

namespace tk::app {

struct Column
{
    QString name;
    bool number = false; // right-aligned in a table
};

struct Cell
{
    enum class Kind : quint8 { None, Text, Number };
    Kind kind = Kind::None;
    QString text{};

    static Cell of(const QString &text) { return {Kind::Text, text}; }
    static Cell of(qint64 number) { return {Kind::Number, QString::number(number)}; }
    static Cell of(UtcTime time); // ISO 8601; nothing for 0
    // JSON knows doubles only in most readers: what the exchange printed travels as text, so that nothing is rounded.
    static Cell of(const DecimalText &decimal);
};

struct Table
{
    std::vector<Column> columns;
    std::vector<std::vector<Cell>> rows;
};

// One row for each object; a name that an object lacks, or null, gives an empty cell.
Table tableOf(const std::vector<Column> &columns, const QJsonArray &objects);

QByteArray tableText(const Table &table);
QByteArray csvText(const Table &table);  // quoted as RFC 4180 says; lines end in LF
QByteArray jsonText(const Table &table); // one array of objects
QByteArray text(const Table &table, OutputFormat format);

// Columns of a terminal that the text takes: Chinese names take two for each character.
int displayWidth(const QString &text);

// What was asked for, or what fits stdout.
OutputFormat formatOr(std::optional<OutputFormat> asked);

// All of it, to stdout. False, after saying so: the disk is full or the reader has gone.
bool print(const QByteArray &text);

} // namespace tk::app
