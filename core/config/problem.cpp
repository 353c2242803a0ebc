#include "config/problem.h"

#include "base/printable.h"

#include <algorithm>
#include <vector>

namespace tk::config {

namespace {

// Insertions, deletions, replacements, and neighbours that changed places.
int editDistance(const QString &a, const QString &b)
{
    std::vector<std::vector<int>> cost(size_t(a.size() + 1), std::vector<int>(size_t(b.size() + 1)));
    for (qsizetype i = 0; i <= a.size(); ++i) {
        for (qsizetype j = 0; j <= b.size(); ++j) {
            int &here = cost[size_t(i)][size_t(j)];
            if (i == 0 || j == 0) {
                here = int(i + j);
                continue;
            }
            const int differs = a[i - 1].toLower() == b[j - 1].toLower() ? 0 : 1;
            here = std::min({cost[size_t(i - 1)][size_t(j)] + 1, cost[size_t(i)][size_t(j - 1)] + 1,
                             cost[size_t(i - 1)][size_t(j - 1)] + differs});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here = std::min(here, cost[size_t(i - 2)][size_t(j - 2)] + 1);
        }
    }
    return cost.back().back();
}

} // namespace

QString Problem::text() const
{
    QString text = file;
    if (line > 0)
        text += u':' + QString::number(line);
    if (!text.isEmpty())
        text += QStringLiteral(": ");
    if (warning)
        text += QStringLiteral("warning: ");
    if (!key.isEmpty())
        text += key + QStringLiteral(": ");
    text += warning ? QStringLiteral("found %1, better %2").arg(found, allowed)
                    : QStringLiteral("found %1, allowed %2").arg(found, allowed);
    return printable(withoutPasswords(text));
}

QString nearest(const QString &word, const QStringList &known)
{
    constexpr qsizetype longestWord = 64; // whoever writes more means something else
    if (word.size() > longestWord)
        return {};
    QString best;
    int bestDistance = std::max(2, int(word.size()) / 3) + 1;
    for (const QString &candidate : known) {
        const int distance = editDistance(word, candidate);
        if (distance < bestDistance && distance < candidate.size()) {
            best = candidate;
            bestDistance = distance;
        }
    }
    return best;
}

} // namespace tk::config
