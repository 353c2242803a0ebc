// Feather V2 (the Arrow IPC file format): the bytes of a file to a table. The bytes may be anything: what is not a
// sound file of columns that Tapekeeper knows is an error, never a crash, and takes no more memory than its size
// justifies.
#pragma once

#include "base/result.h"
#include "feather/lz4_frame.h"
#include "feather/table.h"

#include <QByteArrayView>

#include <atomic>

namespace tk::feather {

// One thread per object; keep it for many files.
class Reader
{
public:
    // Errors of the kind Parse: damaged, or no Feather file at all. Of the kind Refused: sound as far as one can see,
    // but of a sort that this program does not read (another type of column, another compression); `message` says
    // which.
    Result<Table> read(QByteArrayView file);

    // read() ends soon with an error of the kind Cancelled when this is set; it must outlive the object.
    void stopWhen(const std::atomic<bool> &stop) { m_stop = &stop; }

    // The schema alone, from the footer.
    static Result<Schema> schema(QByteArrayView file);

private:
    Lz4Frame m_lz4;
    std::vector<char> m_scratch;
    const std::atomic<bool> *m_stop = nullptr;
};

} // namespace tk::feather
