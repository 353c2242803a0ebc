#include "support/influx/point_map.h"

#include "store/point_line.h"
#include "support/influx/fake_influx.h"

#include <QLocale>

#include <algorithm>

namespace tk::test {

namespace {

void addPoint(PointMap &points, const QByteArray &head, qint64 nanoseconds, QByteArrayView fields)
{
    const QByteArray line = head + " x=1 1";
    const auto point = store::readPointLine(line);
    QStringList tags{QStringLiteral("exchange=") + store::tagText(point->exchange),
                     QStringLiteral("pair=") + store::tagText(point->pair)};
    if (!point->type.isEmpty())
        tags.append(QStringLiteral("type=") + store::tagText(point->type));
    auto &into =
        points[QString::fromUtf8(point->measurement) + u',' + tags.join(u',') + u'|' + QString::number(nanoseconds)];
    QByteArray name;
    QByteArray value;
    bool quoted = false;
    bool in_value = false;
    const auto finish = [&] {
        if (value.startsWith('"')) {
            QByteArray text = value.sliced(1, value.size() - 2);
            into[QString::fromUtf8(name)] = QString::fromUtf8(text.replace("\\\"", "\"").replace("\\\\", "\\"));
        } else {
            into[QString::fromUtf8(name)] = numberText(value.toDouble());
        }
        name.clear();
        value.clear();
        in_value = false;
    };
    for (qsizetype i = 0; i < fields.size(); ++i) {
        const char c = fields[i];
        if (in_value && c == '\\' && i + 1 < fields.size()) {
            value += c;
            value += fields[++i];
            continue;
        }
        if (in_value && c == '"')
            quoted = !quoted;
        if (!in_value && c == '=')
            in_value = true;
        else if (in_value && c == ',' && !quoted)
            finish();
        else
            (in_value ? value : name) += c;
    }
    finish();
}

} // namespace

QString numberText(double number)
{
    return QString::number(number, 'g', QLocale::FloatingPointShortest);
}

void addLines(PointMap &points, store::Lane lane, QByteArrayView lines)
{
    store::eachLine(lines, [&](QByteArrayView line) {
        const auto point = store::readPointLine(line);
        if (!point)
            qFatal("not a line: %s", line.toByteArray().constData());
        addPoint(points, point->head.toByteArray(), point->stamp * (store::isInNanoseconds(lane) ? 1 : 1'000'000),
                 point->fields);
    });
}

PointMap pointsOf(const FakeInflux &server)
{
    PointMap points;
    for (const auto &[key, point] : server.points()) {
        QByteArray fields;
        for (const auto &[name, value] : point.fields)
            fields += (fields.isEmpty() ? "" : ",") + name + '=' + value;
        addPoint(points, key.first, key.second, fields);
    }
    return points;
}

QString difference(const PointMap &expected, const PointMap &found)
{
    QStringList missing;
    QStringList extra;
    QStringList wrong;
    for (const auto &[key, fields] : expected) {
        const auto there = found.find(key);
        if (there == found.end())
            missing.append(key);
        else if (there->second != fields)
            wrong.append(key);
    }
    for (const auto &one : found) {
        if (!expected.contains(one.first))
            extra.append(one.first);
    }
    QStringList text;
    const auto tell = [&text](const char *what, const QStringList &keys) {
        if (!keys.isEmpty())
            text.append(QStringLiteral("%1 %2: %3")
                            .arg(keys.size())
                            .arg(QLatin1String(what), keys.mid(0, 3).join(QStringLiteral("; "))));
    };
    tell("missing", missing);
    tell("extra", extra);
    tell("wrong", wrong);
    return text.join(QStringLiteral("; "));
}

} // namespace tk::test
