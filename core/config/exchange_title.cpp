#include "config/exchange_title.h"

#include "exchange/catalog.h"

namespace tk::config {

QString exchangeTitle(const QString &name)
{
    const exchange::CatalogEntry *entry = exchange::builtInCatalog().find(name);
    return entry ? entry->display_name : name;
}

} // namespace tk::config
