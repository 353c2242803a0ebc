// One engine at a time per data folder. The kernel holds the lock, so that of a crashed engine is free at once.
#pragma once

#include "base/result.h"

#include <QString>

namespace tk::runtime {

class DataDirLock
{
public:
    // Creates the folder if need be. An error names the process that holds the lock and what to do.
    static Result<DataDirLock> acquire(const QString &dataDir);

    DataDirLock(DataDirLock &&other) noexcept;
    DataDirLock &operator=(DataDirLock &&other) noexcept;
    ~DataDirLock();

private:
    explicit DataDirLock(int descriptor)
        : m_descriptor(descriptor)
    {}

    int m_descriptor = -1;
};

} // namespace tk::runtime
