// A disk that becomes read-only while its files are in use, as a kernel does to one that fails. Nobody can have a real
// one on demand: a kernel refuses to remount while files are open for writing, root included. So the answers of the
// system calls are made: whatever would change something below the folder is answered with EROFS, for this program and
// its libraries. All else goes to the kernel as it is.
#pragma once

#include <QString>

namespace tk::test {

class ReadOnlyDisk
{
public:
    // At most one at a time. Writable until it is told otherwise.
    explicit ReadOnlyDisk(const QString &folder);
    ~ReadOnlyDisk();
    ReadOnlyDisk(const ReadOnlyDisk &) = delete;
    ReadOnlyDisk &operator=(const ReadOnlyDisk &) = delete;

    void set(bool readOnly);
    static quint64 refusals(); // since the program began
    // A sanitizer that must see the calls itself does not let us stand before it.
    static bool isPossible();
};

} // namespace tk::test
