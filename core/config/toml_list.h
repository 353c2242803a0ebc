// Changes the elements of a list of texts in place, and writes values as TOML. Parts of toml_edit.
#pragma once

#include "config/toml_edit.h"
#include "config/toml_source.h"

namespace tk::config {

QByteArray tomlText(const TomlValue &value);
Node tomlNode(const TomlValue &value);

// One step of the list at `list` towards `wanted`: new elements behind the others, or one less. To be called again,
// with the places of the new text, until nothing changes. Elements that stay keep their lines and comments. Nothing
// where comments would be lost.
std::optional<QByteArray> editList(const TomlSource &source, const Node &list, const QStringList &wanted);

} // namespace tk::config
