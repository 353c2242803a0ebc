// The characters behind a TOML tree: from the places that nodes know to the bytes of the text, and lines around them.
#pragma once

#include "config/toml_tree.h"

#include <QByteArray>

#include <vector>

namespace tk::config {

class TomlSource
{
public:
    explicit TomlSource(QByteArray text);

    const QByteArray &text() const { return m_text; }
    qsizetype size() const { return m_text.size(); }
    qsizetype at(int line, int column) const; // both from 1; columns count code points
    qsizetype begin(const Node &node) const { return at(node.line, node.column); }
    qsizetype end(const Node &node) const { return at(node.end_line, node.end_column); }

    qsizetype textBegin() const;             // behind a byte order mark
    qsizetype lineBegin(qsizetype at) const; // of the line that holds this byte
    qsizetype lineEnd(qsizetype at) const;   // before its line end
    qsizetype nextLine(qsizetype at) const;  // behind its line end
    QByteArray between(qsizetype from, qsizetype to) const { return m_text.mid(from, to - from); }
    QByteArray indentation(qsizetype at) const;             // of the line that holds this byte
    bool isBlank(qsizetype from, qsizetype to) const;       // spaces and tabs alone
    bool isRest(qsizetype from) const;                      // up to the end of the line: nothing, or a comment
    const QByteArray &newline() const { return m_newline; } // as the first line of the text ends

private:
    QByteArray m_text;
    QByteArray m_newline;
    std::vector<qsizetype> m_lines; // where each begins
};

} // namespace tk::config
