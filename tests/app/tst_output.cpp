#include "app/output.h"
#include "support/test_registry.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace tk;
using namespace tk::app;

class OutputTest : public QObject
{
    Q_OBJECT

    static Table sample()
    {
        return {{{QStringLiteral("pair")}, {QStringLiteral("price"), true}, {QStringLiteral("note")}},
                {{Cell::of(QStringLiteral("BTC/USDT:USDT")), Cell::of(*DecimalText::from("84000.10")), Cell{}},
                 {Cell::of(QStringLiteral("币安人生/USDT:USDT")), Cell::of(qint64(7)),
                  Cell::of(QStringLiteral("says \"no\", and\nleaves"))}}};
    }

private Q_SLOTS:
    void alignsTables()
    {
        QCOMPARE(tableText(sample()), QByteArray("pair                   price  note\n"
                                                 "BTC/USDT:USDT       84000.10  -\n"
                                                 "币安人生/USDT:USDT         7  says \"no\", and leaves\n"));
    }

    void measuresNames()
    {
        QCOMPARE(displayWidth(QStringLiteral("BTC")), 3);
        QCOMPARE(displayWidth(QStringLiteral("龙虾")), 4);
        QCOMPARE(displayWidth(QStringLiteral("e\u0301")), 1);
        QCOMPARE(displayWidth(QStringLiteral("🔄")), 2);
    }

    void quotesCsv()
    {
        QCOMPARE(csvText(sample()), QByteArray("pair,price,note\n"
                                               "BTC/USDT:USDT,84000.10,\n"
                                               "币安人生/USDT:USDT,7,\"says \"\"no\"\", and\nleaves\"\n"));
    }

    void jsonKeepsDecimalsAsText()
    {
        QJsonParseError error{};
        const QJsonArray rows = QJsonDocument::fromJson(jsonText(sample()), &error).array();
        QCOMPARE(error.error, QJsonParseError::NoError);
        QCOMPARE(rows.size(), 2);
        QCOMPARE(rows[0][QLatin1String("price")].toString(), QStringLiteral("84000.10"));
        QVERIFY(rows[0][QLatin1String("note")].isNull());
        QCOMPARE(rows[1][QLatin1String("price")].toInteger(), 7);
        QCOMPARE(rows[1][QLatin1String("note")].toString(), QStringLiteral("says \"no\", and\nleaves"));
        QCOMPARE(jsonText(Table{sample().columns, {}}), QByteArray("[]\n"));
    }

    void jsonEscapesControlCharacters()
    {
        const Table table{{{QStringLiteral("a")}}, {{Cell::of(QStringLiteral("\t\x1b\\"))}}};
        const QJsonArray rows = QJsonDocument::fromJson(jsonText(table)).array();
        QCOMPARE(rows[0][QLatin1String("a")].toString(), QStringLiteral("\t\x1b\\"));
        QVERIFY(!tableText(table).contains('\x1b')); // a terminal takes no orders from data
    }

    void takesRowsFromObjects()
    {
        const QJsonArray objects{QJsonObject{{QStringLiteral("n"), 12}, {QStringLiteral("t"), QStringLiteral("x")}},
                                 QJsonObject{{QStringLiteral("n"), QJsonValue()}}};
        const Table table = tableOf({{QStringLiteral("n"), true}, {QStringLiteral("t")}}, objects);
        QCOMPARE(csvText(table), QByteArray("n,t\n12,x\n,\n"));
    }
};

TK_TEST(OutputTest, output);

#include "tst_output.moc"
