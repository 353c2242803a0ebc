// Feather V2 (the Arrow IPC file format): a table to the bytes of a file.
#pragma once

#include "base/result.h"
#include "feather/lz4_frame.h"
#include "feather/table.h"

#include <QByteArray>

#include <atomic>

namespace tk::feather {

// One thread per object; keep it for many files.
class Writer
{
public:
    struct Options
    {
        int level = 1;              // of LZ4: 1 is quick, 9 is what freqtrade asks for and 12 % smaller
        qint64 batch_rows = 65'536; // as freqtrade's own files have
    };

    Writer() = default;
    explicit Writer(Options options)
        : m_options(options)
    {}

    // write() ends soon with an error of the kind Cancelled when this is set; it must outlive the object.
    void stopWhen(const std::atomic<bool> &stop) { m_stop = &stop; }

    // An error only for a table whose columns do not fit its schema, or a machine without memory.
    Result<QByteArray> write(const Table &table);

private:
    Options m_options{};
    Lz4Frame m_lz4;
    std::vector<char> m_body; // scratch
    const std::atomic<bool> *m_stop = nullptr;
};

} // namespace tk::feather
