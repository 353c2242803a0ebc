#include "exchange/catalog.h"

#include "exchange/binance_usdm/adapter.h"

#include <algorithm>

namespace tk::exchange {

const CatalogEntry *Catalog::find(const QString &name) const
{
    const auto found = std::ranges::find(m_entries, name, &CatalogEntry::name);
    return found == m_entries.end() ? nullptr : &*found;
}

QStringList Catalog::names() const
{
    QStringList all;
    for (const CatalogEntry &entry : m_entries)
        all.append(entry.name);
    return all;
}

Result<std::unique_ptr<ExchangeAdapter>> Catalog::makeAdapter(const QString &name) const
{
    if (const CatalogEntry *entry = find(name))
        return entry->make();
    return Error{Error::Kind::Config, QStringLiteral("this version does not know the exchange \"%1\", but %2")
                                          .arg(name, names().join(QStringLiteral(", ")))};
}

const Catalog &builtInCatalog()
{
    static const Catalog catalog({binance::catalogEntry()});
    return catalog;
}

} // namespace tk::exchange
