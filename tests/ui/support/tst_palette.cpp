// Text can be read in both themes, on everything it stands on; and the theme says when it changes.
#include "support/test_registry.h"
#include "ui/support/palette.h"
#include "ui/support/theme.h"

#include <QSignalSpy>

using namespace tk::ui;

class PaletteTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void contrastIsThatOfTheStandard()
    {
        QCOMPARE(contrast(Qt::black, Qt::white), 21.0);
        QCOMPARE(contrast(Qt::red, Qt::red), 1.0);
        // The worked example that every checker shows: #767676 just passes on white.
        QVERIFY(qAbs(contrast(QColor(0x76, 0x76, 0x76), Qt::white) - 4.54) < 0.01);
    }

    void textIsReadable_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }

    void textIsReadable()
    {
        QFETCH(const bool, dark);
        const Palette palette = dark ? Palette::dark() : Palette::light();
        QCOMPARE(palette.isDark, dark);
        const auto readable = [](const QColor &text, const QColor &ground) {
            const double value = contrast(text, ground);
            const QString what = QStringLiteral("%1 on %2: %3").arg(text.name(), ground.name()).arg(value);
            QVERIFY2(value >= 4.5, qPrintable(what));
        };
        for (const QColor &ground : {palette.window, palette.panel, palette.alternate}) {
            for (const QColor &text :
                 {palette.text, palette.secondaryText, palette.accent, palette.live, palette.late, palette.stale,
                  palette.silent, palette.quiet, palette.candleUp, palette.candleDown, palette.gapLine})
                readable(text, ground);
        }
        for (const QColor &ground : {palette.selection, palette.hover})
            readable(palette.text, ground);
        for (const QColor &ground : {palette.accent, palette.live, palette.stale})
            readable(palette.textOnAccent, ground); // price tags
        // A gap's words stand on its shade.
        const double shade = palette.gapShade.alphaF();
        readable(palette.gapLine, mixed(palette.panel, palette.gapLine, shade));
        readable(palette.secondaryText, mixed(palette.panel, palette.quiet, palette.waitingShade.alphaF()));
    }

    void rolesAreFilled()
    {
        const Palette palette = Palette::dark();
        const QPalette roles = toQPalette(palette);
        QCOMPARE(roles.color(QPalette::Window), palette.window);
        QCOMPARE(roles.color(QPalette::Base), palette.panel);
        QCOMPARE(roles.color(QPalette::Text), palette.text);
        QVERIFY(roles.color(QPalette::Disabled, QPalette::Text) != palette.text);
        const QString sheet = styleSheet(palette);
        QVERIFY(!sheet.contains(u'@')); // every token was replaced
        QVERIFY(sheet.contains(palette.line.name()));
        QVERIFY(styleSheet(Palette::light()) != sheet);
    }

    void mixing()
    {
        QCOMPARE(mixed(Qt::black, Qt::white, 0.0), QColor(0, 0, 0));
        QCOMPARE(mixed(Qt::black, Qt::white, 1.0), QColor(255, 255, 255));
        QCOMPARE(mixed(Qt::black, Qt::white, 0.5), QColor(128, 128, 128));
    }

    void themeChanges()
    {
        Theme theme(true);
        QSignalSpy changed(&theme, &Theme::changed);
        QCOMPARE(theme.palette(), Palette::dark()); // the system's
        theme.setMode(Theme::Mode::Dark);
        QCOMPARE(changed.count(), 0); // the same colours: nobody needs to paint
        theme.setMode(Theme::Mode::Light);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(theme.palette(), Palette::light());
        theme.setMode(Theme::Mode::System);
        QCOMPARE(changed.count(), 2);
        QVERIFY(Theme::systemIsDark(toQPalette(Palette::dark())));
        QVERIFY(!Theme::systemIsDark(toQPalette(Palette::light())));
    }
};

TK_TEST(PaletteTest, palette);
#include "tst_palette.moc"
