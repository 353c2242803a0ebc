// The house keeps its rooms apart; and the checker itself finds what it should.
#include "layers.h"

#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QTemporaryDir>

using namespace tk::test;

class LayersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theHouse()
    {
        const QStringList found = layerViolations(QStringLiteral(TAPEKEEPER_SOURCE_DIR));
        QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
    }

    void theCheckerFindsViolations_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<bool>("wrong");
        const auto row = [](const char *file, const char *line, bool wrong) {
            QTest::newRow(qPrintable(QStringLiteral("%1 %2").arg(QLatin1String(file), QLatin1String(line))))
                << QString::fromLatin1(file) << QByteArray(line) << wrong;
        };
        row("core/feed/a.cpp", "#include <QWidget>", true);
        row("core/feed/a.cpp", "#include <QtGui/QImage>", true);
        row("core/feed/a.cpp", "  #  include <QtCharts>", true);
        row("core/base/a.h", "#include \"market/pair.h\"", true);
        row("core/market/a.h", "#include \"base/time.h\"", false);
        row("core/market/a.h", "#include \"exchange/adapter.h\"", true);
        row("core/exchange/x/a.cpp", "#include \"feed/slot.h\"", true);
        row("core/exchange/x/a.cpp", "#include \"exchange/x/b.h\"", false);
        row("core/exchange/x/a.cpp", "#include \"config/settings.h\"", true);
        row("core/feed/a.cpp", "#include \"history/history_service.h\"", true);
        row("core/feed/a.cpp", "#include \"store/store.h\"", true);
        row("core/store/a.cpp", "#include \"feed/slot.h\"", true);
        row("core/store/a.cpp", "#include \"history/gap_keeper.h\"", true);
        row("core/history/a.cpp", "#include \"store/store.h\"", false);
        row("core/history/a.cpp", "#include \"store/gap_ledger.h\"", false);
        row("core/history/a.cpp", "#include \"store/store_service.h\"", true);
        row("core/history/a.cpp", "#include \"store/embedded/embedded_store.h\"", true);
        row("core/history/a.cpp", "#include \"feed/slot.h\"", true);
        row("core/net/a.cpp", "#include \"market/pair.h\"", true);
        row("core/runtime/a.cpp", "#include \"market/pair.h\"", true);
        row("core/telemetry/a.cpp", "#include \"market/stream.h\"", false);
        row("core/telemetry/a.cpp", "#include \"feed/slot.h\"", true);
        row("core/feed/a.cpp", "#include \"link/protocol.h\"", true);
        row("core/link/a.cpp", "#include \"feed/feed_snapshot.h\"", false);
        row("core/link/a.cpp", "#include \"ui/window.h\"", true);
        row("core/link/a.cpp", "#include \"app/engine.h\"", true);
        row("core/link/a.cpp", "#include \"../app/engine.h\"", true);
        row("core/newroom/a.cpp", "#include \"base/time.h\"", true);
        row("core/feed/a.cpp", "// #include <QWidget>", false);
        row("app/a.cpp", "#include \"feed/feed_service.h\"", false);
        row("core/monitor/a.cpp", "#include \"link/engine_link.h\"", false);
        row("core/monitor/a.cpp", "#include \"feed/feed_snapshot.h\"", true);
        row("ui/panels/a.cpp", "#include \"monitor/engine_view.h\"", false);
        row("ui/panels/a.cpp", "#include \"link/link_client.h\"", true);
        row("ui/panels/a.cpp", "#include \"store/store.h\"", true);
        row("core/feed/a.cpp", "#include <vector>", false);
        row("ui/chart/a.cpp", "#include <QWidget>", false);
        row("ui/chart/a.cpp", "#include \"market/candle.h\"", false);
        row("ui/chart/a.cpp", "#include \"ui/support/palette.h\"", false);
        row("ui/chart/a.cpp", "#include \"ui/window/main_window.h\"", true);
        row("ui/support/a.cpp", "#include \"ui/chart/candle_chart.h\"", true);
        row("ui/window/a.cpp", "#include \"ui/chart/candle_chart.h\"", false);
        row("ui/window/a.cpp", "#include \"app/engine.h\"", true);
    }
    void theCheckerFindsViolations()
    {
        QFETCH(QString, file);
        QFETCH(QByteArray, line);
        QFETCH(bool, wrong);
        const QTemporaryDir folder;
        QVERIFY(QDir(folder.path()).mkpath(QFileInfo(file).path()));
        QFile source(folder.filePath(file));
        QVERIFY(source.open(QIODevice::WriteOnly));
        source.write("#pragma once\n" + line + "\nint x;\n");
        source.close();
        const QStringList found = layerViolations(folder.path());
        QCOMPARE(found.size(), qsizetype(wrong));
        if (wrong)
            QVERIFY2(found.front().startsWith(file + QStringLiteral(":2 ")), qPrintable(found.front()));
    }

    // The link line keeps its word: the engine runs on a machine without any of the GUI's libraries.
    void theProgramLinksNoGui()
    {
        const QString program = QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server");
        if (!QFileInfo::exists(program))
            QSKIP("tapekeeper-server is not built");
        QProcess ldd;
        ldd.start(QStringLiteral("ldd"), {program});
        if (!ldd.waitForStarted())
            QSKIP("there is no ldd");
        QVERIFY(ldd.waitForFinished());
        const QByteArray libraries = ldd.readAllStandardOutput();
        QVERIFY(libraries.contains("libQt6Core"));
        for (const char *library : {"libQt6Gui", "libQt6Widgets", "libQt6Charts", "libX11", "libGL.so"})
            QVERIFY2(!libraries.contains(library), library);
    }
};

TK_TEST(LayersTest, layers);
#include "tst_layers.moc"
