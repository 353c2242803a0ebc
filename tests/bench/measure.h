// How the benchmarks measure: CPU time of what is measured alone, ratios within one run from interleaved rounds, the
// median and its range, and one line that says whether the figure was met.
#pragma once

#include <QString>

#include <ctime>
#include <functional>
#include <vector>

namespace tk::bench {

inline double threadCpuSeconds()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

inline double cpuOf(const std::function<void()> &work)
{
    const double before = threadCpuSeconds();
    work();
    return threadCpuSeconds() - before;
}

struct Demand
{
    enum class Bound { AtLeast, AtMost, ReportOnly };
    QString name;
    Bound bound = Bound::AtLeast;
    double value = 0;
    QString unit{};
};

// Prints "NAME measured MEDIAN (MIN..MAX) demanded BOUND OK|MISSED"; false when missed.
bool judge(const Demand &demand, std::vector<double> rounds);

double median(std::vector<double> values);

} // namespace tk::bench
