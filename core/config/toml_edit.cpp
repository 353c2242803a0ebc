#include "config/toml_edit.h"

#include "config/toml_list.h"

#include <algorithm>

namespace tk::config {

namespace {

Error refusal(const QString &path, const QString &why)
{
    return Error{Error::Kind::Config, QStringLiteral("%1 was not changed: %2").arg(path, why)};
}

struct Step
{
    QString key;
    std::optional<QString> which; // of a list of tables: a number from 1, or a name
};

std::vector<Step> parsePath(const QString &path)
{
    std::vector<Step> steps;
    for (const QString &part : path.split(u'.')) {
        const qsizetype bracket = part.indexOf(u'[');
        Step step{bracket < 0 ? part : part.left(bracket), {}};
        if (bracket >= 0 && part.endsWith(u']'))
            step.which = part.mid(bracket + 1, part.size() - bracket - 2);
        const bool isBare = !step.key.isEmpty() && std::all_of(step.key.begin(), step.key.end(), [](QChar c) {
            return c.unicode() < 128 && (c.isLetterOrNumber() || c == u'_' || c == u'-');
        });
        if (!isBare || (bracket >= 0 && (!step.which || step.which->isEmpty())))
            return {};
        steps.push_back(step);
    }
    return steps;
}

// The table of a list; one behind the last stands for a new one.
std::optional<size_t> indexOf(const Node &list, const QString &which)
{
    bool isNumber = false;
    const uint number = which.toUInt(&isNumber);
    if (isNumber)
        return number >= 1 && number <= list.items.size() + 1 ? std::optional(size_t(number) - 1) : std::nullopt;
    for (size_t i = 0; i < list.items.size(); ++i) {
        const Node::Member *name = list.items[i].member(QStringLiteral("name"));
        if (name && name->value.kind == Node::Kind::Text && name->value.text == which)
            return i;
    }
    return list.items.size();
}

QByteArray keysOf(const std::vector<Step> &steps, size_t from, size_t to)
{
    QByteArray keys;
    for (size_t i = from; i < to; ++i)
        keys += (keys.isEmpty() ? "" : ".") + steps[i].key.toUtf8();
    return keys;
}

// Where a path ends in a tree.
struct Place
{
    const Node *table = nullptr;          // the deepest one that is there
    size_t depth = 0;                     // how many steps lead to it
    const Node::Member *member = nullptr; // of the last step, where it is there
    QString trouble;
};

Place locate(const Node &root, const std::vector<Step> &steps)
{
    Place place{&root, 0, nullptr, {}};
    for (size_t i = 0; i < steps.size(); ++i) {
        const Node::Member *member = place.table->member(steps[i].key);
        if (!member)
            return place;
        if (i + 1 == steps.size()) {
            place.member = member;
            return place;
        }
        const Node *next = &member->value;
        if (steps[i].which) {
            const auto index = next->kind == Node::Kind::Array ? indexOf(*next, *steps[i].which) : std::nullopt;
            if (!index) {
                place.trouble = QStringLiteral("there is no %1[%2]").arg(steps[i].key, *steps[i].which);
                return place;
            }
            if (*index == next->items.size())
                return place;
            next = &next->items[*index];
        }
        if (next->kind != Node::Kind::Table) {
            place.trouble = QStringLiteral("%1 is %2, not a table").arg(steps[i].key, next->describe());
            return place;
        }
        place.table = next;
        place.depth = i + 1;
    }
    return place;
}

// How a table is written.
enum class Form {
    Root,
    Header,  // [table], [[table]]
    Implied, // by the header of a table in it
    Inline,  // { … }
    Dotted,  // key.key = …
};

bool isInlineList(const TomlSource &source, const Node &node)
{
    return node.kind == Node::Kind::Array && (node.items.empty() || node.items.front().kind != Node::Kind::Table ||
                                              source.text().mid(source.begin(node.items.front()), 1) == "{");
}

Form formOf(const TomlSource &source, const Node &table, bool isRoot)
{
    if (isRoot)
        return Form::Root;
    const QByteArray first = source.text().mid(source.begin(table), 1);
    if (first == "{")
        return Form::Inline;
    if (first != "[")
        return Form::Dotted;
    const bool implied = std::any_of(table.members.begin(), table.members.end(), [&](const Node::Member &member) {
        const Node *value = &member.value;
        if (value->kind == Node::Kind::Array && !value->items.empty())
            value = &value->items.front();
        return value->kind == Node::Kind::Table && value->line == table.line && value->column == table.column;
    });
    return implied ? Form::Implied : Form::Header;
}

// The end of what is written below a table's own header (or in its braces); -1: nothing.
qsizetype lastEnd(const TomlSource &source, const Node &table)
{
    qsizetype last = -1;
    for (const Node::Member &member : table.members) {
        const Node &value = member.value;
        if (value.kind == Node::Kind::Table) {
            const Form form = formOf(source, value, false);
            if (form == Form::Dotted)
                last = std::max(last, lastEnd(source, value));
            else if (form == Form::Inline)
                last = std::max(last, source.end(value));
        } else if (value.kind != Node::Kind::Array || isInlineList(source, value)) {
            last = std::max(last, source.end(value));
        }
    }
    return last;
}

// What stands before the keys of a dotted table on their lines: "influx." with its indentation.
std::optional<QByteArray> dottedLead(const TomlSource &source, const Node &table)
{
    std::optional<QByteArray> lead;
    for (const Node::Member &member : table.members) {
        if (member.value.kind != Node::Kind::Table) {
            const qsizetype key = source.at(member.line, member.column);
            lead = source.between(source.lineBegin(key), key);
        }
    }
    return lead;
}

QByteArray atEnd(const TomlSource &source, const QByteArray &block)
{
    QByteArray text = source.text();
    const QByteArray &newline = source.newline();
    if (text.size() > source.textBegin()) {
        if (!text.endsWith('\n'))
            text += newline;
        text += newline;
    }
    return text + block + newline;
}

// Before the first table, above the comments that lead up to it.
qsizetype beforeTables(const TomlSource &source, const Node &root)
{
    qsizetype at = source.size();
    for (const Node::Member &member : root.members)
        at = std::min(at, source.begin(member.value));
    if (at == source.size())
        return at;
    at = source.lineBegin(at);
    while (at > source.textBegin() && source.between(source.lineBegin(at - 1), at).trimmed().startsWith('#'))
        at = source.lineBegin(at - 1);
    return at;
}

QByteArray lineAfter(const TomlSource &source, qsizetype end, const QByteArray &line)
{
    QByteArray text = source.text();
    return text.insert(source.lineEnd(end), source.newline() + line);
}

Result<QByteArray> inserted(const TomlSource &source, const Place &place, const TomlEdit &edit,
                            const std::vector<Step> &steps, const TomlValue &value)
{
    const size_t missing = steps.size() - place.depth; // keys still to be written
    const Form form = formOf(source, *place.table, place.depth == 0);
    const bool hasList = std::any_of(steps.begin() + std::ptrdiff_t(place.depth), steps.end(),
                                     [](const Step &step) { return step.which.has_value(); });
    const QByteArray assignment = keysOf(steps, place.depth, steps.size()) + " = " + tomlText(value);
    const qsizetype last = lastEnd(source, *place.table);
    QByteArray text = source.text();
    if (hasList) {
        const Step &list = steps[place.depth];
        const Node::Member *there = place.table->member(list.key);
        if (form != Form::Root || missing != 2 || (there && isInlineList(source, there->value)))
            return refusal(edit.path, QStringLiteral("its list is written in a way that takes no new table"));
        QByteArray block = "[[" + list.key.toUtf8() + "]]" + source.newline();
        bool isNumber = false;
        (void)list.which->toUInt(&isNumber);
        if (!isNumber && steps.back().key != QLatin1String("name"))
            block += "name = " + tomlText(*list.which) + source.newline();
        return atEnd(source, block + steps.back().key.toUtf8() + " = " + tomlText(value));
    }
    if (form == Form::Inline)
        return last < 0 ? text.insert(source.begin(*place.table) + 1, ' ' + assignment + ' ')
                        : text.insert(last, ", " + assignment);
    if (form == Form::Dotted) {
        const auto lead = dottedLead(source, *place.table);
        if (!lead || last < 0)
            return refusal(edit.path, QStringLiteral("its table is written in a way that takes no new key"));
        return lineAfter(source, last, *lead + assignment);
    }
    if (missing > 1 || form == Form::Implied) {
        const bool inList = std::any_of(steps.begin(), steps.begin() + std::ptrdiff_t(place.depth),
                                        [](const Step &step) { return step.which.has_value(); });
        if (inList) // a header at the end would belong to the last table of the list
            return last < 0 ? lineAfter(source, source.end(*place.table), assignment)
                            : lineAfter(source, last, source.indentation(last) + assignment);
        return atEnd(source, '[' + keysOf(steps, 0, steps.size() - 1) + ']' + source.newline() +
                                 keysOf(steps, steps.size() - 1, steps.size()) + " = " + tomlText(value));
    }
    if (form == Form::Root && last < 0) {
        const qsizetype at = beforeTables(source, *place.table);
        if (at < source.size())
            return text.insert(at, assignment + source.newline() + source.newline());
        return text.insert(at, (at > source.textBegin() && !text.endsWith('\n') ? source.newline() : QByteArray()) +
                                   assignment + source.newline());
    }
    if (last < 0)
        return lineAfter(source, source.end(*place.table), source.indentation(source.begin(*place.table)) + assignment);
    // As the last key that is the table's own, on whatever line it begins.
    QByteArray indentation;
    for (const Node::Member &member : place.table->members) {
        const qsizetype key = source.at(member.line, member.column);
        if (key < last)
            indentation = source.indentation(key);
    }
    return lineAfter(source, last, indentation + assignment);
}

Result<QByteArray> removed(const TomlSource &source, const Place &place, const TomlEdit &edit)
{
    const Node::Member &member = *place.member;
    if (member.value.kind == Node::Kind::Table ||
        (member.value.kind == Node::Kind::Array && !isInlineList(source, member.value)))
        return refusal(edit.path, QStringLiteral("it is a table, and only keys are removed"));
    const qsizetype key = source.at(member.line, member.column);
    const qsizetype end = source.end(member.value);
    QByteArray text = source.text();
    if (formOf(source, *place.table, place.depth == 0) != Form::Inline) {
        const qsizetype from = source.lineBegin(key);
        return text.remove(from, source.nextLine(end) - from);
    }
    qsizetype from = key;
    qsizetype to = end;
    while (to < text.size() && (text[to] == ' ' || text[to] == '\t'))
        ++to;
    if (to < text.size() && text[to] == ',') {
        ++to;
        while (to < text.size() && (text[to] == ' ' || text[to] == '\t'))
            ++to;
        return text.remove(from, to - from);
    }
    while (from > 0 && (text[from - 1] == ' ' || text[from - 1] == '\t'))
        --from;
    if (from > 0 && text[from - 1] == ',')
        --from;
    return text.remove(from, end - from);
}

// A whole table of a list, with its header. What follows moves up.
Result<QByteArray> removedTable(const TomlSource &source, const TomlEdit &edit, const Node &list, size_t index)
{
    if (isInlineList(source, list))
        return refusal(edit.path, QStringLiteral("its list is written in one piece; change it in the file"));
    const Node &table = list.items[index];
    const qsizetype last = std::max(lastEnd(source, table), source.end(table));
    qsizetype from = source.lineBegin(source.begin(table));
    const qsizetype to = source.nextLine(last);
    // One empty line is enough where it stood.
    const bool blankAfter = to >= source.size() || source.isBlank(to, source.lineEnd(to));
    if (blankAfter && from > source.textBegin() && source.isBlank(source.lineBegin(from - 1), source.lineEnd(from - 1)))
        from = source.lineBegin(from - 1);
    QByteArray text = source.text();
    return text.remove(from, to - from);
}

std::optional<Node> parsed(const QByteArray &text, QString &trouble)
{
    std::vector<Problem> problems;
    auto tree = parseToml(text, {}, problems);
    if (!tree)
        trouble = QStringLiteral("line %1: %2").arg(problems.front().line).arg(problems.front().found);
    return tree;
}

bool isSame(const Node &a, const Node &b)
{
    if (a.kind != b.kind || a.text != b.text || a.integer != b.integer || a.number != b.number ||
        a.items.size() != b.items.size() || a.members.size() != b.members.size())
        return false;
    for (size_t i = 0; i < a.items.size(); ++i) {
        if (!isSame(a.items[i], b.items[i]))
            return false;
    }
    return std::all_of(a.members.begin(), a.members.end(), [&](const Node::Member &member) {
        const Node::Member *other = b.member(member.key);
        return other && isSame(member.value, other->value);
    });
}

// A value that says the same needs no other characters: 1_500 stays, and so does 'text'.
bool says(const Node &node, const TomlValue &value)
{
    const Node wanted = tomlNode(value);
    if (std::holds_alternative<double>(value))
        return (node.kind == Node::Kind::Integer || node.kind == Node::Kind::Number) && node.number == wanted.number;
    return isSame(node, wanted);
}

Node *memberIn(Node &table, const QString &key)
{
    for (Node::Member &member : table.members) {
        if (member.key == key)
            return &member.value;
    }
    return nullptr;
}

// The tree that the edit is to lead to.
void applyTo(Node &root, const std::vector<Step> &steps, const std::optional<TomlValue> &value)
{
    Node *table = &root;
    for (size_t i = 0; i + 1 < steps.size(); ++i) {
        Node *next = memberIn(*table, steps[i].key);
        if (!next) {
            if (!value)
                return;
            Node made;
            made.kind = steps[i].which ? Node::Kind::Array : Node::Kind::Table;
            table->members.push_back({steps[i].key, 0, 0, made});
            next = &table->members.back().value;
        }
        if (steps[i].which) {
            const size_t index = indexOf(*next, *steps[i].which).value_or(0);
            if (index == next->items.size()) {
                if (!value)
                    return;
                Node made;
                bool isNumber = false;
                (void)steps[i].which->toUInt(&isNumber);
                if (!isNumber)
                    made.members.push_back({QStringLiteral("name"), 0, 0, tomlNode(*steps[i].which)});
                next->items.push_back(made);
            }
            next = &next->items[index];
        }
        table = next;
    }
    const QString &key = steps.back().key;
    if (!value) {
        std::erase_if(table->members, [&](const Node::Member &member) { return member.key == key; });
    } else if (Node *there = memberIn(*table, key)) {
        *there = tomlNode(*value);
    } else {
        table->members.push_back({key, 0, 0, tomlNode(*value)});
    }
}

Result<QByteArray> replaced(TomlSource source, Place place, const TomlEdit &edit, const std::vector<Step> &steps)
{
    const Node &old = place.member->value;
    if (old.kind == Node::Kind::Table || (old.kind == Node::Kind::Array && !isInlineList(source, old)))
        return refusal(edit.path, QStringLiteral("it is %1").arg(old.describe()));
    const auto *list = std::get_if<QStringList>(&*edit.value);
    if (!list || old.kind != Node::Kind::Array) {
        QByteArray text = source.text();
        return text.replace(source.begin(old), source.end(old) - source.begin(old), tomlText(*edit.value));
    }
    Node tree;
    for (;;) {
        const auto text = editList(source, place.member->value, *list);
        if (!text)
            return refusal(edit.path, QStringLiteral("comments in the list would be lost; change it in the file"));
        if (*text == source.text())
            return *text;
        QString trouble;
        auto next = parsed(*text, trouble);
        if (!next)
            return refusal(edit.path, QStringLiteral("the list is written in a way that cannot be kept: ") + trouble);
        tree = std::move(*next);
        place = locate(tree, steps);
        source = TomlSource(*text);
        if (!place.member)
            return refusal(edit.path, QStringLiteral("the list is written in a way that cannot be kept"));
    }
}

// Of whole tables of a list at the top: they are removed, and nothing else.
Result<QByteArray> editTables(const QByteArray &text, const TomlEdit &edit, const std::vector<Step> &steps,
                              const Node &tree)
{
    if (edit.value || steps.size() != 1)
        return refusal(edit.path, QStringLiteral("this is no path of a key"));
    const Node::Member *list = tree.member(steps[0].key);
    const auto index =
        list && list->value.kind == Node::Kind::Array ? indexOf(list->value, *steps[0].which) : std::nullopt;
    if (!index || *index == list->value.items.size())
        return text; // not there
    const auto edited = removedTable(TomlSource(text), edit, list->value, *index);
    if (!edited)
        return edited;
    Node wanted = tree;
    Node *items = memberIn(wanted, steps[0].key);
    items->items.erase(items->items.begin() + std::ptrdiff_t(*index));
    if (items->items.empty())
        std::erase_if(wanted.members, [&](const Node::Member &member) { return member.key == steps[0].key; });
    QString trouble;
    const auto made = parsed(*edited, trouble);
    if (!made || !isSame(*made, wanted))
        return refusal(edit.path, QStringLiteral("it is written in a way that cannot be kept; change it in the file"));
    return edited;
}

} // namespace

Result<QByteArray> editToml(const QByteArray &text, const TomlEdit &edit)
{
    const std::vector<Step> steps = parsePath(edit.path);
    if (steps.empty())
        return refusal(edit.path, QStringLiteral("this is no path of a key"));
    QString trouble;
    auto tree = parsed(text, trouble);
    if (!tree)
        return refusal(edit.path, QStringLiteral("the file is no TOML: ") + trouble);
    if (steps.back().which)
        return editTables(text, edit, steps, *tree);
    const Place place = locate(*tree, steps);
    if (!place.trouble.isEmpty())
        return refusal(edit.path, place.trouble);
    if (place.member ? edit.value && says(place.member->value, *edit.value) : !edit.value)
        return text;
    const TomlSource source(text);
    const auto edited = !edit.value    ? removed(source, place, edit)
                        : place.member ? replaced(source, place, edit, steps)
                                       : inserted(source, place, edit, steps, *edit.value);
    if (!edited)
        return edited;
    Node wanted = *tree;
    applyTo(wanted, steps, edit.value);
    const auto made = parsed(*edited, trouble);
    if (!made || !isSame(*made, wanted))
        return refusal(edit.path, QStringLiteral("it is written in a way that cannot be kept; change it in the file"));
    return edited;
}

Result<QByteArray> editToml(const QByteArray &text, const std::vector<TomlEdit> &edits)
{
    QByteArray edited = text;
    for (const TomlEdit &edit : edits) {
        const auto next = editToml(edited, edit);
        if (!next)
            return next;
        edited = *next;
    }
    return edited;
}

const Node *nodeAt(const Node &root, const QString &path)
{
    const std::vector<Step> steps = parsePath(path);
    if (steps.empty() || steps.back().which)
        return nullptr;
    const Place place = locate(root, steps);
    return place.trouble.isEmpty() && place.member ? &place.member->value : nullptr;
}

} // namespace tk::config
