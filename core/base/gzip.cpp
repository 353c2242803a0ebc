#include "base/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>

namespace tk {

struct GzipCompressor::State
{
    explicit State(int level)
        : compressor(libdeflate_alloc_compressor(level))
    {}
    ~State() { libdeflate_free_compressor(compressor); }
    State(const State &) = delete;
    State &operator=(const State &) = delete;

    libdeflate_compressor *compressor;
};

GzipCompressor::GzipCompressor(int level)
    : m_state(std::make_unique<State>(level))
{}

GzipCompressor::~GzipCompressor() = default;

QByteArray GzipCompressor::compress(QByteArrayView bytes)
{
    QByteArray result(qsizetype(libdeflate_gzip_compress_bound(m_state->compressor, size_t(bytes.size()))),
                      Qt::Uninitialized);
    result.truncate(qsizetype(libdeflate_gzip_compress(m_state->compressor, bytes.data(), size_t(bytes.size()),
                                                       result.data(), size_t(result.size()))));
    return result;
}

std::optional<QByteArray> gunzip(QByteArrayView bytes, qsizetype longest)
{
    // The last four bytes of a member tell the size of its content; a lie fails in the decompressor.
    if (bytes.size() < 18)
        return {};
    quint32 size = 0;
    std::memcpy(&size, bytes.data() + bytes.size() - 4, sizeof size);
    if (qsizetype(size) > longest)
        return {};
    QByteArray result(std::max<qsizetype>(size, 1), Qt::Uninitialized);
    libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    size_t written = 0;
    const auto outcome = libdeflate_gzip_decompress(decompressor, bytes.data(), size_t(bytes.size()), result.data(),
                                                    size_t(result.size()), &written);
    libdeflate_free_decompressor(decompressor);
    if (outcome != LIBDEFLATE_SUCCESS)
        return {};
    result.truncate(qsizetype(written));
    return result;
}

} // namespace tk
