#include "layers.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QHash>
#include <QRegularExpression>
#include <QSet>

namespace tk::test {

namespace {

// What a room of core/ may include besides itself.
const QHash<QString, QSet<QString>> &allowed()
{
    const auto set = [](const char *names) {
        const QStringList list = QString::fromLatin1(names).split(u' ', Qt::SkipEmptyParts);
        return QSet<QString>(list.cbegin(), list.cend());
    };
    static const QHash<QString, QSet<QString>> rooms{
        {QStringLiteral("base"), set("")},
        {QStringLiteral("market"), set("base")},
        {QStringLiteral("config"), set("base market exchange")}, // whose catalogue says what can be named,
        {QStringLiteral("exchange"), set("base market")},
        {QStringLiteral("feather"), set("base")},
        {QStringLiteral("net"), set("base")},
        {QStringLiteral("runtime"), set("base")},
        {QStringLiteral("telemetry"), set("base market net")},
        {QStringLiteral("feed"), set("base market exchange net runtime")},
        {QStringLiteral("history"), set("base market exchange net runtime")}, // and two interfaces, below
        {QStringLiteral("store"), set("base market config net runtime")},
        {QStringLiteral("alert"), set("base market")},
        {QStringLiteral("remote"), set("base market config link runtime feather")},
        {QStringLiteral("monitor"), set("base market alert link")},
        {QStringLiteral("sync"), set("base market config feather store runtime")},
        {QStringLiteral("link"), set("base market config exchange feed history store net runtime telemetry")},
    };
    return rooms;
}

const QSet<QString> historyMayUse{QStringLiteral("store/store.h"), QStringLiteral("store/gap_ledger.h")};

// The window stands on the core's values; its two lowest rooms on nothing else of the window.
QString judgeUi(const QString &file, const QString &included)
{
    const QString target = included.section(u'/', 0, 0);
    if (target == QLatin1String("app") || target == QLatin1String("tests") || target == QLatin1String(".."))
        return QStringLiteral("ui includes ") + included;
    static const QSet<QString> mayUse{QStringLiteral("ui"),     QStringLiteral("base"),  QStringLiteral("market"),
                                      QStringLiteral("config"), QStringLiteral("alert"), QStringLiteral("monitor")};
    if (included.contains(u'/') && !mayUse.contains(target))
        return QStringLiteral("ui includes ") + included;
    const QString room = file.section(u'/', 1, 1);
    const QString other = target == QLatin1String("ui") ? included.section(u'/', 1, 1) : QString();
    const bool low = room == QLatin1String("support") || room == QLatin1String("chart");
    if (!low || other.isEmpty() || other == room || other == QLatin1String("support"))
        return {};
    return QStringLiteral("ui/%1 may not include %2").arg(room, included);
}

QString judge(const QString &file, const QString &included, bool quoted)
{
    static const QRegularExpression gui(QStringLiteral(
        "^(QtGui|QtWidgets|QtCharts|QtQuick|QtQml|QtOpenGL|QtSvg|QtPrintSupport)(/|$)|"
        "^(QGuiApplication|QApplication|QWidget|QWindow|QMainWindow|QDialog|QPainter|QPixmap|QImage|QColor|"
        "QFont|QIcon|QAction|QLabel|QPushButton|QTableView|QTreeView|QMessageBox|QSystemTrayIcon|QStyle|"
        "QScreen|QCursor|QClipboard|QChart|QChartView)$"));
    const bool core = file.startsWith(QLatin1String("core/"));
    if (gui.match(included).hasMatch())
        return core ? QStringLiteral("the core knows no GUI: ") + included : QString();
    if (quoted && file.startsWith(QLatin1String("ui/")))
        return judgeUi(file, included);
    if (!core || !quoted)
        return {};
    const QString room = file.section(u'/', 1, 1);
    const QString target = included.section(u'/', 0, 0);
    if (included.startsWith(QLatin1String("../")))
        return QStringLiteral("a path upwards: ") + included;
    if (!included.contains(u'/'))
        return {}; // a neighbour in the same folder
    if (target == QLatin1String("ui") || target == QLatin1String("app") || target == QLatin1String("tests") ||
        target == QLatin1String("support"))
        return QStringLiteral("core includes ") + included;
    if (!allowed().contains(room))
        return QStringLiteral("a room this test does not know: ") + room;
    if (target == room || allowed().value(room).contains(target))
        return {};
    if (room == QLatin1String("history") && historyMayUse.contains(included))
        return {};
    return QStringLiteral("%1 may not include %2").arg(room, included);
}

} // namespace

QStringList layerViolations(const QString &root)
{
    static const QRegularExpression line(QStringLiteral("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"]"));
    QStringList found;
    for (const char *top : {"core", "app", "ui"}) {
        QDirIterator files(root + u'/' + QLatin1String(top), {QStringLiteral("*.h"), QStringLiteral("*.cpp")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            const QString path = files.next();
            const QString name = QDir(root).relativeFilePath(path);
            QFile file(path);
            if (!file.open(QIODevice::ReadOnly)) {
                found.append(name + QStringLiteral(": cannot be read"));
                continue;
            }
            int number = 0;
            while (!file.atEnd()) {
                ++number;
                const auto match = line.match(QString::fromUtf8(file.readLine()));
                if (!match.hasMatch())
                    continue;
                const QString wrong = judge(name, match.captured(2), match.captured(1) == QLatin1String("\""));
                if (!wrong.isEmpty())
                    found.append(QStringLiteral("%1:%2 %3").arg(name).arg(number).arg(wrong));
            }
        }
    }
    found.sort();
    return found;
}

} // namespace tk::test
