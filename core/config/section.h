// Reads the keys of one table into settings, and turns everything that does not hold into problems.
#pragma once

#include "config/toml_tree.h"

#include "base/time.h"

#include <QSet>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <utility>

namespace tk::config {

inline constexpr size_t mostProblems = 200;

// A key that is absent leaves its setting alone. A wrong value does too, and adds a problem. Methods that tell bool say
// whether the key was there and good.
class Section
{
public:
    // `table` may be null: nothing was configured. `name` is the path of the keys: "store.influx", "" at the top.
    Section(const Node *table, QString name, QString file, std::vector<Problem> &problems);

    // Reports the keys nobody has asked for.
    void finish();

    Section table(const QString &key);
    const Node *find(const QString &key); // marks the key as known

    bool text(const QString &key, QString &into);
    bool word(const QString &key, QString &into, const QStringList &allowed);
    bool nonEmpty(const QString &key, QString &into);
    bool boolean(const QString &key, bool &into);
    bool integer(const QString &key, int &into, int least, int most);
    bool number(const QString &key, double &into, double above, double most); // above < value <= most
    bool duration(const QString &key, milliseconds &into, milliseconds least, milliseconds most, bool orZero = false);
    bool bytes(const QString &key, qint64 &into, qint64 least);
    bool url(const QString &key, QUrl &into, const QStringList &schemes);
    bool path(const QString &key, QString &into); // "~" expanded, relative to the file's folder

    // Each element of a list of texts goes through `take`, which returns what is allowed when it refuses one. Elements
    // that occur twice are a problem.
    bool list(const QString &key, const std::function<QString(const QString &)> &take);

    // Of more than `mostProblems` nobody reads the rest: they are left out.
    void report(const QString &key, const Node *at, const QString &found, const QString &allowed);
    void warn(const QString &key, const Node *at, const QString &found, const QString &better);
    QString resolved(const QString &path) const;
    const QString &file() const { return m_file; }

private:
    QString full(const QString &key) const { return m_name.isEmpty() ? key : m_name + u'.' + key; }
    const Node *textNode(const QString &key, const QString &allowed);

    const Node *m_table;
    QString m_name;
    QString m_file;
    std::vector<Problem> &m_problems;
    QStringList m_known;
};

// "A", "B" or "C" as people list them.
QString oneOf(const QStringList &words);

// A URL with one of the schemes and a host; nothing otherwise. It may name a user.
std::optional<QUrl> checkedUrl(const QString &text, const QStringList &schemes);

} // namespace tk::config
