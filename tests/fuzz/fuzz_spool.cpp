// The spool's scanner: whatever the bytes are, it ends, gives only records that are really there, in order, and
// accounts for every byte; and what a disk refuses never brings forth a record.
#include "fuzz_target.h"

#include "store/spool/record_format.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

using namespace tk;
using namespace tk::store;

namespace {

class Bytes final : public record::ByteSource
{
public:
    Bytes(const uint8_t *data, size_t size, qint64 badFrom)
        : m_data(data)
        , m_size(qint64(size))
        , m_badFrom(badFrom)
    {}

    qint64 read(char *to, qint64 size, qint64 offset) override
    {
        FUZZ_CHECK(offset >= 0 && size >= 0);
        size = std::min(size, std::max<qint64>(0, m_size - offset));
        if (m_badFrom >= 0 && offset < m_badFrom + 64 && offset + size > m_badFrom)
            return -EIO;
        if (size > 0)
            std::memcpy(to, m_data + offset, size_t(size));
        return size;
    }

private:
    const uint8_t *m_data;
    qint64 m_size;
    qint64 m_badFrom; // negative: a sound disk
};

std::vector<quint64> scan(const uint8_t *data, size_t size, qint64 badFrom, qint64 end)
{
    Bytes source(data, size, badFrom);
    record::Scanner scanner(&source, {.begin = 0, .end = end, .after_seq = 0, .below_seq = 1'000'000'000'000});
    std::vector<quint64> seqs;
    qint64 accounted = 0;
    quint64 last = 0;
    const auto passOver = [&](const std::vector<record::Damage> &damage) {
        for (const record::Damage &one : damage) {
            FUZZ_CHECK(one.offset == accounted || one.at_end);
            FUZZ_CHECK(one.bytes >= 0 && one.offset + one.bytes <= end);
            accounted = one.offset + one.bytes;
        }
    };
    while (const auto found = scanner.next()) {
        passOver(scanner.takeDamage());
        FUZZ_CHECK(found->offset == accounted);
        accounted = found->end();
        FUZZ_CHECK(accounted <= end && accounted <= qint64(size));
        FUZZ_CHECK(found->header.seq > last && found->header.seq < 1'000'000'000'000);
        last = found->header.seq;
        QByteArray again;
        record::encode(again, last, found->header.taken, found->payload);
        FUZZ_CHECK(again.size() == found->end() - found->offset);
        FUZZ_CHECK(std::memcmp(again.constData(), data + found->offset, size_t(again.size())) == 0);
        seqs.push_back(last);
    }
    FUZZ_CHECK(seqs.empty() == (scanner.dataEnd() == 0));
    FUZZ_CHECK(scanner.lastSeq() == last);
    passOver(scanner.takeDamage());
    // What is left is space that nobody has written to.
    for (qint64 i = accounted; i < std::min(end, qint64(size)); ++i)
        FUZZ_CHECK(data[i] == 0 || badFrom >= 0);
    FUZZ_CHECK(!scanner.next());
    return seqs;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const auto all = scan(data, size, -1, qint64(size));
    // A file that is shorter than its owner believes.
    FUZZ_CHECK(scan(data, size, -1, qint64(size) + 5000) == all);
    if (size == 0)
        return 0;
    const auto some = scan(data, size, qint64(data[size / 2]) * qint64(size) / 256, qint64(size));
    // Passing over a bad spot may let records through that were out of order before; most of the time it is a subset.
    FUZZ_CHECK(std::ranges::is_sorted(some));
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    const qsizetype piece = record::firstPiece(text);
    FUZZ_CHECK(piece >= 0 && piece <= qsizetype(size) && piece <= record::maxPayload);
    return 0;
}
