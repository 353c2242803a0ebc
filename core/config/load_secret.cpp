#include "config/load_secret.h"

#include "base/regular_file.h"

#include <QFile>

namespace tk::config {

namespace {

constexpr qint64 longestSecret = 65'536;

} // namespace

Secret loadSecret(Section &section, const SecretPlace &place, QString &file, const QProcessEnvironment &environment)
{
    const Node *node = section.find(place.key);
    if (!section.path(place.key, file) && node)
        return {}; // told already
    if (const QString value = environment.value(place.variable); !value.isEmpty())
        return Secret(value.toUtf8());
    QString source = file;
    if (source.isEmpty()) {
        const QString folder = environment.value(QStringLiteral("CREDENTIALS_DIRECTORY"));
        source = folder + u'/' + place.credential;
        if (folder.isEmpty() || !QFile::exists(source))
            return {};
    }
    const auto content = readSmallFile(source, longestSecret);
    if (!content) {
        section.report(
            place.key, node, content.error().message,
            QStringLiteral("a readable file with the secret alone, or %1 in the environment").arg(place.variable));
        return {};
    }
    if ((content->mode & 0004U) != 0)
        section.warn(place.key, node, QStringLiteral("a secret that everybody on this computer may read"),
                     QStringLiteral("its owner alone: chmod 600 %1").arg(source));
    return Secret(content->bytes.trimmed());
}

} // namespace tk::config
