// Tables as CSV and JSON files, for what is exported from a window.
#pragma once

#include "base/result.h"

#include <QJsonArray>
#include <QStringList>

namespace tk::ui {

// RFC 4180: quoted where needed.
QByteArray toCsv(const QStringList &head, const std::vector<QStringList> &rows);

// By the ending of the name: ".json", or CSV. Complete or not at all.
Status exportTable(const QString &file, const QStringList &head, const std::vector<QStringList> &rows);

} // namespace tk::ui
