#include "support/exchange/frame_faults.h"

#include "net/websocket_codec.h"

#include <QRegularExpression>

namespace tk::sim {

namespace {

QByteArray replaced(const QByteArray &payload, const char *pattern, const char *by)
{
    return QString::fromUtf8(payload)
        .replace(QRegularExpression(QString::fromLatin1(pattern)), QString::fromLatin1(by))
        .toUtf8();
}

bool strikes(ActiveFault &fault, qint64 every)
{
    return ++fault.uses % std::max<qint64>(fault.number("every", every), 1) == 0;
}

} // namespace

QByteArray wrapped(const QByteArray &stream, const QByteArray &payload)
{
    QByteArray text;
    text.reserve(stream.size() + payload.size() + 24);
    return text.append("{\"stream\":\"").append(stream).append("\",\"data\":").append(payload).append('}');
}

std::optional<QByteArray> applyFrameFaults(FaultSet &faults, const QByteArray &stream, int connection,
                                           const QByteArray &payload, const FrameInfo &info)
{
    QByteArray text = payload;
    if (ActiveFault *fault = faults.find(Fault::LoseFrames, stream, connection); fault && strikes(*fault, 10))
        return {};
    if (ActiveFault *fault = faults.find(Fault::Correction, stream, connection); fault && info.preliminary) {
        const QString side = fault->text("side", QStringLiteral("rest"));
        if (side == QLatin1String("stream") || side == QLatin1String("both"))
            text = *info.preliminary;
    }
    if (ActiveFault *fault = faults.find(Fault::BreakSequence, stream, connection);
        fault && text.contains("\"depthUpdate\"") && strikes(*fault, 1))
        text = replaced(text, R"("pu":\d*(\d))", R"("pu":1\1)");
    if (ActiveFault *fault = faults.find(Fault::OddFields, stream, connection)) {
        ++fault->uses;
        text = withOddFields(text, fault->text("what", QStringLiteral("all")));
    }
    if (ActiveFault *fault = faults.find(Fault::BrokenJson, stream, connection); fault && strikes(*fault, 10))
        text.truncate(text.size() * 2 / 3);
    return text;
}

QByteArray padded(const QByteArray &text, qint64 bytes)
{
    const qsizetype end = text.lastIndexOf('}');
    const qint64 missing = bytes - text.size() - 9;
    if (end < 0 || missing <= 0)
        return text;
    return text.left(end) + ",\"pad\":\"" + QByteArray(missing, 'x') + '"' + text.mid(end);
}

QByteArray fragmented(const QByteArray &text, int parts)
{
    // Prefer to cut inside a character of several bytes: readers that decode each part alone stumble there.
    qsizetype first = text.size() / std::max(parts, 2);
    for (qsizetype i = 1; i < text.size(); ++i) {
        if ((quint8(text[i]) & 0xc0) == 0x80) {
            first = i;
            break;
        }
    }
    QByteArray frames = net::encodeFrame(net::Opcode::Text, QByteArrayView(text).first(first), {}, false);
    const QByteArrayView rest = QByteArrayView(text).sliced(first);
    const qsizetype piece = std::max<qsizetype>(1, rest.size() / std::max(parts - 1, 1));
    for (qsizetype at = 0; at < rest.size(); at += piece) {
        const bool last = at + piece >= rest.size();
        frames +=
            net::encodeFrame(net::Opcode::Continuation, rest.sliced(at, last ? rest.size() - at : piece), {}, last);
    }
    return frames;
}

QByteArray withOddFields(QByteArray payload, const QString &what)
{
    const bool all = what == QLatin1String("all");
    if (all || what == QLatin1String("missing"))
        payload = replaced(payload, R"re(,"(?:st":\d|(?:ap|nq|ps)":"[^"]*"))re", "");
    if (all || what == QLatin1String("empty"))
        payload = replaced(payload, R"re("r":"[^"]*")re", R"("r":"")");
    if (what == QLatin1String("null"))
        payload = replaced(payload, R"re("(ap|nq|r|P|B)":"[^"]*")re", R"("\1":null)");
    if (all || what == QLatin1String("new"))
        payload = replaced(payload, R"re(\{"e":)re", R"({"zz":{"a":[1,null,"x"]},"neu":"","e":)");
    return payload;
}

} // namespace tk::sim
