#include "feather/lz4_frame.h"

#include <lz4frame.h>

namespace tk::feather {

namespace {

Error damaged(const QString &what)
{
    return Error{Error::Kind::Parse, what};
}

} // namespace

void Lz4Frame::Deleter::operator()(LZ4F_cctx_s *context) const
{
    LZ4F_freeCompressionContext(context);
}

void Lz4Frame::Deleter::operator()(LZ4F_dctx_s *context) const
{
    LZ4F_freeDecompressionContext(context);
}

Lz4Frame::Lz4Frame() = default;
Lz4Frame::~Lz4Frame() = default;
Lz4Frame::Lz4Frame(Lz4Frame &&) noexcept = default;
Lz4Frame &Lz4Frame::operator=(Lz4Frame &&) noexcept = default;

Status Lz4Frame::compress(const void *bytes, size_t size, int level, std::vector<char> &into)
{
    if (!m_packer) {
        LZ4F_cctx *context = nullptr;
        if (LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)))
            return Error{Error::Kind::Storage, QStringLiteral("LZ4 has no memory")};
        m_packer.reset(context);
    }
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    // What fits one block depends on none before it: pyarrow's own choice.
    preferences.frameInfo.blockMode = size <= 65'536 ? LZ4F_blockIndependent : LZ4F_blockLinked;
    preferences.compressionLevel = level;
    const size_t start = into.size();
    into.resize(start + LZ4F_compressFrameBound(size, &preferences));
    size_t end = start;
    const auto step = [&](size_t written) {
        if (LZ4F_isError(written))
            return false;
        end += written;
        return true;
    };
    const bool good =
        step(LZ4F_compressBegin(m_packer.get(), into.data() + end, into.size() - end, &preferences)) &&
        step(LZ4F_compressUpdate(m_packer.get(), into.data() + end, into.size() - end, bytes, size, nullptr)) &&
        step(LZ4F_compressEnd(m_packer.get(), into.data() + end, into.size() - end, nullptr));
    into.resize(good ? end : start);
    if (!good) {
        m_packer.reset();
        return Error{Error::Kind::Storage, QStringLiteral("LZ4 cannot compress")};
    }
    return ok();
}

Status Lz4Frame::decompress(const char *frame, size_t frameSize, void *into, size_t size)
{
    if (!m_unpacker) {
        LZ4F_dctx *context = nullptr;
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
            return Error{Error::Kind::Storage, QStringLiteral("LZ4 has no memory")};
        m_unpacker.reset(context);
    }
    LZ4F_resetDecompressionContext(m_unpacker.get());
    char *out = static_cast<char *>(into);
    size_t written = 0;
    size_t taken = 0;
    while (true) {
        size_t room = size - written;
        size_t some = frameSize - taken;
        const size_t hint = LZ4F_decompress(m_unpacker.get(), out + written, &room, frame + taken, &some, nullptr);
        if (LZ4F_isError(hint))
            return damaged(QStringLiteral("a compressed column is damaged (%1)")
                               .arg(QString::fromLatin1(LZ4F_getErrorName(hint))));
        written += room;
        taken += some;
        if (hint == 0)
            break;
        if (room == 0 && some == 0)
            return damaged(QStringLiteral("a compressed column ends early, or holds more than it says"));
    }
    if (written != size || taken != frameSize)
        return damaged(QStringLiteral("a compressed column has another length than it says"));
    return ok();
}

} // namespace tk::feather
