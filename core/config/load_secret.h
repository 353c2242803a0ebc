// Passwords and tokens: they come from the environment, a file of their own, or the service manager, never from the
// configuration's text.
#pragma once

#include "config/section.h"
#include "config/settings.h"

#include <QProcessEnvironment>

namespace tk::config {

struct SecretPlace
{
    QString key;        // that names a file
    QString variable;   // of the environment; it wins
    QString credential; // of systemd, where neither is there
};

Secret loadSecret(Section &section, const SecretPlace &place, QString &file, const QProcessEnvironment &environment);

} // namespace tk::config
