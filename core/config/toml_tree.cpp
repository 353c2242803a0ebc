#include "config/toml_tree.h"

#include "base/printable.h"
#include "config/toml_limits.h"

#include <QByteArray>

#include <algorithm>

// Without exceptions, and so not the compiled library of the distribution, which has them.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ASSERT(condition) static_cast<void>(0) // one of them fails for texts that the next line refuses
#include <toml++/toml.h>

namespace tk::config {

namespace {

constexpr qsizetype longestShown = 120; // of a value, in what is told of it

QString qString(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}

Node convert(const toml::node &from)
{
    Node node;
    node.line = int(from.source().begin.line);
    node.column = int(from.source().begin.column);
    node.end_line = int(from.source().end.line);
    node.end_column = int(from.source().end.column);
    if (const toml::table *table = from.as_table()) {
        for (const auto &[key, value] : *table)
            node.members.push_back(
                {qString(key.str()), int(key.source().begin.line), int(key.source().begin.column), convert(value)});
        std::stable_sort(node.members.begin(), node.members.end(),
                         [](const Node::Member &a, const Node::Member &b) { return a.line < b.line; });
    } else if (const toml::array *array = from.as_array()) {
        node.kind = Node::Kind::Array;
        for (const toml::node &item : *array)
            node.items.push_back(convert(item));
    } else if (const auto *text = from.as_string()) {
        node.kind = Node::Kind::Text;
        node.text = qString(text->get());
    } else if (const auto *integer = from.as_integer()) {
        node.kind = Node::Kind::Integer;
        node.integer = integer->get();
        node.number = double(node.integer);
    } else if (const auto *number = from.as_floating_point()) {
        node.kind = Node::Kind::Number;
        node.number = number->get();
    } else if (const auto *boolean = from.as_boolean()) {
        node.kind = Node::Kind::Boolean;
        node.integer = boolean->get() ? 1 : 0;
    } else {
        node.kind = Node::Kind::Date;
    }
    return node;
}

} // namespace

const Node::Member *Node::member(const QString &key) const
{
    for (const Member &member : members) {
        if (member.key == key)
            return &member;
    }
    return nullptr;
}

QString Node::describe() const
{
    switch (kind) {
    case Kind::Table:
        return QStringLiteral("a table");
    case Kind::Array:
        return QStringLiteral("a list");
    case Kind::Text:
        return u'"' + printable(withoutPasswords(text.size() > longestShown ? text.first(longestShown) + u'…' : text)) +
               u'"';
    case Kind::Integer:
        return QString::number(integer);
    case Kind::Number:
        return QString::number(number);
    case Kind::Boolean:
        return integer ? QStringLiteral("true") : QStringLiteral("false");
    case Kind::Date:
        return QStringLiteral("a date or time");
    }
    return {};
}

std::optional<Node> parseToml(const QByteArray &text, const QString &file, std::vector<Problem> &problems)
{
    if (auto beyond = beyondLimits(text, file)) {
        problems.push_back(std::move(*beyond));
        return {};
    }
    const toml::parse_result parsed = toml::parse(std::string_view(text.constData(), size_t(text.size())));
    if (!parsed) {
        const toml::parse_error &error = parsed.error();
        problems.push_back({file,
                            int(error.source().begin.line),
                            int(error.source().begin.column),
                            {},
                            qString(error.description()),
                            QStringLiteral("TOML, such as key = \"value\"")});
        return {};
    }
    return convert(parsed.table());
}

} // namespace tk::config
