// REST that does not work: since when, until when nothing is asked, and how often it is told.
#include "history/rest_trouble.h"

#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QRegularExpression>

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class RestTroubleTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_clock.emplace();
        m_trouble.emplace(*m_clock, QStringLiteral("x"));
    }

    void lastsFromItsFirstCause()
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("history of x does not work: first")));
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("history of x does not work: second")));
        QTest::ignoreMessage(QtInfoMsg, QRegularExpression(QStringLiteral("REST works again.*after=30s")));
        QVERIFY(m_trouble->text().isEmpty());
        QCOMPARE(toMs(m_trouble->since()), 0);
        const UtcTime begin = m_clock->utcNow();
        m_trouble->fell(QStringLiteral("first"), {});
        m_clock->advance(30s);
        m_trouble->fell(QStringLiteral("second"), {});
        QCOMPARE(m_trouble->text(), QStringLiteral("second"));
        QCOMPARE(toMs(m_trouble->since()), toMs(begin));
        m_trouble->works();
        QVERIFY(m_trouble->text().isEmpty());
        QCOMPARE(toMs(m_trouble->since()), 0);
    }

    void holdsLongerEachTimeUntilItWorks()
    {
        m_trouble->fell(QStringLiteral("x"), {});
        const auto held = [this] {
            m_trouble->hold();
            return m_trouble->heldUntil() - m_clock->now();
        };
        for (int i = 0; i < 40; ++i)
            QVERIFY(held() <= 60s);
        QVERIFY(held() >= 6s); // a tenth of the most, at least
        QVERIFY(m_trouble->isHeld(m_clock->now()));
        m_trouble->works();
        QVERIFY(held() <= 1s);
        m_trouble->holdFor(5s);
        m_clock->advance(5s);
        QVERIFY(!m_trouble->isHeld(m_clock->now()));
    }

    // However often it comes and goes, a few lines a minute; and the last of them is true.
    void theLastWordIsNeverTheWrongOne()
    {
        for (int i = 0; i < 50; ++i) {
            m_trouble->fell(QStringLiteral("cause %1").arg(i), {});
            m_trouble->works();
        }
        m_clock->advance(61s);
        m_trouble->tellWorking();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("does not work: last")));
        m_trouble->fell(QStringLiteral("last"), {});
        m_clock->advance(61s);
        QTest::ignoreMessage(QtInfoMsg, QRegularExpression(QStringLiteral("REST works again")));
        m_trouble->works();
    }

private:
    std::optional<ManualClock> m_clock;
    std::optional<RestTrouble> m_trouble;
};

TK_TEST(RestTroubleTest, rest_trouble);

#include "tst_rest_trouble.moc"
