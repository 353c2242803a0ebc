// What a table [[exchange]] that says nothing means: the first exchange of the catalogue, and where it is reached.
#pragma once

#include <QString>
#include <QUrl>

namespace tk::config {

QString defaultExchange();
QUrl defaultRestUrl();
QUrl defaultWsUrl();

} // namespace tk::config
