#include "store/embedded/embedded_store.h"

#include "store/embedded/embedded_reader.h"
#include "store/embedded/embedded_writer.h"
#include "store/embedded/inspection.h"

namespace tk::store {

void EmbeddedShared::enter(const void *reader, std::function<void()> close)
{
    const std::lock_guard lock(m_mutex);
    m_readers[reader] = std::move(close);
}

void EmbeddedShared::leave(const void *reader)
{
    const std::lock_guard lock(m_mutex);
    m_readers.erase(reader);
}

void EmbeddedShared::closeReaders()
{
    const std::lock_guard lock(m_mutex);
    for (const auto &[reader, close] : m_readers)
        close();
}

void EmbeddedShared::foundDamaged(const QString &what, int opened)
{
    const std::lock_guard lock(m_mutex);
    m_damage = what;
    m_damageOf = opened;
}

QString EmbeddedShared::takeDamage()
{
    const std::lock_guard lock(m_mutex);
    const QString damage = std::exchange(m_damage, {});
    return m_damageOf == timesOpened ? damage : QString();
}

EmbeddedStore::EmbeddedStore(const QString &file, EmbeddedOptions options)
    : m_shared(std::make_shared<EmbeddedShared>())
{
    m_shared->file = file;
    m_shared->options = std::move(options);
}

QString EmbeddedStore::fileIn(const QString &dataDir)
{
    return dataDir + QStringLiteral("/market_data.sqlite");
}

Status EmbeddedStore::prepare()
{
    const Result<std::unique_ptr<StoreWriter>> writer = openWriter();
    if (!writer)
        return writer.error();
    return ok();
}

Result<std::unique_ptr<StoreWriter>> EmbeddedStore::openWriter()
{
    auto writer = std::make_unique<EmbeddedWriter>(m_shared);
    if (Status opened = writer->open(); !opened)
        return opened.error();
    return std::unique_ptr<StoreWriter>(std::move(writer));
}

Result<std::unique_ptr<StoreReader>> EmbeddedStore::openReader()
{
    auto reader = std::make_unique<EmbeddedReader>(m_shared);
    if (Status opened = reader->open(); !opened)
        return opened.error();
    return std::unique_ptr<StoreReader>(std::move(reader));
}

Result<std::shared_ptr<StoreIndex>> EmbeddedStore::openIndex()
{
    auto reader = openReader();
    if (!reader)
        return reader.error();
    return std::shared_ptr<StoreIndex>(std::move(reader).value());
}

std::unique_ptr<runtime::Service> EmbeddedStore::makeInspection(std::shared_ptr<const Clock> clock, milliseconds every)
{
    return std::make_unique<Inspection>(m_shared, std::move(clock), every);
}

} // namespace tk::store
