#include "history/instrument_book.h"

#include "base/logging.h"
#include "base/regular_file.h"

#include <QDir>
#include <QFile>
#include <QSaveFile>

#include <algorithm>

namespace tk::history {

using exchange::Instrument;

InstrumentBook::InstrumentBook(const exchange::ExchangeAdapter &adapter, QString dataDir)
    : m_adapter(&adapter)
    , m_dataDir(std::move(dataDir))
{}

InstrumentBook::Change InstrumentBook::adopt(std::vector<Instrument> all, const HistorySettings &settings, UtcTime now)
{
    m_all = std::move(all);
    return reselect(settings, now);
}

InstrumentBook::Change InstrumentBook::reselect(const HistorySettings &settings, UtcTime now)
{
    exchange::Selection selection = exchange::select(m_all, settings.wanted, settings.major_bases);
    if (auto missing = exchange::notCollected(selection); missing != m_notCollected) {
        m_notCollected = std::move(missing);
        for (const exchange::NotCollected &one : m_notCollected)
            qCWarning(lcHistory).noquote() << "a pair of the configuration is not collected"
                                           << logField(u"pair", one.pair) << logField(u"cause", one.cause);
    }
    Change change{.first = !std::exchange(m_known, true), .delisted = std::move(selection.delisted)};
    for (const Instrument &instrument : selection.wanted) {
        const bool known = std::ranges::any_of(m_wanted, [&](const Instrument &k) {
            return k.symbol == instrument.symbol && k.onboard == instrument.onboard;
        });
        if (!known)
            change.added.push_back(instrument);
    }
    for (const Instrument &before : m_wanted) {
        if (std::ranges::none_of(selection.wanted, [&](const Instrument &i) { return i.symbol == before.symbol; }))
            change.removed.append(before.unified);
    }
    m_wanted = std::move(selection.wanted);
    m_rank.clear();
    for (int i = 0; i < int(m_wanted.size()); ++i)
        m_rank.insert(m_wanted[size_t(i)].unified, i);
    for (const Instrument &instrument : m_wanted) {
        if (!m_collectedSince.contains(instrument.unified))
            m_collectedSince.insert(instrument.unified, now);
    }
    if (m_wanted.empty())
        qCWarning(lcHistory).noquote() << "no pair to collect: check pairs and exclude in the configuration";
    return change;
}

const Instrument *InstrumentBook::find(const QString &unified) const
{
    const auto wanted = std::ranges::find(m_wanted, unified, &Instrument::unified);
    if (wanted != m_wanted.end())
        return &*wanted;
    const Instrument *found = nullptr;
    for (const Instrument &instrument : m_all) {
        if (instrument.unified == unified && (!found || instrument.perpetual))
            found = &instrument;
    }
    return found;
}

int InstrumentBook::rankOf(const QString &unified) const
{
    return m_rank.value(unified, int(m_wanted.size()));
}

std::optional<UtcTime> InstrumentBook::collectedSince(const QString &unified) const
{
    const auto since = m_collectedSince.constFind(unified);
    return since == m_collectedSince.constEnd() ? std::nullopt : std::optional(*since);
}

QString InstrumentBook::cacheFile() const
{
    return QDir(m_dataDir).filePath(QStringLiteral("instruments-%1.json").arg(m_adapter->name()));
}

void InstrumentBook::keep(const QByteArray &list) const
{
    if (m_dataDir.isEmpty())
        return;
    QSaveFile cache(cacheFile());
    if (!cache.open(QIODevice::WriteOnly) || cache.write(list) != list.size() || !cache.commit())
        qCWarning(lcHistory).noquote() << "the instrument list could not be kept:" << cache.errorString();
}

std::vector<Instrument> InstrumentBook::ofLastRun() const
{
    QFile cache(cacheFile());
    if (m_dataDir.isEmpty() || !openForReading(cache))
        return {};
    auto instruments = exchange::parseInstrumentList(*m_adapter, cache.read(mostInstrumentBytes));
    return instruments ? std::move(instruments).value() : std::vector<Instrument>();
}

} // namespace tk::history
