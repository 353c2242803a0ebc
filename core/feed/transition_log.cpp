#include "feed/transition_log.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::feed {

namespace {

constexpr int named = 5; // streams of a line

struct Group
{
    StreamState to;
    QString cause;
    QStringList names;
    int count = 0;
};

TransitionLine lineOf(const Group &group)
{
    const std::string_view state = streamStateName(group.to);
    const QString what = group.to == StreamState::Live
                             ? QStringLiteral("streams live again")
                             : QStringLiteral("streams %1").arg(QLatin1String(state.data(), qsizetype(state.size())));
    QString names = group.names.join(QStringLiteral(", "));
    if (group.count > named)
        names += QStringLiteral(" and %1 more").arg(group.count - named);
    return {
        .to = group.to, .text = QStringLiteral("%1 %2: %3").arg(group.count).arg(what, names), .cause = group.cause};
}

} // namespace

std::vector<TransitionLine> transitionLines(const StreamTable &table, std::span<const StreamTransition> transitions)
{
    std::vector<Group> groups;
    for (const StreamTransition &transition : transitions) {
        const bool recovered = transition.to == StreamState::Live && isSick(transition.from);
        if (!isSick(transition.to) && transition.to != StreamState::Ended && !recovered)
            continue;
        auto group = std::ranges::find(groups, transition.to, &Group::to);
        if (group == groups.end())
            group = groups.insert(groups.end(), {transition.to, transition.cause, {}, 0});
        const StreamKey &key = table.at(transition.id).spec.key;
        if (++group->count <= named)
            group->names.append(key.pair + u' ' + key.kindText());
    }
    std::vector<TransitionLine> lines;
    for (const Group &group : groups)
        lines.push_back(lineOf(group));
    return lines;
}

void logTransitions(const StreamTable &table, std::span<const StreamTransition> transitions)
{
    for (const TransitionLine &line : transitionLines(table, transitions)) {
        if (line.isGood())
            qCInfo(lcFeed).noquote() << line.text;
        else
            qCWarning(lcFeed).noquote() << line.text << logField(u"cause", line.cause);
    }
}

} // namespace tk::feed
