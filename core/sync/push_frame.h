// The frames in which a collector and a feeder talk over one pipe: a kind, a length, a payload. The bytes may be
// anything: what is no frame is an error, and takes no more memory than the limits here. Pure.
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayView>

#include <optional>

namespace tk::sync {

// Both ends must speak the same one.
inline constexpr quint32 pushProtocol = 2;
inline constexpr qsizetype mostPayload = 4 << 20; // bytes

enum class FrameKind : quint8 {
    // from the collector
    Begin = 'B',
    Plans = 'P',
    Rows = 'R',
    NoRows = 'N', // the store could not say
    // from the feeder
    Want = 'W',
    File = 'F',
    Receipt = 'C',
    Done = 'D',
    Fail = 'E', // nothing can be done at all
};

struct Frame
{
    FrameKind kind = FrameKind::Fail;
    QByteArray payload;
};

QByteArray encodeFrame(const Frame &frame);

class FrameReader
{
public:
    void feed(QByteArrayView bytes) { m_bytes.append(bytes); }

    // Nothing where it is not complete. After an error it only repeats itself: there is no way to find the next frame.
    Result<std::optional<Frame>> next();

    qsizetype waiting() const { return m_bytes.size(); }

private:
    QByteArray m_bytes;
};

// The feeder's first words, as a line of text: a login shell over there may say something of its own before, and may
// not end its line.
QByteArray helloLine(const QString &version);

struct Hello
{
    quint32 protocol = 0;
    QString version;
};

class HelloReader
{
public:
    // Nothing while it may still come. What stood behind it is in `rest`.
    Result<std::optional<Hello>> feed(QByteArrayView bytes, QByteArray &rest);

    QString heard() const; // how that begins which came and is no greeting; fit for a message

private:
    QByteArray m_bytes;
};

} // namespace tk::sync
