// What a running engine does not change, and that it says so.
#include "app/fixed_settings.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::test {

using app::keepFixed;

class TestFixedSettings : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sameIsSame()
    {
        const config::Settings is = settings();
        config::Settings wanted = is;
        QCOMPARE(keepFixed(is, wanted), QStringList());
        QVERIFY(wanted.exchanges == is.exchanges);
    }

    void whatCannotChangeStaysAndIsNamed()
    {
        const config::Settings is = settings();
        config::Settings wanted = is;
        wanted.engine.data_dir = QStringLiteral("/elsewhere");
        wanted.exchanges.front().ws_url = QUrl(QStringLiteral("wss://other.example"));
        wanted.exchanges.front().timeframes = {Timeframe::H1}; // this can
        QCOMPARE(keepFixed(is, wanted), (QStringList{QStringLiteral("data_dir"), QStringLiteral("one.ws_url")}));
        QCOMPARE(wanted.engine.data_dir, is.engine.data_dir);
        QCOMPARE(wanted.exchanges.front().ws_url, is.exchanges.front().ws_url);
        QCOMPARE(wanted.exchanges.front().timeframes, std::vector{Timeframe::H1});
    }

    // It has no past that binds it, and the order of the tables means nothing.
    void aNewExchangeBeginsAsItIsTold()
    {
        const config::Settings is = settings();
        config::Settings wanted = is;
        config::ExchangeSettings other = is.exchanges.front();
        other.name = QStringLiteral("two");
        other.ws_url = QUrl(QStringLiteral("wss://two.example"));
        wanted.exchanges.insert(wanted.exchanges.begin(), other);
        QCOMPARE(keepFixed(is, wanted), QStringList());
        QCOMPARE(wanted.exchanges.front().ws_url, other.ws_url);
    }

    void hostsThatFilesArePushedTo()
    {
        config::Settings is = settings();
        config::HostSettings watched;
        watched.name = QStringLiteral("watched");
        config::HostSettings fed;
        fed.name = QStringLiteral("fed");
        fed.push = QStringLiteral("/data");
        is.hosts = {watched, fed};
        QCOMPARE(app::pushedTo(is).size(), size_t(1));
        config::Settings wanted = is;
        wanted.hosts.front().name = QStringLiteral("renamed"); // free to change
        QCOMPARE(keepFixed(is, wanted), QStringList());
        wanted.hosts.back().push.clear();
        QCOMPARE(keepFixed(is, wanted), QStringList{QStringLiteral("to whom files are pushed")});
    }

private:
    static config::Settings settings()
    {
        config::Settings settings;
        settings.engine.data_dir = QStringLiteral("/data");
        settings.exchanges.resize(1);
        settings.exchanges.front().name = QStringLiteral("one");
        settings.exchanges.front().ws_url = QUrl(QStringLiteral("wss://one.example"));
        return settings;
    }
};

} // namespace tk::test

using tk::test::TestFixedSettings;
TK_TEST(TestFixedSettings, fixed_settings);
#include "tst_fixed_settings.moc"
