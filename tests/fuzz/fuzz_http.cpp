// HTTP heads: whole or byte by byte they say the same, and nothing of them passes the limits.
#include "fuzz_target.h"

#include "net/http_message.h"

#include <QUrlQuery>

using namespace tk;
using namespace tk::net;

namespace {

constexpr HttpLimits limits{.head = 2048, .body = 4096};

struct Said
{
    QList<QByteArray> requests;
    bool failed = false;

    bool operator==(const Said &) const = default;
};

Said read(const char *bytes, qsizetype size, qsizetype piece)
{
    Said said;
    QByteArray buffer;
    for (qsizetype at = 0; at < size && !said.failed; at += piece) {
        buffer.append(bytes + at, std::min(piece, size - at));
        while (true) {
            const qsizetype before = buffer.size();
            const auto taken = takeRequest(buffer, limits);
            said.failed = !taken;
            if (!taken || !taken->has_value())
                break;
            const HttpRequest &request = **taken;
            FUZZ_CHECK(buffer.size() < before);
            FUZZ_CHECK(request.body.size() <= limits.body);
            static_cast<void>(request.path());
            static_cast<void>(request.query().queryItems());
            QByteArray text =
                request.method + ' ' + request.target + (request.keepAlive ? " k " : " c ") + request.body;
            for (const auto &[name, value] : request.headers.fields) {
                FUZZ_CHECK(!value.contains('\r') && !value.contains('\n') && !name.contains('\n'));
                text += '\n' + name + ':' + value;
            }
            said.requests.append(text);
        }
    }
    return said;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const auto *bytes = reinterpret_cast<const char *>(data);
    const Said whole = read(bytes, qsizetype(size), qsizetype(size) + 1);
    FUZZ_CHECK(read(bytes, qsizetype(size), 1).requests == whole.requests);
    QByteArray buffer(bytes, qsizetype(size));
    if (const auto head = takeResponseHead(buffer, limits); head && head->has_value())
        FUZZ_CHECK((**head).status >= 0 && (**head).status < 1000);
    return 0;
}
