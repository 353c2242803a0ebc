#include "remote/journal_tails.h"

#include <QDateTime>
#include <QJsonArray>

#include <algorithm>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr int linesBefore = 200; // of what was before
constexpr size_t mostKept = 5'000;
constexpr qint64 mostTold = 1'000;
constexpr size_t mostTails = 16;
constexpr qint64 keptFor = 20'000; // ms after it was last asked for
constexpr milliseconds sweepEvery = 5s;

} // namespace

JournalTails::JournalTails(QObject *parent)
    : QObject(parent)
    , m_lastId(QDateTime::currentMSecsSinceEpoch()) // not those of an engine before
{
    connect(&m_sweep, &QTimer::timeout, this, &JournalTails::sweep);
    m_sweep.setInterval(sweepEvery);
}

JournalTails::~JournalTails() = default;

JournalTails::Tail &JournalTails::open(const Key &key, HostChannel &channel)
{
    if (m_tails.size() >= mostTails) {
        const auto oldest = std::ranges::min_element(
            m_tails, [](const auto &a, const auto &b) { return a.second.asked.elapsed() > b.second.asked.elapsed(); });
        m_tails.erase(oldest);
    }
    Tail &tail = m_tails[key];
    tail.id = ++m_lastId;
    tail.follow = std::make_unique<JournalFollow>(channel, key.second, JournalFilter{}, linesBefore, true);
    connect(tail.follow.get(), &JournalFollow::entries, this, [&tail](const std::vector<JournalEntry> &entries) {
        tail.error.clear();
        tail.entries.insert(tail.entries.end(), entries.begin(), entries.end());
        while (tail.entries.size() > mostKept) {
            tail.entries.pop_front();
            ++tail.first;
        }
    });
    connect(tail.follow.get(), &JournalFollow::interrupted, this,
            [&tail](const Error &error) { tail.error = error.message; });
    tail.follow->start();
    m_sweep.start();
    return tail;
}

QJsonObject JournalTails::read(const QString &host, HostChannel &channel, const QStringList &units, qint64 after)
{
    const Key key(host, units);
    const auto found = m_tails.find(key);
    Tail &tail = found == m_tails.end() ? open(key, channel) : found->second;
    tail.asked.start();
    const qint64 last = tail.first + qint64(tail.entries.size()) - 1;
    const qint64 from = std::clamp(after + 1, tail.first, last + 1);
    const qint64 to = std::min(last, from + mostTold - 1);
    QJsonArray entries;
    for (qint64 number = from; number <= to; ++number) {
        const JournalEntry &entry = tail.entries[size_t(number - tail.first)];
        entries.append(QJsonArray{number, toMs(entry.time), entry.unit, entry.priority, entry.message});
    }
    const QString state = tail.follow->isOpen()  ? QStringLiteral("open")
                          : tail.error.isEmpty() ? QStringLiteral("connecting")
                                                 : QStringLiteral("interrupted");
    return {{QStringLiteral("tail"), tail.id},
            {QStringLiteral("next"), to},
            {QStringLiteral("skipped"), std::max<qint64>(0, from - after - 1)},
            {QStringLiteral("state"), state},
            {QStringLiteral("error"), tail.error},
            {QStringLiteral("entries"), entries}};
}

void JournalTails::forget(const QString &host)
{
    std::erase_if(m_tails, [&](const auto &tail) { return tail.first.first == host; });
}

void JournalTails::sweep()
{
    std::erase_if(m_tails, [](const auto &tail) { return tail.second.asked.elapsed() > keptFor; });
    if (m_tails.empty())
        m_sweep.stop();
}

} // namespace tk::remote
