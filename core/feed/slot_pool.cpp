#include "feed/slot_pool.h"

#include "base/logging.h"
#include "feed/connection_plan.h"

#include <QRandomGenerator>

#include <algorithm>

namespace tk::feed {

namespace {

constexpr size_t spareConnections = 8; // fresh ones beyond twice the plan, before healing uses the others

} // namespace

SlotPool::SlotPool(Sources sources)
    : m_from(sources)
    , m_limits(m_from.adapter.connectionLimits())
{}

SlotPool::~SlotPool() = default;

Slot &SlotPool::makeSlot(const QByteArray &route)
{
    SlotSettings settings;
    settings.exchange = m_from.adapter.name();
    settings.route = route;
    settings.number = ++m_lastNumber;
    settings.url = m_from.settings.ws_url;
    settings.tls = m_from.settings.tls;
    // Spread over the direct way and the proxies in turn.
    const size_t way = size_t(settings.number - 1) % (m_from.settings.proxies.size() + 1);
    if (way > 0)
        settings.proxy = m_from.settings.proxies[way - 1];
    settings.reconnect_first = m_from.settings.reconnect_first;
    settings.reconnect_max = m_from.settings.reconnect_max;
    settings.seed = QRandomGenerator::global()->generate64();
    // Up to a twentieth earlier than planned, so that connections opened together do not rotate together.
    const milliseconds rotate =
        m_from.settings.rotate_after.count() > 0 ? m_from.settings.rotate_after : m_limits.rotate_after;
    settings.rotate_after = rotate - milliseconds(QRandomGenerator::global()->bounded(qint64(rotate.count()) / 20 + 1));
    settings.transport_silence = m_limits.transport_silence;
    settings.ping_silence = m_limits.ping_silence;
    m_slots.push_back(std::make_unique<Slot>(std::move(settings), m_from.adapter, m_from.clock, m_from.host));
    return *m_slots.back();
}

void SlotPool::place(const std::vector<StreamId> &streams)
{
    const int capacity = m_limits.planned_streams;
    for (const PlannedConnection &planned : planConnections(m_from.table, streams, capacity)) {
        const auto room = std::ranges::find_if(m_slots, [&](const auto &slot) {
            return slot->route() == planned.route &&
                   slot->streams().size() + planned.streams.size() <= size_t(capacity);
        });
        if (room != m_slots.end()) {
            (*room)->add(planned.streams);
            continue;
        }
        Slot &slot = makeSlot(planned.route);
        slot.add(planned.streams);
        slot.connectNow();
    }
}

// A stream that always ticks, for a connection whose own streams move only with trades.
QByteArray SlotPool::canaryFor(const QByteArray &route) const
{
    for (StreamId id = 0; id < m_from.table.size(); ++id) {
        const StreamEntry &entry = m_from.table.at(id);
        if (entry.ticks() && entry.spec.route == route && entry.state == StreamState::Live && !entry.removed)
            return entry.spec.wire_name;
    }
    return {};
}

void SlotPool::moveToFreshSlot(Slot &from, const std::vector<StreamId> &streams, const QString &why)
{
    qCWarning(lcFeed).noquote() << "resubscribing on a fresh connection" << logField(u"connection", from.label())
                                << logField(u"streams", QString::number(streams.size())) << logField(u"cause", why);
    from.remove(streams);
    Slot &fresh = makeSlot(from.route());
    fresh.add(streams);
    fresh.connectNow();
}

// To a fresh connection; once there are twice as many as the plan has, to the smallest of the others: the number of
// connections stays bounded, and the healthy streams of this one go on either way.
void SlotPool::moveAway(Slot &from, const std::vector<StreamId> &streams, const QString &why)
{
    const size_t planned = m_from.table.size() / size_t(m_limits.planned_streams) + 1;
    if (m_slots.size() < 2 * planned + spareConnections) {
        moveToFreshSlot(from, streams, why);
        return;
    }
    Slot *smallest = nullptr;
    for (const auto &slot : m_slots) {
        const bool isFull = slot->streams().size() >= size_t(m_limits.planned_streams);
        if (slot.get() == &from || slot->route() != from.route() || !slot->isUp() || slot->isRotating() || isFull)
            continue;
        if (!smallest || slot->streams().size() < smallest->streams().size())
            smallest = slot.get();
    }
    if (!smallest)
        return; // asked again when it is due
    // Those for which there is no room are asked for again when they are due.
    const size_t room = size_t(m_limits.planned_streams) - smallest->streams().size();
    const std::vector<StreamId> moved(streams.begin(), streams.begin() + qsizetype(std::min(room, streams.size())));
    qCWarning(lcFeed).noquote() << "resubscribing on another connection" << logField(u"connection", from.label())
                                << logField(u"to", smallest->label())
                                << logField(u"streams", QString::number(moved.size())) << logField(u"cause", why);
    from.remove(moved);
    smallest->add(moved);
}

void SlotPool::dropEmpty()
{
    std::erase_if(m_slots, [](const std::unique_ptr<Slot> &slot) {
        if (!slot->streams().empty())
            return false;
        slot->stop();
        return true;
    });
}

void SlotPool::replaceAll(const QString &reason)
{
    for (const auto &slot : m_slots)
        slot->replace(reason);
}

void SlotPool::resubscribe(const QString &pair)
{
    for (size_t i = 0; i < m_slots.size(); ++i) { // by index: fresh slots are appended while we look
        Slot &slot = *m_slots[i];
        std::vector<StreamId> chosen;
        for (const StreamId id : slot.streams()) {
            const StreamEntry &entry = m_from.table.at(id);
            if (pair.isEmpty() ? entry.isSick() : entry.spec.key.pair == pair)
                chosen.push_back(id);
        }
        if (!chosen.empty() && chosen.size() < slot.streams().size())
            moveToFreshSlot(slot, chosen, QStringLiteral("asked for by the operator"));
        else if (!chosen.empty())
            slot.replace(QStringLiteral("asked for by the operator"));
        if (!pair.isEmpty() && !chosen.empty())
            break;
    }
    dropEmpty();
}

// A connection is what its streams are: open alone is neither up nor well.
ConnectionRow SlotPool::rowOf(const Slot &slot, MonotonicTime now) const
{
    ConnectionRow row;
    row.label = slot.label();
    row.up = slot.isUp();
    row.rotating = slot.isRotating();
    row.down_since = slot.downSince();
    row.down_cause = row.up && toMs(row.down_since) == 0 ? QString() : slot.downCause();
    row.streams = int(slot.streams().size());
    for (const StreamId id : slot.streams()) {
        const StreamEntry &entry = m_from.table.at(id);
        if (entry.spec.contract.stale.count() == 0 || entry.state == StreamState::Ended)
            continue; // silence proves nothing of these
        ++row.judged;
        const StreamState told = entry.told();
        row.delivering += delivers(told) ? 1 : 0;
        if (!entry.isToldSick())
            continue;
        ++row.sick;
        if (toMs(row.sick_since) == 0 || entry.toldSince() < row.sick_since) {
            row.sick_since = entry.toldSince();
            row.sick_cause = entry.toldCause();
        }
    }
    if (row.up) {
        row.age = std::chrono::duration_cast<milliseconds>(now - slot.connection()->openedAt());
        row.next_rotation = std::chrono::duration_cast<milliseconds>(slot.rotateAt() - now);
        row.frames = slot.connection()->frames();
    }
    row.reconnects = slot.reconnects();
    row.failures_in_row = slot.failuresInRow();
    return row;
}

std::vector<ConnectionRow> SlotPool::rows(MonotonicTime now) const
{
    std::vector<ConnectionRow> rows;
    for (const auto &slot : m_slots)
        rows.push_back(rowOf(*slot, now));
    return rows;
}

std::vector<Patient> SlotPool::patients() const
{
    std::vector<Patient> patients;
    for (const auto &slot : m_slots)
        patients.push_back({.up = slot->isUp(), .rotating = slot->isRotating(), .streams = slot->streams()});
    return patients;
}

void SlotPool::apply(const std::vector<Cure> &cures)
{
    for (const Cure &cure : cures) { // fresh slots are appended: the others keep their places
        Slot &slot = *m_slots[cure.patient];
        switch (cure.kind) {
        case Cure::Kind::AskAgain:
            slot.askAgain(cure.streams);
            break;
        case Cure::Kind::Move:
            moveAway(slot, cure.streams, cure.cause);
            break;
        case Cure::Kind::Replace:
            slot.replace(cure.cause);
            break;
        }
    }
    dropEmpty();
}

void SlotPool::remove(StreamId stream)
{
    for (const auto &slot : m_slots) {
        if (std::ranges::find(slot->streams(), stream) != slot->streams().end())
            slot->remove({stream});
    }
}

void SlotPool::tick(MonotonicTime now)
{
    for (size_t i = 0; i < m_slots.size(); ++i)
        m_slots[i]->tick(now);
}

void SlotPool::stop()
{
    for (const auto &slot : m_slots)
        slot->stop();
}

} // namespace tk::feed
