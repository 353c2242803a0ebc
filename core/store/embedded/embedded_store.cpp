#include "store/embedded/embedded_store.h"

#include "store/embedded/embedded_reader.h"
#include "store/embedded/embedded_writer.h"

namespace tk::store {

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

} // namespace tk::store
