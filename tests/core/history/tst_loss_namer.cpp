// What was missed since the last run, and what went with a lost store. 10:00 is now.
#include "history/loss_namer.h"

#include "market/gap_cause.h"
#include "search_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class LossNamerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_settings = {};
        m_settings.timeframes = {};
        m_settings.kinds = {StreamKind::Candles, StreamKind::MarkPrice, StreamKind::Trades};
        m_rig = std::make_unique<SearchRig>(m_settings);
        m_losses = std::make_unique<LossNamer>(
            m_rig->adapter(), LossNamer::Sources{m_rig->keeper(), m_rig->runs(), m_rig->holes(), m_rig->book(),
                                                 m_settings, m_rig->time(), m_rig->clock});
    }

    // By the list of the last run first; until the exchange's own is there nobody collects, and it goes on.
    void downtimeLastsUntilTheListIsThere()
    {
        m_rig->runs().stopped(start - 1h);
        const std::vector both{KeeperRig::instrument(btc), KeeperRig::instrument(m_eth, start - 10min)};
        m_losses->nameDowntime(both);
        QVERIFY(!m_losses->isDowntimeNamed());
        QCOMPARE(gaps().size(), size_t(4)); // candles tell by themselves what they lack
        QCOMPARE(gap(btc, StreamKind::Trades).from, start - 1h);
        QCOMPARE(gap(btc, StreamKind::Trades).to, start);
        QVERIFY(gap(btc, StreamKind::Trades).cause.startsWith(QStringLiteral("engine stopped at")));
        QCOMPARE(gap(m_eth, StreamKind::MarkPrice).from, start - 10min); // it did not exist before
        m_rig->clock.advance(5min);
        m_rig->book().adopt(both, m_settings, m_rig->time().now());
        m_losses->nameDowntime(both);
        QVERIFY(m_losses->isDowntimeNamed());
        QCOMPARE(gaps().size(), size_t(4));
        QCOMPARE(gap(btc, StreamKind::Trades).from, start - 1h);
        QCOMPARE(gap(btc, StreamKind::Trades).to, start + 5min);
        m_rig->clock.advance(5min);
        m_losses->nameDowntime(both); // from here on we collect
        QCOMPARE(gap(btc, StreamKind::Trades).to, start + 5min);
    }

    void theFirstRunMissedNothing()
    {
        m_rig->book().adopt({KeeperRig::instrument(btc)}, m_settings, start);
        m_losses->nameMissed(m_rig->book().wanted());
        QVERIFY(m_losses->isDowntimeNamed() && gaps().empty());
    }

    void aLostStoreHadAllSinceTheFirstRun()
    {
        m_rig->runs().begin(start - 2h + 20s);
        m_rig->clock.advance(30s);
        m_rig->book().adopt({KeeperRig::instrument(btc), KeeperRig::instrument(m_eth, start - 10min)}, m_settings,
                            start);
        m_losses->nameStoreLoss(QStringLiteral("the file was removed"));
        QCOMPARE(gaps().size(), size_t(6));
        const Gap marks = gap(btc, StreamKind::MarkPrice);
        // By whole minutes, with the one that runs.
        QVERIFY((GapKeeper::atRisk(marks.stream, {marks.from, marks.to}) == TimeSpan{start - 2h, start + 1min}));
        QVERIFY(gapcause::isLoss(marks.cause) && marks.cause.endsWith(QStringLiteral("the file was removed")));
        QCOMPARE(gap(btc, StreamKind::Trades).to, start + 30s);
        QCOMPARE(gap(m_eth, StreamKind::MarkPrice).from, start - 10min);
        QCOMPARE(gap(btc, StreamKind::FundingRate).from, start + 30s - 8000h); // as far as one request brings
    }

    void whatIsNotKeptOrCollectedWasNotLost()
    {
        m_settings.retention = 30min;
        m_settings.funding = false;
        m_rig->runs().begin(start - 2h);
        m_rig->book().adopt({KeeperRig::instrument(btc)}, m_settings, start);
        m_losses->nameStoreLoss(QStringLiteral("the file was removed"));
        QCOMPARE(gaps().size(), size_t(2));
        QCOMPARE(gap(btc, StreamKind::Trades).from, start - 30min);
    }

private:
    std::vector<Gap> gaps() { return m_rig->keeper().unsettled(); }
    Gap gap(const QString &pair, StreamKind kind)
    {
        for (const Gap &one : gaps()) {
            if (one.stream.pair == pair && one.stream.kind == kind)
                return one;
        }
        return {};
    }

    static constexpr UtcTime start = KeeperRig::start;
    const QString m_eth = QStringLiteral("ETH/USDT:USDT");
    HistorySettings m_settings;
    std::unique_ptr<SearchRig> m_rig;
    std::unique_ptr<LossNamer> m_losses;
};

TK_TEST(LossNamerTest, loss_namer);

#include "tst_loss_namer.moc"
