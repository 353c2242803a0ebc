// The small line of the health cards.
#include "candle_samples.h"
#include "support/test_registry.h"
#include "ui/chart/sparkline.h"

#include <QImage>

using namespace tk;
using namespace tk::test;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

const UtcTime ten = utc("2026-11-20T10:00:00Z");

} // namespace

class SparklineTest : public QObject
{
    Q_OBJECT

private:
    Theme m_theme{true};

    // Pixels in columns [from, to) that are not the ground's.
    static int painted(Sparkline &line, int from, int to)
    {
        const QImage image = line.grab().toImage();
        const QColor ground = image.pixelColor(0, 0);
        int count = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = from; x < to; ++x)
                count += image.pixelColor(x, y) != ground;
        }
        return count;
    }

    static std::vector<LinePoint> minutes(int from, int to)
    {
        std::vector<LinePoint> points;
        for (int i = from; i <= to; ++i)
            points.push_back({ten - 60min + i * 1min, double(i % 7)});
        return points;
    }

private Q_SLOTS:
    void theLineBreaksWhereNothingWasMeasured()
    {
        Sparkline line(m_theme);
        line.resize(240, 40);
        line.setSpan(60min, ten);
        std::vector<LinePoint> points = minutes(0, 20);
        const std::vector<LinePoint> later = minutes(40, 60);
        points.insert(points.end(), later.begin(), later.end());
        line.setPoints(points, 2min);
        QVERIFY(painted(line, 5, 70) > 50);
        QCOMPARE(painted(line, 90, 150), 0);
        QVERIFY(painted(line, 170, 230) > 50);
        line.setPoints(points, 30min);
        QVERIFY(painted(line, 90, 150) > 20);
    }

    void bandsAreBehindTheLine()
    {
        Sparkline line(m_theme);
        line.resize(240, 40);
        line.setSpan(60min, ten);
        line.setPoints(minutes(0, 60), 2min);
        const int before = painted(line, 100, 140);
        line.setBands({{ten - 36min, ten - 24min, Sparkline::Tone::Stale}});
        QVERIFY(painted(line, 100, 140) > before + 40 * 20);
    }

    void emptySaysSo()
    {
        Sparkline line(m_theme);
        line.resize(240, 40);
        QVERIFY(painted(line, 2, 238) > 50);
        line.setEmptyText(QStringLiteral("x"));
        const int letter = painted(line, 2, 238);
        QVERIFY(letter > 3 && letter < 100);
    }

    void oldPointsLeave()
    {
        Sparkline line(m_theme);
        line.setSpan(60min, ten);
        line.setPoints(minutes(0, 60), 2min);
        line.addPoint({ten + 10min, 5});
        QCOMPARE(line.points().size(), 52U);
        line.addPoint({ten, 5}); // late: not in order
        QCOMPARE(line.points().size(), 52U);
    }

    void aFlatLineIsPainted()
    {
        Sparkline line(m_theme);
        line.resize(240, 40);
        line.setSpan(60min, ten);
        line.setPoints({{ten - 50min, 0}, {ten, 0}}, 60min);
        QVERIFY(painted(line, 50, 230) >= 180);
    }

    void greyAndThemeChangeTheColour()
    {
        Sparkline line(m_theme);
        line.resize(240, 40);
        line.setSpan(60min, ten);
        line.setPoints(minutes(0, 60), 2min);
        const QImage fresh = line.grab().toImage();
        line.setGrey(true);
        QVERIFY(line.grab().toImage() != fresh);
        line.setGrey(false);
        m_theme.setMode(Theme::Mode::Light);
        QVERIFY(line.grab().toImage() != fresh);
        m_theme.setMode(Theme::Mode::Dark);
        QVERIFY(line.grab().toImage() == fresh);
    }
};

TK_TEST(SparklineTest, sparkline);
#include "tst_sparkline.moc"
