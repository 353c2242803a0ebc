// Changes single values in the text of a TOML file and leaves everything else as people wrote it: comments, order,
// spacing, line ends. Pure.
#pragma once

#include "base/result.h"
#include "config/toml_tree.h"

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <optional>
#include <variant>
#include <vector>

namespace tk::config {

using TomlValue = std::variant<QString, qint64, double, bool, QStringList>;

struct TomlEdit
{
    QString path; // "store.influx.url"; "exchange[2].pairs", counted from 1 as problems name them, or
                  // "exchange[binance-usdm].pairs" by the key "name"
    std::optional<TomlValue>
        value; // nothing: the key is removed; or, where the path ends in "host[2]", all of that table
};

// An existing key keeps its line, and only the characters of its value change; of a list, only the elements that come
// and go. A missing key becomes a line behind the last one of its table, a missing table goes to the end.
// What comes out has been parsed again and says what was wanted and nothing else; an error, and no text, otherwise.
Result<QByteArray> editToml(const QByteArray &text, const TomlEdit &edit);
Result<QByteArray> editToml(const QByteArray &text, const std::vector<TomlEdit> &edits); // all of them, or an error

// What stands at such a path; nothing: no such key.
const Node *nodeAt(const Node &root, const QString &path);

} // namespace tk::config
