#include "config/section.h"

#include "config/settings.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>
#include <cmath>

namespace tk::config {

QString oneOf(const QStringList &words)
{
    QString text;
    for (qsizetype i = 0; i < words.size(); ++i) {
        if (i > 0)
            text += i + 1 == words.size() ? QStringLiteral(" or ") : QStringLiteral(", ");
        text += u'"' + words[i] + u'"';
    }
    return text;
}

std::optional<QUrl> checkedUrl(const QString &text, const QStringList &schemes)
{
    const QUrl url(text, QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty() || !schemes.contains(url.scheme()))
        return {};
    return url;
}

namespace {

bool hasControls(const QString &text)
{
    return std::any_of(text.begin(), text.end(),
                       [](QChar c) { return c.category() == QChar::Other_Control && c != u'\n' && c != u'\t'; });
}

// As one would write it: "60s", "24h", "360d".
QString spanText(milliseconds span)
{
    const qint64 ms = span.count();
    for (const auto &[unit, length] : {std::pair{u'd', 86'400'000}, {u'h', 3'600'000}, {u'm', 60'000}, {u's', 1000}}) {
        if (ms >= length && ms % length == 0)
            return QString::number(ms / length) + unit;
    }
    return ms == 0 ? QStringLiteral("0s") : QString::number(ms) + QStringLiteral("ms");
}

} // namespace

Section::Section(const Node *table, QString name, QString file, std::vector<Problem> &problems)
    : m_table(table)
    , m_name(std::move(name))
    , m_file(std::move(file))
    , m_problems(problems)
{}

void Section::report(const QString &key, const Node *at, const QString &found, const QString &allowed)
{
    if (m_problems.size() < mostProblems)
        m_problems.push_back({m_file, at ? at->line : 0, at ? at->column : 0, full(key), found, allowed});
}

void Section::warn(const QString &key, const Node *at, const QString &found, const QString &better)
{
    if (m_problems.size() < mostProblems)
        m_problems.push_back({m_file, at ? at->line : 0, at ? at->column : 0, full(key), found, better, true});
}

void Section::finish()
{
    if (!m_table)
        return;
    for (const Node::Member &member : m_table->members) {
        if (m_problems.size() >= mostProblems)
            return;
        if (m_known.contains(member.key))
            continue;
        const QString meant = nearest(member.key, m_known);
        m_problems.push_back({m_file, member.line, member.column, full(member.key), QStringLiteral("an unknown key"),
                              meant.isEmpty() ? m_known.join(QStringLiteral(", "))
                                              : m_known.join(QStringLiteral(", ")) +
                                                    QStringLiteral(" (did you mean \"%1\"?)").arg(meant)});
    }
}

const Node *Section::find(const QString &key)
{
    if (!m_known.contains(key)) // some are looked at twice
        m_known.append(key);
    const Node::Member *member = m_table ? m_table->member(key) : nullptr;
    return member ? &member->value : nullptr;
}

Section Section::table(const QString &key)
{
    const Node *node = find(key);
    if (node && node->kind != Node::Kind::Table) {
        report(key, node, node->describe(), QStringLiteral("a table: [%1]").arg(full(key)));
        node = nullptr;
    }
    return {node, full(key), m_file, m_problems};
}

const Node *Section::textNode(const QString &key, const QString &allowed)
{
    const Node *node = find(key);
    if (!node)
        return nullptr;
    if (node->kind != Node::Kind::Text) {
        report(key, node, node->describe(), allowed);
        return nullptr;
    }
    if (hasControls(node->text)) { // a zero byte would end a path early, and nothing else means anything here
        report(key, node, node->describe(), QStringLiteral("a text without control characters"));
        return nullptr;
    }
    return node;
}

bool Section::text(const QString &key, QString &into)
{
    const Node *node = textNode(key, QStringLiteral("a text in quotes"));
    if (node)
        into = node->text;
    return node != nullptr;
}

bool Section::nonEmpty(const QString &key, QString &into)
{
    const QString allowed = QStringLiteral("a text that is not empty");
    const Node *node = textNode(key, allowed);
    if (!node)
        return false;
    if (node->text.trimmed().isEmpty()) {
        report(key, node, node->describe(), allowed);
        return false;
    }
    into = node->text;
    return true;
}

bool Section::word(const QString &key, QString &into, const QStringList &allowed)
{
    const Node *node = textNode(key, oneOf(allowed));
    if (!node)
        return false;
    if (!allowed.contains(node->text)) {
        report(key, node, node->describe(), oneOf(allowed));
        return false;
    }
    into = node->text;
    return true;
}

bool Section::boolean(const QString &key, bool &into)
{
    const Node *node = find(key);
    if (!node)
        return false;
    if (node->kind != Node::Kind::Boolean) {
        report(key, node, node->describe(), QStringLiteral("true or false"));
        return false;
    }
    into = node->integer != 0;
    return true;
}

bool Section::integer(const QString &key, int &into, int least, int most)
{
    const Node *node = find(key);
    if (!node)
        return false;
    if (node->kind != Node::Kind::Integer || node->integer < least || node->integer > most) {
        report(key, node, node->describe(), QStringLiteral("a whole number from %1 to %2").arg(least).arg(most));
        return false;
    }
    into = int(node->integer);
    return true;
}

bool Section::number(const QString &key, double &into, double above, double most)
{
    const Node *node = find(key);
    if (!node)
        return false;
    const bool isNumber = node->kind == Node::Kind::Integer || node->kind == Node::Kind::Number;
    if (!isNumber || !std::isfinite(node->number) || node->number <= above || node->number > most) {
        report(key, node, node->describe(), QStringLiteral("a number above %1, at most %2").arg(above).arg(most));
        return false;
    }
    into = node->number;
    return true;
}

bool Section::duration(const QString &key, milliseconds &into, milliseconds least, milliseconds most, bool orZero)
{
    const QString allowed =
        QStringLiteral("a duration such as \"60s\", from %1 to %2%3")
            .arg(spanText(least), spanText(most), orZero ? QStringLiteral(", or \"0s\"") : QString());
    const Node *node = textNode(key, allowed);
    if (!node)
        return false;
    const Result<milliseconds> span = parseDuration(node->text);
    if (!span || ((*span < least || *span > most) && !(orZero && span->count() == 0))) {
        report(key, node, node->describe(), allowed);
        return false;
    }
    into = *span;
    return true;
}

bool Section::bytes(const QString &key, qint64 &into, qint64 least)
{
    const QString allowed = QStringLiteral("a size such as \"20GiB\", at least %1 MiB").arg(least >> 20);
    const Node *node = textNode(key, allowed);
    if (!node)
        return false;
    const Result<qint64> size = parseByteSize(node->text);
    if (!size || *size < least) {
        report(key, node, node->describe(), allowed);
        return false;
    }
    into = *size;
    return true;
}

bool Section::url(const QString &key, QUrl &into, const QStringList &schemes)
{
    const QString allowed = QStringLiteral("a URL such as \"%1://host:port\" (%2)")
                                .arg(schemes.last(), schemes.join(QStringLiteral(" or ")));
    const Node *node = textNode(key, allowed);
    if (!node)
        return false;
    const std::optional<QUrl> url = checkedUrl(node->text, schemes);
    if (!url) {
        report(key, node, node->describe(), allowed);
        return false;
    }
    if (!url->userInfo().isEmpty()) {
        report(
            key, node, QStringLiteral("a URL with a user or a password in it"),
            m_name == QLatin1String("store.influx")
                ? QStringLiteral("the URL alone; the user is store.influx.user, and the password belongs into a file "
                                 "that store.influx.password_file names, or into TAPEKEEPER_INFLUX_PASSWORD")
                : QStringLiteral("the URL alone: this file is shown to people"));
        return false;
    }
    if (url->hasQuery() || url->hasFragment()) {
        report(key, node, QStringLiteral("a URL with \"?\" or \"#\" in it"),
               QStringLiteral("%1; tokens and passwords have keys of their own").arg(allowed));
        return false;
    }
    into = *url;
    return true;
}

QString Section::resolved(const QString &path) const
{
    return QDir::cleanPath(QFileInfo(m_file).absoluteDir().absoluteFilePath(expandHome(path)));
}

bool Section::path(const QString &key, QString &into)
{
    if (!text(key, into))
        return false;
    if (!into.isEmpty())
        into = resolved(into);
    return true;
}

bool Section::list(const QString &key, const std::function<QString(const QString &)> &take)
{
    const Node *node = find(key);
    if (!node)
        return false;
    if (node->kind != Node::Kind::Array) {
        report(key, node, node->describe(), QStringLiteral("a list of texts: [\"…\", \"…\"]"));
        return false;
    }
    QSet<QString> seen;
    bool good = true;
    for (const Node &item : node->items) {
        QString allowed;
        if (item.kind != Node::Kind::Text)
            allowed = QStringLiteral("a text in quotes");
        else if (hasControls(item.text))
            allowed = QStringLiteral("a text without control characters");
        else if (seen.contains(item.text))
            allowed = QStringLiteral("each element once");
        else
            allowed = take(item.text);
        seen.insert(item.text);
        if (!allowed.isEmpty()) {
            report(key, &item, item.describe(), allowed);
            good = false;
        }
    }
    return good;
}

} // namespace tk::config
