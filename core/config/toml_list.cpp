#include "config/toml_list.h"

#include <QLocale>

#include <algorithm>

namespace tk::config {

namespace {

QByteArray quoted(const QString &text)
{
    QByteArray out("\"");
    for (const char c : text.toUtf8()) {
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            if (uchar(c) < 0x20 || c == 0x7F)
                out += "\\u" + QByteArray::number(uint(uchar(c)), 16).rightJustified(4, '0');
            else
                out += c;
        }
    }
    return out + '"';
}

QByteArray joined(const QStringList &texts, const QByteArray &between)
{
    QByteArray out;
    for (const QString &text : texts)
        out += (out.isEmpty() ? QByteArray() : between) + quoted(text);
    return out;
}

bool standsAlone(const TomlSource &source, const Node &item)
{
    const qsizetype from = source.begin(item);
    qsizetype to = source.end(item);
    if (!source.isBlank(source.lineBegin(from), from))
        return false;
    while (to < source.size() && (source.text()[to] == ' ' || source.text()[to] == '\t'))
        ++to;
    if (to < source.size() && source.text()[to] == ',')
        ++to;
    return source.isRest(to);
}

struct Cut
{
    qsizetype from = 0;
    qsizetype to = 0;
};

// Without what people have written between elements, but with the comment behind one that goes.
Cut cutOf(const TomlSource &source, const Node &list, size_t index)
{
    const Node &item = list.items[index];
    const qsizetype from = source.begin(item);
    qsizetype to = source.end(item);
    if (standsAlone(source, item))
        return {source.lineBegin(from), source.nextLine(to)};
    if (index + 1 < list.items.size()) {
        const qsizetype next = source.begin(list.items[index + 1]);
        if (!source.between(to, next).contains('\n'))
            return {from, next};
    }
    if (index > 0) {
        const qsizetype before = source.end(list.items[index - 1]);
        if (!source.between(before, from).contains('\n'))
            return {before, to};
    }
    while (to < source.size() && (source.text()[to] == ' ' || source.text()[to] == '\t'))
        ++to;
    if (to < source.size() && source.text()[to] == ',')
        ++to;
    return {from, to};
}

QByteArray without(const TomlSource &source, const Node &list, size_t index)
{
    const Cut cut = cutOf(source, list, index);
    QByteArray text = source.text();
    return text.remove(cut.from, cut.to - cut.from);
}

QByteArray with(const TomlSource &source, const Node &list, const QStringList &added)
{
    QByteArray text = source.text();
    if (list.items.empty())
        return text.insert(source.begin(list) + 1, joined(added, QByteArrayLiteral(", ")));
    const Node &last = list.items.back();
    const qsizetype end = source.end(last);
    if (last.line == list.line || !standsAlone(source, last)) {
        text.insert(end, ", " + joined(added, QByteArrayLiteral(", ")));
        return text;
    }
    // One to a line: so do the new ones.
    qsizetype comma = end;
    while (comma < text.size() && (text[comma] == ' ' || text[comma] == '\t'))
        ++comma;
    const bool ends = comma < text.size() && text[comma] == ',';
    const QByteArray lead = source.newline() + source.indentation(end);
    const QByteArray lines = lead + joined(added, "," + lead) + (ends ? "," : "");
    text.insert(source.lineEnd(end), lines);
    if (!ends)
        text.insert(end, ',');
    return text;
}

bool hasComments(const TomlSource &source, const Node &list)
{
    qsizetype from = source.begin(list);
    for (const Node &item : list.items) {
        if (source.between(from, source.begin(item)).contains('#'))
            return true;
        from = source.end(item);
    }
    return source.between(from, source.end(list)).contains('#');
}

} // namespace

QByteArray tomlText(const TomlValue &value)
{
    if (const auto *text = std::get_if<QString>(&value))
        return quoted(*text);
    if (const auto *integer = std::get_if<qint64>(&value))
        return QByteArray::number(*integer);
    if (const auto *number = std::get_if<double>(&value)) {
        const QByteArray text = QByteArray::number(*number, 'g', QLocale::FloatingPointShortest);
        return text.contains('.') || text.contains('e') || text.contains('n') ? text : text + ".0";
    }
    if (const auto *boolean = std::get_if<bool>(&value))
        return *boolean ? "true" : "false";
    return '[' + joined(std::get<QStringList>(value), QByteArrayLiteral(", ")) + ']';
}

Node tomlNode(const TomlValue &value)
{
    Node node;
    if (const auto *text = std::get_if<QString>(&value)) {
        node.kind = Node::Kind::Text;
        node.text = *text;
    } else if (const auto *integer = std::get_if<qint64>(&value)) {
        node.kind = Node::Kind::Integer;
        node.integer = *integer;
        node.number = double(*integer);
    } else if (const auto *number = std::get_if<double>(&value)) {
        node.kind = Node::Kind::Number;
        node.number = *number;
    } else if (const auto *boolean = std::get_if<bool>(&value)) {
        node.kind = Node::Kind::Boolean;
        node.integer = *boolean ? 1 : 0;
    } else {
        node.kind = Node::Kind::Array;
        for (const QString &item : std::get<QStringList>(value))
            node.items.push_back(tomlNode(item));
    }
    return node;
}

std::optional<QByteArray> editList(const TomlSource &source, const Node &list, const QStringList &wanted)
{
    if (std::any_of(list.items.begin(), list.items.end(),
                    [](const Node &item) { return item.kind != Node::Kind::Text; })) {
        if (hasComments(source, list))
            return {};
        QByteArray text = source.text();
        return text.replace(source.begin(list), source.end(list) - source.begin(list), tomlText(wanted));
    }
    std::vector<size_t> gone;
    qsizetype kept = 0;
    for (size_t i = 0; i < list.items.size(); ++i) {
        if (kept < wanted.size() && list.items[i].text == wanted[kept])
            ++kept;
        else
            gone.push_back(i);
    }
    if (kept < wanted.size())
        return with(source, list, wanted.mid(kept));
    return gone.empty() ? source.text() : without(source, list, gone.back());
}

} // namespace tk::config
