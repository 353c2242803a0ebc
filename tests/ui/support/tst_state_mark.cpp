// Every state has a shape of its own, in black and white too.
#include "support/test_registry.h"
#include "ui/support/state_mark.h"

#include <QImage>
#include <QPainter>
#include <QSet>

using namespace tk;
using namespace tk::ui;

namespace {

constexpr std::array allStates{StreamState::Requested, StreamState::Acknowledged, StreamState::Live,
                               StreamState::Late,      StreamState::Stale,        StreamState::Silent,
                               StreamState::Quiet,     StreamState::Ended};

QImage painted(MarkShape shape, int size)
{
    QImage image(size, size, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter painter(&image);
    paintMark(painter, QRectF(image.rect()), shape, Qt::black);
    return image;
}

} // namespace

class StateMarkTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void wordsAndShapesBelongTogether()
    {
        QSet<QString> words;
        QSet<int> shapes;
        QSet<QChar> symbols;
        for (const StreamState state : allStates) {
            words.insert(stateWord(state));
            shapes.insert(int(markShape(state)));
            symbols.insert(stateSymbol(state));
            QVERIFY(stateColour(Palette::dark(), state).isValid());
        }
        // Both states before the first data are "waiting"; all others differ in each way.
        QCOMPARE(words.size(), 7);
        QCOMPARE(shapes.size(), 7);
        QCOMPARE(symbols.size(), 7);
        QCOMPARE(stateWord(StreamState::Requested), stateWord(StreamState::Acknowledged));
        QCOMPARE(stateWord(StreamState::Stale), QStringLiteral("stale"));
        QCOMPARE(stateSymbol(StreamState::Late), QChar(u'▲'));
    }

    void shapesDifferWithoutColour()
    {
        QList<QImage> images;
        for (int shape = 0; shape <= int(MarkShape::DottedRing); ++shape)
            images.append(painted(MarkShape(shape), 12));
        for (qsizetype a = 0; a < images.size(); ++a) {
            for (qsizetype b = a + 1; b < images.size(); ++b) {
                int differing = 0;
                for (int y = 0; y < 12; ++y) {
                    for (int x = 0; x < 12; ++x)
                        differing += qAbs(qGray(images[a].pixel(x, y)) - qGray(images[b].pixel(x, y))) > 96;
                }
                QVERIFY2(differing >= 8, qPrintable(QStringLiteral("%1 and %2: %3").arg(a).arg(b).arg(differing)));
            }
        }
    }

    void marksStayInTheirBox()
    {
        for (int shape = 0; shape <= int(MarkShape::DottedRing); ++shape) {
            QImage image(40, 20, QImage::Format_RGB32);
            image.fill(Qt::white);
            QPainter painter(&image);
            painter.setPen(Qt::red);
            paintMark(painter, QRectF(10, 4, 12, 12), MarkShape(shape), Qt::black);
            QCOMPARE(painter.pen().color(), QColor(Qt::red));
            painter.end();
            bool inside = false;
            for (int y = 0; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x) {
                    if (qGray(image.pixel(x, y)) == 255)
                        continue;
                    inside = true;
                    QVERIFY2(QRect(10, 4, 12, 12).contains(x, y),
                             qPrintable(QStringLiteral("%1: %2 %3").arg(shape).arg(x).arg(y)));
                }
            }
            QVERIFY(inside);
        }
    }
};

TK_TEST(StateMarkTest, state_mark);
#include "tst_state_mark.moc"
