// One line per message, in both formats, whatever is in it.
#include "base/logging.h"
#include "support/test_registry.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

using namespace tk;

class LoggingTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void text()
    {
        const auto line = [](QtMsgType type, const char *category, const QString &message) {
            return QString::fromUtf8(formatLogLine(LogFormat::Text, type, category, message));
        };
        const QRegularExpression shape(QStringLiteral(
            "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z (DEBUG|INFO|WARNING|ERROR|FATAL) [a-z.]+ .*$"));
        QVERIFY(shape.match(line(QtInfoMsg, "tapekeeper.feed", QStringLiteral("✓ ok"))).hasMatch());
        QVERIFY(
            line(QtInfoMsg, "tapekeeper.feed", QStringLiteral("✓ ok")).endsWith(QStringLiteral("Z INFO feed ✓ ok")));
        QVERIFY(line(QtCriticalMsg, "tapekeeper.store", QStringLiteral("x")).contains(QLatin1String(" ERROR store x")));
        QVERIFY(line(QtWarningMsg, "qt.network", QStringLiteral("x")).contains(QLatin1String(" WARNING qt.network x")));
        QVERIFY(line(QtDebugMsg, nullptr, QStringLiteral("x")).contains(QLatin1String(" DEBUG default x")));
        // Text from outside cannot begin a line of its own.
        const QString hostile =
            line(QtInfoMsg, "tapekeeper.feed", QStringLiteral("a\n2026-11-20T10:00:00.000Z INFO feed b\r\nc"));
        QVERIFY(!hostile.contains(u'\n'));
        QVERIFY(!hostile.contains(u'\r'));
    }

    void json()
    {
        const QString message = QStringLiteral("he said \"x\"\nand 龙虾");
        const QByteArray line = formatLogLine(LogFormat::Json, QtWarningMsg, "tapekeeper.history", message);
        QVERIFY(!line.contains('\n'));
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        QCOMPARE(object.value(QLatin1String("level")).toString(), QStringLiteral("WARNING"));
        QCOMPARE(object.value(QLatin1String("category")).toString(), QStringLiteral("history"));
        QCOMPARE(object.value(QLatin1String("message")).toString(), message);
        QVERIFY(object.value(QLatin1String("time")).toString().endsWith(u'Z'));
    }

    void fields()
    {
        QCOMPARE(logField(u"pair", QStringLiteral("BTC/USDT:USDT")), QStringLiteral("pair=BTC/USDT:USDT"));
        QCOMPARE(logField(u"cause", QStringLiteral("no data")), QStringLiteral("cause=\"no data\""));
        QCOMPARE(logField(u"empty", QString()), QStringLiteral("empty=\"\""));
        QCOMPARE(logField(u"quote", QStringLiteral("a\"b")), QStringLiteral("quote=\"a'b\""));
        QCOMPARE(logField(u"lines", QStringLiteral("a\nb")), QStringLiteral("lines=\"a\nb\""));
    }
};

TK_TEST(LoggingTest, logging);
#include "tst_logging.moc"
