// Websocket bytes: whole or in pieces, they say the same. The first byte chooses the role and the size of the pieces.
#include "fuzz_target.h"

#include "net/websocket_codec.h"

using namespace tk;
using namespace tk::net;

namespace {

struct Said
{
    std::vector<std::pair<Opcode, QByteArray>> messages;
    bool failed = false;
    quint16 code = 0;

    bool operator==(const Said &) const = default;
};

Said read(WsReader::Role role, const char *bytes, size_t size, size_t piece)
{
    WsReader reader(role, 1 << 16);
    Said said;
    for (size_t at = 0; at < size && !said.failed; at += piece) {
        reader.append(QByteArrayView(bytes + at, qsizetype(std::min(piece, size - at))));
        while (true) {
            const auto next = reader.next();
            if (!next) {
                said.failed = true;
                said.code = reader.closeCode();
                FUZZ_CHECK(!reader.next()); // it stays failed
                break;
            }
            if (!next->has_value())
                break;
            const WsMessage &message = **next;
            FUZZ_CHECK(message.opcode != Opcode::Continuation);
            FUZZ_CHECK(message.payload.size() <= 1 << 16);
            volatile char touched = 0;
            for (size_t i = 0; i < 64; ++i) // what simdjson may read behind
                touched = message.payload.data()[message.payload.size() + i];
            static_cast<void>(touched);
            if (message.opcode == Opcode::Close)
                static_cast<void>(readClosePayload(message.payload));
            said.messages.emplace_back(message.opcode,
                                       QByteArray(message.payload.data(), qsizetype(message.payload.size())));
        }
    }
    return said;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const auto role = data[0] & 1 ? WsReader::Role::Server : WsReader::Role::Client;
    const auto *bytes = reinterpret_cast<const char *>(data) + 1;
    const Said whole = read(role, bytes, size - 1, size);
    FUZZ_CHECK(read(role, bytes, size - 1, 1 + (data[0] >> 1) % 32) == whole);
    FUZZ_CHECK(read(role, bytes, size - 1, 1) == whole);
    return 0;
}
