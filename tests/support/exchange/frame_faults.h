// What faults do to the text of a frame, and to the way it is cut.
#pragma once

#include "support/exchange/stream.h"

#include <QByteArray>

#include <optional>

namespace tk::sim {

// {"stream":"name","data":payload}
QByteArray wrapped(const QByteArray &stream, const QByteArray &payload);

// The payload as the active faults leave it; nothing when it is not to be sent at all.
std::optional<QByteArray> applyFrameFaults(FaultSet &faults, const QByteArray &stream, int connection,
                                           const QByteArray &payload, const FrameInfo &info);

QByteArray padded(const QByteArray &text, qint64 bytes);           // the same JSON with a long unknown field
QByteArray fragmented(const QByteArray &text, int parts);          // one message in frames cut inside characters
QByteArray withOddFields(QByteArray payload, const QString &what); // new, missing, empty, null, all

} // namespace tk::sim
