// A TOML file as a plain tree whose nodes know their place in it. Keeps the TOML library out of every other file.
#pragma once

#include "config/problem.h"

#include <QString>

#include <optional>
#include <utility>
#include <vector>

namespace tk::config {

struct Node
{
    enum class Kind { Table, Array, Text, Integer, Number, Boolean, Date };

    Kind kind = Kind::Table;
    int line = 0;
    int column = 0;   // in code points, from 1
    int end_line = 0; // behind the last character; of a table with a header: of the header
    int end_column = 0;
    QString text;            // of Text
    qint64 integer = 0;      // of Integer; of Boolean 1 for true
    double number = 0;       // of Number and Integer
    std::vector<Node> items; // of Array
    struct Member;
    std::vector<Member> members; // of Table, sorted by line

    const Member *member(const QString &key) const;
    QString describe() const; // "\"abc\"", "12", "a list", "a table": what was found here
};

struct Node::Member
{
    QString key;
    int line = 0;
    int column = 0;
    Node value;
};

// The tree of `text`; nothing, and one problem more, when it is no TOML.
std::optional<Node> parseToml(const QByteArray &text, const QString &file, std::vector<Problem> &problems);

} // namespace tk::config
