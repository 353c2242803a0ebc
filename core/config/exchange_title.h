// How people call an exchange; its name where the catalogue does not know it.
#pragma once

#include <QString>

namespace tk::config {

QString exchangeTitle(const QString &name);

} // namespace tk::config
