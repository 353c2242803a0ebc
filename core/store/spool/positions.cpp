#include "store/spool/positions.h"

#include <QFileInfo>

#include <cerrno>
#include <fcntl.h>
#include <libdeflate.h>

namespace tk::store {

namespace {

constexpr qint64 slotSize = PositionFile::fileSize / 2; // a block each: one bad block leaves the other slot
constexpr qsizetype lastSeparator = 9;                  // a blank and the checksum's eight digits

// One line of text, so that people can read it: the word, the generation, for each lane its name and two numbers,
// "closed" or "running", and the checksum of all that.
const QByteArray word = "tapekeeper-spool-1";

QByteArray checksum(const QByteArray &text)
{
    return QByteArray::number(libdeflate_crc32(0, text.constData(), size_t(text.size())), 16).rightJustified(8, '0');
}

QByteArray encodeSlot(const Positions &positions, quint64 generation)
{
    QByteArray text = word + ' ' + QByteArray::number(generation);
    for (const Lane lane : allLanes) {
        const auto &of = positions.lanes[size_t(lane)];
        text += ' ' + QByteArray(laneName(lane).data(), qsizetype(laneName(lane).size())) + ' ' +
                QByteArray::number(of.acknowledged) + ' ' + QByteArray::number(of.last);
    }
    text += positions.closed_cleanly ? " closed" : " running";
    text += ' ' + checksum(text) + '\n';
    return text;
}

struct Slot
{
    quint64 generation = 0;
    Positions positions;
};

std::optional<Slot> decodeSlot(const QByteArray &bytes)
{
    const qsizetype end = bytes.indexOf('\n');
    if (end < lastSeparator)
        return std::nullopt;
    const QByteArray text = bytes.first(end - lastSeparator);
    if (bytes.sliced(end - lastSeparator, lastSeparator) != ' ' + checksum(text))
        return std::nullopt;
    const QList<QByteArray> words = text.split(' ');
    if (words.size() != 3 + 3 * qsizetype(allLanes.size()) || words[0] != word)
        return std::nullopt;
    Slot slot;
    slot.generation = words[1].toULongLong();
    for (const Lane lane : allLanes) {
        const qsizetype at = 2 + 3 * qsizetype(lane);
        slot.positions.lanes[size_t(lane)] = {words[at + 1].toULongLong(), words[at + 2].toULongLong()};
    }
    slot.positions.closed_cleanly = words.last() == "closed";
    return slot;
}

} // namespace

Result<PositionFile::Found> PositionFile::open(const QString &file)
{
    m_name = file;
    const bool existed = QFileInfo::exists(file);
    if (const int error = m_file.open(file, O_RDWR | O_CREAT))
        return fileError(QStringLiteral("open"), file, error);
    QByteArray bytes(fileSize, '\0');
    m_file.read(bytes.data(), fileSize, 0); // what cannot be read stays zeros: an unreadable slot
    for (int i = 0; i < 2; ++i) {
        const std::optional<Slot> slot = decodeSlot(bytes.sliced(i * slotSize, slotSize));
        if (slot && (!m_sound || slot->generation > m_generation)) {
            m_positions = slot->positions;
            m_generation = slot->generation;
            m_sound = true;
        }
    }
    if (m_sound)
        return Found::Positions;
    // Written in full, so that every block is there before the disk can be full.
    int error = m_file.write(QByteArray(fileSize, '\0').constData(), fileSize, 0);
    if (!error)
        error = m_file.sync();
    if (!error)
        error = syncFolder(QFileInfo(file).path());
    if (error)
        return fileError(QStringLiteral("write"), file, error);
    return existed ? Found::Unreadable : Found::Nothing;
}

Status PositionFile::save(const Positions &positions)
{
    if (m_sound && positions == m_positions)
        return ok();
    const quint64 generation = m_generation + 1;
    const QByteArray text = encodeSlot(positions, generation);
    int error = m_file.write(text.constData(), text.size(), qint64(generation % 2) * slotSize);
    if (!error)
        error = m_file.sync();
    if (error)
        return fileError(QStringLiteral("write"), m_name, error);
    m_positions = positions;
    m_generation = generation;
    m_sound = true;
    return ok();
}

} // namespace tk::store
