// LZ4 frames, as Arrow wants one for each buffer.
#pragma once

#include "base/result.h"

#include <QByteArray>

#include <cstddef>
#include <memory>
#include <vector>

struct LZ4F_cctx_s;
struct LZ4F_dctx_s;

namespace tk::feather {

// Owns the library's state, so that many buffers cost it once. One thread per object.
class Lz4Frame
{
public:
    Lz4Frame();
    ~Lz4Frame();
    Lz4Frame(Lz4Frame &&) noexcept;
    Lz4Frame &operator=(Lz4Frame &&) noexcept;

    // Appends one frame: 64 KiB blocks, no checksums. `level`: 1 is quick, 9 is what freqtrade asks for.
    Status compress(const void *bytes, size_t size, int level, std::vector<char> &into);

    // Exactly one frame that holds exactly `size` bytes.
    Status decompress(const char *frame, size_t frameSize, void *into, size_t size);

    // No frame of so many bytes can hold more: what is claimed beyond it needs no memory.
    static constexpr size_t mostIn(size_t frameSize) { return frameSize * 255; }

private:
    struct Deleter
    {
        void operator()(LZ4F_cctx_s *context) const;
        void operator()(LZ4F_dctx_s *context) const;
    };
    std::unique_ptr<LZ4F_cctx_s, Deleter> m_packer;
    std::unique_ptr<LZ4F_dctx_s, Deleter> m_unpacker;
};

} // namespace tk::feather
