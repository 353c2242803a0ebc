#include "config/load_host.h"

#include <QRegularExpression>
#include <QSet>

namespace tk::config {

namespace {

using namespace std::chrono_literals;

constexpr size_t mostHosts = 1000;

// What follows becomes a word of ssh's command line: a leading dash would be an option.
bool isTarget(const QString &text)
{
    static const QRegularExpression form(
        QStringLiteral("^(?:ssh://)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?"
                       "(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\\[[0-9A-Fa-f:.]+\\])(?::([0-9]{1,5}))?/?$"));
    const auto match = form.match(text);
    const QString port = match.captured(1);
    return match.hasMatch() && (port.isEmpty() || (port.toInt() > 0 && port.toInt() <= 65'535));
}

bool isUnit(const QString &text)
{
    static const QRegularExpression form(
        QStringLiteral("^[A-Za-z0-9_*?\\[][A-Za-z0-9_.@:*?\\[\\]\\\\-]*\\.(?:service|timer|socket|path|target)$"));
    return form.match(text).hasMatch();
}

bool isFolder(const QString &text)
{
    return (text.startsWith(u'/') || text.startsWith(QLatin1String("~/"))) && !text.contains(u'\n') &&
           !text.contains(QChar(0));
}

// A word without options: it begins a line of the host's shell.
bool isProgram(const QString &text)
{
    static const QRegularExpression form(QStringLiteral("^(?:~/)?[A-Za-z0-9_./][A-Za-z0-9_./+@-]*$"));
    return form.match(text).hasMatch();
}

void checked(Section &section, const QString &key, QString &into, bool (*good)(const QString &), const QString &allowed)
{
    const Node *node = section.find(key);
    QString text = into;
    if (!section.text(key, text))
        return;
    if (!text.isEmpty() && !good(text))
        section.report(key, node, node->describe(), allowed);
    else
        into = text;
}

HostSettings loadHost(Section &section, const Node &item)
{
    HostSettings host;
    const auto isName = [](const QString &text) {
        static const QRegularExpression form(QStringLiteral("^[A-Za-z0-9_][A-Za-z0-9_.-]*$"));
        return form.match(text).hasMatch();
    };
    checked(section, QStringLiteral("name"), host.name, isName, QStringLiteral("letters, digits, \".\", \"-\", \"_\""));
    checked(section, QStringLiteral("target"), host.target, isTarget,
            QStringLiteral("[ssh://][user@]host[:port], and no password"));
    checked(section, QStringLiteral("user"), host.user, isName, QStringLiteral("a login name"));
    checked(section, QStringLiteral("jump"), host.jump, isTarget,
            QStringLiteral("[ssh://][user@]host[:port], and no password"));
    section.path(QStringLiteral("identity"), host.identity);
    section.path(QStringLiteral("known_hosts"), host.known_hosts);
    section.list(QStringLiteral("units"), [&](const QString &text) {
        if (!isUnit(text))
            return QStringLiteral("units with their suffix, such as \"influxdb-data-sync.timer\" or "
                                  "\"freqtrade-feeder*.service\"");
        host.units.append(text);
        return QString();
    });
    section.list(QStringLiteral("data"), [&](const QString &text) {
        if (!isFolder(text))
            return QStringLiteral("absolute folders of that host, or such as begin with \"~/\"");
        host.data.append(text);
        return QString();
    });
    section.duration(QStringLiteral("stale_after"), host.stale_after, 1s, 24h * 7);
    checked(section, QStringLiteral("deploy"), host.deploy, isFolder,
            QStringLiteral("an absolute folder of that host, or one that begins with \"~/\""));
    const auto isService = [](const QString &text) {
        return isUnit(text) && text.endsWith(QLatin1String(".service")) && !text.contains(u'*') &&
               !text.contains(u'?') && !text.contains(u'[');
    };
    checked(section, QStringLiteral("deploy_unit"), host.deploy_unit, isService,
            QStringLiteral("one service with its suffix, such as \"tapekeeper.service\""));
    const auto isLine = [](const QString &text) { return !text.contains(u'\n') && !text.contains(QChar(0)); };
    checked(section, QStringLiteral("deploy_heartbeat"), host.deploy_heartbeat, isLine,
            QStringLiteral("an extended regular expression"));
    section.duration(QStringLiteral("deploy_within"), host.deploy_within, 1s, 1h);
    section.duration(QStringLiteral("deploy_hold"), host.deploy_hold, 0s, 1h);
    checked(section, QStringLiteral("push"), host.push, isFolder,
            QStringLiteral("an absolute folder of that host, or one that begins with \"~/\""));
    section.duration(QStringLiteral("push_every"), host.push_every, 10s, 24h);
    checked(section, QStringLiteral("push_program"), host.push_program, isProgram,
            QStringLiteral("the name of a program, or its path"));
    if (host.push_program.isEmpty())
        host.push_program = HostSettings().push_program;
    section.finish();
    if (host.name.isEmpty())
        host.name = host.target;
    if (host.target.isEmpty() && !item.member(QStringLiteral("target")))
        host.target = host.name;
    const bool wrongAlready = item.member(QStringLiteral("target")) || item.member(QStringLiteral("name"));
    if (host.target.isEmpty() && !wrongAlready)
        section.report(QStringLiteral("target"), &item, QStringLiteral("nothing"),
                       QStringLiteral("[ssh://][user@]host[:port]"));
    return host;
}

} // namespace

std::vector<HostSettings> loadHosts(Section &top, std::vector<Problem> &problems)
{
    const QString key = QStringLiteral("host");
    const QString allowed = QStringLiteral("one table [[host]] for each host");
    const Node *node = top.find(key);
    if (!node)
        return {};
    if (node->kind != Node::Kind::Array) {
        top.report(key, node, node->describe(), allowed);
        return {};
    }
    std::vector<HostSettings> hosts;
    QSet<QString> names;
    for (size_t i = 0; i < node->items.size(); ++i) {
        const Node &item = node->items[i];
        if (item.kind != Node::Kind::Table) {
            top.report(key, &item, item.describe(), allowed);
            continue;
        }
        const QString name = node->items.size() == 1 ? key : QStringLiteral("host[%1]").arg(i + 1);
        Section section(&item, name, top.file(), problems);
        if (hosts.size() >= mostHosts) {
            section.report({}, &item, QStringLiteral("one table more"),
                           QStringLiteral("at most %1 hosts").arg(mostHosts));
            break;
        }
        hosts.push_back(loadHost(section, item));
        const QString &host = hosts.back().name;
        if (names.contains(host))
            section.report(QStringLiteral("name"), &item, u'"' + host + QStringLiteral("\" again"),
                           QStringLiteral("each host once"));
        names.insert(host);
    }
    return hosts;
}

} // namespace tk::config
