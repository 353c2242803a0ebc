// What the kernel says of this process (Linux: /proc/self). Elsewhere all is zero.
#pragma once

namespace tk::telemetry {

struct ProcessStats
{
    double cpuSeconds = 0; // user and system
    double residentBytes = 0;
    double virtualBytes = 0;
    double openFiles = 0;
    double maxFiles = 0;
    double threads = 0;
    double startSeconds = 0; // since 1970

    static ProcessStats read();
};

} // namespace tk::telemetry
