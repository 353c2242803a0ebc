// Points as sets, so that what was sent and what a database holds can be compared whoever tells it.
#pragma once

#include "store/spool/spool.h"

#include <QByteArrayView>
#include <QString>
#include <QStringList>

#include <map>

namespace tk::test {

class FakeInflux;

// By "measurement,tag=value,…|nanoseconds" (tags sorted); field by field, numbers as the shortest text of their double.
using PointMap = std::map<QString, std::map<QString, QString>>;

QString numberText(double number);

// Adds what a database holds once it has taken these lines: a point written twice is the same point, its fields merged.
void addLines(PointMap &points, store::Lane lane, QByteArrayView lines);

PointMap pointsOf(const FakeInflux &server);

// "3 missing: …; 1 extra: …", the first few; empty when both are the same.
QString difference(const PointMap &expected, const PointMap &found);

} // namespace tk::test
