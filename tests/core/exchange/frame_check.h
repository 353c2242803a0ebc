// What a frame says by Qt's own JSON reader, compared with what our parser says.
#pragma once

#include "exchange/adapter.h"

#include <QJsonObject>
#include <QList>
#include <QStringList>

namespace tk::test {

// A frame with the readable bytes behind it that the parser asks for.
class Padded
{
public:
    explicit Padded(QByteArrayView text, char fill = '\0')
        : m_size(size_t(text.size()))
        , m_bytes(text.toByteArray() + QByteArray(64, fill))
    {}
    std::string_view view() const { return {m_bytes.constData(), m_size}; }

private:
    size_t m_size;
    QByteArray m_bytes;
};

QByteArray bytes(std::string_view text);

// The lines of a file, without empty ones; nothing when it cannot be read.
QList<QByteArray> linesOf(const QString &file);
QByteArray contentOf(const QString &file);
QStringList recordings(const QString &pattern); // of Binance, full paths

// The objects of a frame that must become events: of USD-M contracts, of the kinds we read, in order.
QList<QJsonObject> expectedEvents(const QByteArray &frame);

// Every value that differs between the parser's events and the frame's own text; empty when all agree.
QStringList differences(const exchange::ParsedFrame &parsed, const QByteArray &frame);

} // namespace tk::test
