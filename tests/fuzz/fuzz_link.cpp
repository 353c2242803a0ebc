// The local socket: in pieces or whole the bytes are the same lines, every line is a message or an error, and a message
// that is written again says the same.
#include "fuzz_target.h"

#include "link/protocol.h"

using namespace tk;
using namespace tk::link;

namespace {

constexpr qsizetype longestLine = 4096;

struct Said
{
    QList<QByteArray> lines;
    bool failed = false;

    bool operator==(const Said &) const = default;
};

Said read(const QByteArray &bytes, qsizetype piece)
{
    Said said;
    LineReader reader(longestLine);
    for (qsizetype at = 0; at < bytes.size() && !said.failed; at += piece) {
        reader.append(bytes.mid(at, piece));
        while (true) {
            const auto line = reader.next();
            said.failed = !line;
            if (!line || !line->has_value())
                break;
            FUZZ_CHECK((**line).size() <= longestLine && !(**line).contains('\n'));
            said.lines.append(**line);
        }
    }
    return said;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const Said whole = read(bytes, std::max<qsizetype>(1, bytes.size()));
    const Said pieces = read(bytes, 1);
    FUZZ_CHECK(pieces.lines == whole.lines);
    for (const QByteArray &line : whole.lines) {
        if (const auto request = parseRequest(line)) {
            FUZZ_CHECK(request->id >= 0 && !request->command.isEmpty());
            const auto again = parseRequest(encode(*request).chopped(1));
            FUZZ_CHECK(again && again->id == request->id && again->command == request->command &&
                       again->args == request->args);
        }
        if (const auto message = parseMessage(line)) {
            const QByteArray text = encode(*message);
            FUZZ_CHECK(text.count('\n') == 1);
            const auto again = parseMessage(text.chopped(1));
            FUZZ_CHECK(again && encode(*again) == text);
        }
    }
    return 0;
}
