#include "measure.h"

#include <algorithm>
#include <cstdio>

namespace tk::bench {

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

bool judge(const Demand &demand, std::vector<double> rounds)
{
    std::ranges::sort(rounds);
    const double measured = median(rounds);
    const bool atLeast = demand.bound == Demand::Bound::AtLeast;
    const bool met =
        demand.bound == Demand::Bound::ReportOnly || (atLeast ? measured >= demand.value : measured <= demand.value);
    const QString asked = demand.bound == Demand::Bound::ReportOnly
                              ? QStringLiteral("nothing")
                              : QStringLiteral("%1 %2%3")
                                    .arg(atLeast ? QStringLiteral("at least") : QStringLiteral("at most"))
                                    .arg(demand.value)
                                    .arg(demand.unit);
    std::printf("%s measured %.3g%s (%.3g..%.3g) demanded %s %s\n", qUtf8Printable(demand.name), measured,
                qUtf8Printable(demand.unit), rounds.front(), rounds.back(), qUtf8Printable(asked),
                met ? "OK" : "MISSED");
    std::fflush(stdout);
    return met;
}

} // namespace tk::bench
