// The settings dialog on an engine that keeps its file in memory and checks it with the real loader.
#include "config/load.h"
#include "support/test_registry.h"
#include "support/window/fake_link.h"
#include "ui/dialogs/settings_dialog.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QRadioButton>
#include <QSignalSpy>
#include <QTreeWidget>

using namespace tk;
using namespace tk::test;
using namespace tk::ui;

namespace {

class CountingAsker final : public Asker
{
public:
    void confirm(QWidget *, const Question &question, std::function<void()> yes) override
    {
        asked.append(question.title);
        if (agrees)
            yes();
    }
    void saveFile(QWidget *, const QString &, const QString &, const QString &,
                  std::function<void(const QString &)>) override
    {}
    void tell(QWidget *, const QString &, const QString &) override {}

    QStringList asked;
    bool agrees = true;
};

const char usual[] = "# mine\n"
                     "[[exchange]]\n"
                     "pairs = \"all\"   # everything\n"
                     "exclude = [\"DOGE/USDT:USDT\"]\n"
                     "history = 900 # enough\n"
                     "\n"
                     "[supervision]\n"
                     "stale_after = \"5m\"  # impatient\n";

} // namespace

class SettingsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_text = QString::fromUtf8(usual);
        m_whyNot.clear();
        m_restart.clear();
        m_asker = std::make_unique<CountingAsker>();
        auto link = std::make_unique<FakeLink>();
        m_link = link.get();
        m_link->setState({{QStringLiteral("engine"), QJsonObject()}});
        m_link->answer(QStringLiteral("settings"), [this](const QJsonObject &) { return show(); });
        m_link->answer(QStringLiteral("settings-check"), [](const QJsonObject &args) -> Result<QJsonValue> {
            return QJsonValue(
                QJsonObject{{QStringLiteral("problems"), problems(args[QLatin1String("text")].toString())}});
        });
        m_link->answer(QStringLiteral("settings-write"), [this](const QJsonObject &args) { return write(args); });
        m_link->answer(QStringLiteral("secret-write"), [](const QJsonObject &args) -> Result<QJsonValue> {
            const QString name = QStringLiteral("influx-") + args[QLatin1String("name")].toString();
            return QJsonValue(QJsonObject{{QStringLiteral("file"), QStringLiteral("/etc/") + name},
                                          {QStringLiteral("setting"), name}});
        });
        m_link->answer(QStringLiteral("instruments"), [](const QJsonObject &) -> Result<QJsonValue> {
            QJsonArray rows;
            for (const char *base :
                 {"ADA", "AVAX", "BNB", "BTC", "DOGE", "DOT", "ETH", "LINK", "LTC", "SOL", "TRX", "XRP", "币安人生"})
                rows.append(
                    QJsonObject{{QStringLiteral("pair"), QString::fromUtf8(base) + QStringLiteral("/USDT:USDT")},
                                {QStringLiteral("status"), QStringLiteral("trading")},
                                {QStringLiteral("collected"), true}});
            return QJsonValue(QJsonObject{{QStringLiteral("instruments"), rows}});
        });
        m_link->answer(QStringLiteral("test-store"), [this](const QJsonObject &args) -> Result<QJsonValue> {
            m_tested = args;
            if (args[QLatin1String("url")].toString().contains(QStringLiteral("wrong")))
                return Error{Error::Kind::Network, QStringLiteral("nobody answers there")};
            return QJsonValue(QJsonObject{{QStringLiteral("text"), QStringLiteral("InfluxDB v1 answers; the database "
                                                                                  "\"market_data\" is there and can be "
                                                                                  "read")}});
        });
        m_view = std::make_unique<monitor::EngineView>(
            monitor::EngineConnection::Way{std::move(link), [this] { m_link->open(); }, QStringLiteral("test")});
        m_view->start();
        QTRY_VERIFY(m_view->connection().isConnected());
        open();
    }
    void cleanup()
    {
        m_dialog.reset();
        m_view.reset();
    }

    void showsTheFileAndTheDefaults()
    {
        QCOMPARE(line("supervision.stale_after")->text(), QStringLiteral("5m"));
        QCOMPARE(line("supervision.heartbeat")->text(), QString());
        QCOMPARE(line("supervision.heartbeat")->placeholderText(), QStringLiteral("60s"));
        QCOMPARE(line("exchange[1].history")->text(), QStringLiteral("900"));
        QVERIFY(find<QCheckBox>("exchange[1].timeframes=15m")->isChecked()); // the default
        QVERIFY(!find<QCheckBox>("exchange[1].timeframes=1d")->isChecked());
        QVERIFY(find<QRadioButton>("pairsAll")->isChecked());
        QVERIFY(find<QLabel>("settingsPlace")->text().contains(QStringLiteral("/etc/tapekeeper.toml")));
        QVERIFY(!find<QPushButton>("settingsApply")->isEnabled()); // nothing to apply
    }

    // Every default that a placeholder promises is the loader's own.
    void theDefaultsShownHold()
    {
        m_text.clear();
        find<QPushButton>("settingsRevert")->setEnabled(true);
        find<QPushButton>("settingsRevert")->click();
        QTRY_COMPARE(line("exchange[1].history")->text(), QString());
        int fields = 0;
        for (QLineEdit *edit : m_dialog->findChildren<QLineEdit *>()) {
            if (edit->objectName().contains(u'.') && !edit->placeholderText().isEmpty()) {
                edit->setText(edit->placeholderText());
                ++fields;
            }
        }
        QVERIFY(fields >= 18);
        find<QPushButton>("settingsApply");
        QTRY_VERIFY(find<QPushButton>("settingsApply")->isEnabled());
        find<QPushButton>("settingsApply")->click();
        QTRY_COMPARE(m_link->count(QStringLiteral("settings-write")), 1);
        QTRY_VERIFY(said().contains(QStringLiteral("in force")));
        const config::LoadResult loaded = config::parseSettings(m_text.toUtf8(), QStringLiteral("/etc/t.toml"), {});
        QVERIFY(loaded.isGood());
        QVERIFY(loaded.settings == config::Settings());
    }

    void aProblemStandsAtItsField()
    {
        line("supervision.heartbeat")->setText(QStringLiteral("soon"));
        auto *problem = find<QLabel>("problem:supervision.heartbeat");
        QTRY_VERIFY(!problem->isHidden());
        QVERIFY2(problem->text().contains(QStringLiteral("soon")), qPrintable(problem->text()));
        QVERIFY(!find<QPushButton>("settingsApply")->isEnabled());
        line("exchange[1].history")->setText(QStringLiteral("many"));
        QTRY_VERIFY(!find<QLabel>("problem:exchange[1].history")->isHidden());
        line("exchange[1].history")->setText(QStringLiteral("901"));
        line("supervision.heartbeat")->setText(QStringLiteral("30s"));
        QTRY_VERIFY(problem->isHidden());
        QTRY_VERIFY(find<QPushButton>("settingsApply")->isEnabled());
        QCOMPARE(m_link->count(QStringLiteral("settings-write")), 0);
    }

    void appliesWithoutTouchingTheRest()
    {
        line("supervision.stale_after")->setText(QStringLiteral("7m"));
        line("supervision.major_quorum")->setText(QStringLiteral("3"));
        find<QCheckBox>("exchange[1].timeframes=1d")->setChecked(true);
        apply();
        QTRY_VERIFY2(said().contains(QStringLiteral("in force")), qPrintable(said()));
        QString wanted = QString::fromUtf8(usual);
        wanted.replace(QStringLiteral("\"5m\""), QStringLiteral("\"7m\""));
        wanted.replace(QStringLiteral("history = 900 # enough\n"),
                       QStringLiteral("history = 900 # enough\ntimeframes = [\"3m\", \"15m\", \"1h\", \"1d\"]\n"));
        wanted.append(QStringLiteral("major_quorum = 3\n"));
        QCOMPARE(m_text, wanted);
        QVERIFY(!find<QPushButton>("settingsApply")->isEnabled());
    }

    void anEmptiedFieldLeavesTheDefault()
    {
        line("supervision.stale_after")->clear();
        apply();
        QTRY_VERIFY(said().contains(QStringLiteral("in force")));
        QVERIFY(!m_text.contains(QStringLiteral("stale_after")));
        line("engine.http")->setText(QStringLiteral("off"));
        apply();
        QTRY_VERIFY(m_text.contains(QStringLiteral("http = \"\"")));
        QTRY_COMPARE(line("engine.http")->text(), QStringLiteral("off"));
    }

    void saysWhatNeedsARestart()
    {
        m_restart = QStringLiteral("only a restart changes data_dir; everything else is in force");
        line("engine.data_dir")->setText(QStringLiteral("/srv/tape"));
        apply();
        QTRY_VERIFY(said().contains(QStringLiteral("Not all is in force yet")) && said().contains(m_restart));
    }

    void aFileChangedMeanwhileIsNotOverwritten()
    {
        line("supervision.stale_after")->setText(QStringLiteral("7m"));
        QTRY_VERIFY(find<QPushButton>("settingsApply")->isEnabled());
        m_text.append(QStringLiteral("# somebody else\n"));
        const QString before = m_text;
        find<QPushButton>("settingsApply")->click();
        QTRY_VERIFY2(said().contains(QStringLiteral("meanwhile")), qPrintable(said()));
        QCOMPARE(m_text, before);
        QCOMPARE(line("supervision.stale_after")->text(), QStringLiteral("7m")); // nothing typed is lost
    }

    void choosesPairsInTheExchangesList()
    {
        auto *tree = find<QTreeWidget>("pairsTree");
        QTRY_COMPARE(tree->topLevelItemCount(), 13);
        QCOMPARE(pair("DOGE")->checkState(0), Qt::Unchecked);
        QCOMPARE(pair("BTC")->checkState(0), Qt::Checked);
        find<QLineEdit>("pairsSearch")->setText(QStringLiteral("doge"));
        QVERIFY(pair("BTC")->isHidden());
        QVERIFY(!pair("DOGE")->isHidden());
        find<QLineEdit>("pairsSearch")->clear();
        pair("DOGE")->setCheckState(0, Qt::Checked);
        pair("币安人生")->setCheckState(0, Qt::Unchecked);
        tree->clearSelection();
        pair("TRX")->setSelected(true);
        find<QPushButton>("pairsExclude")->click();
        QCOMPARE(find<QLabel>("pairsCount")->text(), QStringLiteral("11 of 13 collected"));
        apply();
        QTRY_VERIFY(said().contains(QStringLiteral("in force")));
        QVERIFY2(m_text.contains(QStringLiteral("exclude = [\"币安人生/USDT:USDT\", \"TRX/USDT:USDT\"]")),
                 qPrintable(m_text));
        QVERIFY(m_text.contains(QStringLiteral("pairs = \"all\"   # everything")));
    }

    void allBecomeAList()
    {
        QTRY_COMPARE(find<QTreeWidget>("pairsTree")->topLevelItemCount(), 13);
        find<QRadioButton>("pairsList")->click();
        QCOMPARE(find<QLabel>("pairsCount")->text(), QStringLiteral("12 of 13 collected")); // as before
        for (const char *base : {"ADA", "AVAX", "BNB", "DOT", "ETH", "LINK", "LTC", "SOL", "TRX", "XRP"})
            pair(base)->setCheckState(0, Qt::Unchecked);
        apply();
        QTRY_VERIFY(said().contains(QStringLiteral("in force")));
        QVERIFY2(m_text.contains(QStringLiteral("pairs = [\"BTC/USDT:USDT\", \"币安人生/USDT:USDT\"]   # everything")),
                 qPrintable(m_text));
    }

    void aListWithNothingInItIsAProblem()
    {
        QTRY_COMPARE(find<QTreeWidget>("pairsTree")->topLevelItemCount(), 13);
        find<QRadioButton>("pairsList")->click();
        find<QTreeWidget>("pairsTree")->selectAll();
        find<QPushButton>("pairsExclude")->click();
        QTRY_VERIFY(!find<QLabel>("problem:exchange[1].pairs")->isHidden());
        QVERIFY(!find<QPushButton>("settingsApply")->isEnabled());
    }

    void triesTheDatabaseAsTyped()
    {
        find<QComboBox>("store.kind")->setCurrentText(QStringLiteral("influx"));
        line("store.influx.database")->setText(QStringLiteral("tape"));
        find<QLineEdit>("secret-password")->setText(QStringLiteral("hush"));
        find<QPushButton>("test-store")->click();
        auto *result = find<QLabel>("test-store-result");
        QTRY_VERIFY(result->text().contains(QStringLiteral("can be read")));
        QCOMPARE(m_tested[QLatin1String("url")].toString(), QStringLiteral("http://127.0.0.1:8086"));
        QCOMPARE(m_tested[QLatin1String("database")].toString(), QStringLiteral("tape"));
        QCOMPARE(m_tested[QLatin1String("password")].toString(), QStringLiteral("hush"));
        line("store.influx.url")->setText(QStringLiteral("http://wrong:8086"));
        QVERIFY(result->isHidden()); // it was of another one
        find<QPushButton>("test-store")->click();
        QTRY_VERIFY(result->text().contains(QStringLiteral("nobody answers there")));
    }

    void aSecretGoesIntoItsFileAndNotIntoTheConfiguration()
    {
        find<QComboBox>("store.kind")->setCurrentText(QStringLiteral("influx"));
        find<QLineEdit>("secret-token")->setText(QStringLiteral("hush"));
        QCOMPARE(find<QLineEdit>("secret-token")->echoMode(), QLineEdit::Password);
        apply();
        QTRY_VERIFY(said().contains(QStringLiteral("in force")));
        QVERIFY(m_text.contains(QStringLiteral("kind = \"influx\"")));
        QVERIFY(m_text.contains(QStringLiteral("token_file = \"influx-token\"")));
        for (const FakeLink::Asked &asked : m_link->asked())
            QVERIFY(asked.command == QLatin1String("secret-write") ||
                    !QJsonDocument(asked.args).toJson().contains("hush"));
        QTRY_COMPARE(find<QLineEdit>("secret-token")->text(), QString());
    }

    void aDemoIsShownOnly()
    {
        m_whyNot = QStringLiteral("the demo runs with settings of its own");
        open();
        QVERIFY(!line("supervision.stale_after")->isEnabled());
        QVERIFY(said().contains(m_whyNot));
        QVERIFY(!find<QPushButton>("settingsApply")->isEnabled());
    }

    void nothingIsAppliedWhileTheEngineIsAway()
    {
        line("supervision.stale_after")->setText(QStringLiteral("7m"));
        QTRY_VERIFY(find<QPushButton>("settingsApply")->isEnabled());
        m_link->lose();
        QTRY_VERIFY(!find<QPushButton>("settingsApply")->isEnabled());
        QVERIFY(said().contains(QStringLiteral("away")));
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("settingsApply")->isEnabled(), 10'000); // and it is back
        QCOMPARE(line("supervision.stale_after")->text(), QStringLiteral("7m"));
    }

    void asksBeforeWhatWasTypedIsLost()
    {
        m_asker->agrees = false;
        line("supervision.stale_after")->setText(QStringLiteral("7m"));
        m_dialog->reject();
        QCOMPARE(m_asker->asked.size(), 1);
        QVERIFY(m_dialog->isVisible());
        line("supervision.stale_after")->setText(QStringLiteral("5m"));
        m_dialog->reject();
        QVERIFY(!m_dialog->isVisible());
        QCOMPARE(m_asker->asked.size(), 1);
    }

    void hostsComeChangeAndGo()
    {
        m_text += QStringLiteral(
            "\n# the first\n[[host]]\nname = \"feeder-1\"\ntarget = \"freqai@one\" # ours\nunits = [\n    "
            "\"a.service\", # why\n]\n\n[[host]]\nname = \"feeder-2\"\n");
        find<QPushButton>("settingsRevert")->setEnabled(true);
        find<QPushButton>("settingsRevert")->click();
        auto *list = find<QListWidget>("hostsList");
        QTRY_COMPARE(list->count(), 2);
        QCOMPARE(line("host:target")->text(), QStringLiteral("freqai@one"));
        QCOMPARE(line("host:units")->text(), QStringLiteral("a.service"));
        // Tried as it is typed, before anything is written.
        typeInto("host:target", QStringLiteral("freqai@other"));
        typeInto("host:units", QStringLiteral("a.service, b*.timer"));
        QJsonObject tried;
        m_link->answer(QStringLiteral("host-test"), [&](const QJsonObject &args) -> Result<QJsonValue> {
            tried = args[QLatin1String("settings")].toObject();
            return QJsonValue(QJsonObject{{QStringLiteral("good"), true}});
        });
        find<QPushButton>("hostsTest")->click();
        QTRY_COMPARE(tried.value(QLatin1String("target")).toString(), QStringLiteral("freqai@other"));
        QCOMPARE(tried.value(QLatin1String("units")).toArray().size(), 2);
        // One goes, another comes.
        list->setCurrentRow(1);
        find<QPushButton>("hostsRemove")->click();
        find<QPushButton>("hostsAdd")->click();
        typeInto("host:name", QStringLiteral("feeder-3"));
        typeInto("host:target", QStringLiteral("-oProxyCommand=x"));
        QTRY_VERIFY(!find<QLabel>("hostsProblem")->isHidden());
        QVERIFY(find<QLabel>("hostsProblem")->text().contains(QStringLiteral("target")));
        QVERIFY(!find<QPushButton>("settingsApply")->isEnabled());
        typeInto("host:target", QStringLiteral("three"));
        apply();
        QTRY_VERIFY2(m_text.contains(QStringLiteral("feeder-3")), qPrintable(said()));
        QVERIFY2(
            m_text.contains(QStringLiteral("# the first\n[[host]]\nname = \"feeder-1\"\ntarget = \"freqai@other\" # "
                                           "ours\nunits = [\n    \"a.service\", # why\n")),
            qPrintable(m_text));
        QVERIFY2(m_text.contains(QStringLiteral("\"b*.timer\"")), qPrintable(m_text));
        QVERIFY(!m_text.contains(QStringLiteral("feeder-2")));
        QVERIFY2(m_text.contains(QStringLiteral("name = \"feeder-3\"\ntarget = \"three\"\n")), qPrintable(m_text));
        QTRY_COMPARE(list->count(), 2);
        QCOMPARE(list->item(1)->text(), QStringLiteral("feeder-3"));
    }

    void excludesPairsByTheFileAlone()
    {
        SettingsFile file(m_view->connection());
        QString note;
        bool good = false;
        connect(&file, &SettingsFile::finished, this, [&](const Status &status, const QString &told) {
            good = status.has_value();
            note = told;
        });
        file.exclude(QStringLiteral("binance-usdm"),
                     {QStringLiteral("TRX/USDT:USDT"), QStringLiteral("DOGE/USDT:USDT")});
        QTRY_VERIFY(!note.isEmpty());
        QVERIFY(good);
        QVERIFY2(m_text.contains(QStringLiteral("exclude = [\"DOGE/USDT:USDT\", \"TRX/USDT:USDT\"]\n")),
                 qPrintable(m_text));
        m_text.clear();
        note.clear();
        file.exclude(QStringLiteral("binance-usdm"), {QStringLiteral("TRX/USDT:USDT")});
        QTRY_VERIFY(!note.isEmpty());
        QCOMPARE(m_text, QStringLiteral("[[exchange]]\nname = \"binance-usdm\"\nexclude = [\"TRX/USDT:USDT\"]\n"));
    }

    // For eyes: TAPEKEEPER_SCREENSHOTS names a folder.
    void picturesOfEachPage()
    {
        const QString folder = qEnvironmentVariable("TAPEKEEPER_SCREENSHOTS");
        if (folder.isEmpty())
            QSKIP("TAPEKEEPER_SCREENSHOTS names no folder");
        m_theme.applyTo(*qApp);
        m_text.append(QStringLiteral("heartbeat = \"soon\"\n[store]\nkind = \"influx\"\n"));
        for (const Theme::Mode mode : {Theme::Mode::Dark, Theme::Mode::Light}) {
            m_theme.setMode(mode);
            open();
            QTRY_COMPARE(find<QTreeWidget>("pairsTree")->topLevelItemCount(), 13);
            find<QPushButton>("test-store")->click();
            QTRY_VERIFY(!find<QLabel>("test-store-result")->isHidden());
            for (int page = 0; page < 6; ++page) {
                m_dialog->setPage(page);
                QApplication::processEvents();
                QVERIFY(m_dialog->grab().save(
                    QStringLiteral("%1/%2-%3.png")
                        .arg(folder, mode == Theme::Mode::Dark ? QStringLiteral("dark") : QStringLiteral("light"))
                        .arg(page)));
            }
        }
    }

private:
    template <typename T>
    T *find(const char *name) const
    {
        T *found = m_dialog->findChild<T *>(QString::fromUtf8(name));
        if (!found)
            qFatal("there is no %s", name);
        return found;
    }
    QLineEdit *line(const char *key) const { return find<QLineEdit>(key); }
    void typeInto(const char *key, const QString &text) const
    {
        line(key)->setText(text);
        Q_EMIT line(key)->textEdited(text);
    }
    QString said() const { return find<QLabel>("settingsSaid")->text(); }
    QTreeWidgetItem *pair(const char *base) const
    {
        const auto found = find<QTreeWidget>("pairsTree")
                               ->findItems(QString::fromUtf8(base) + QStringLiteral("/USDT:USDT"), Qt::MatchExactly);
        if (found.isEmpty())
            qFatal("there is no pair %s", base);
        return found.front();
    }
    void apply()
    {
        QTRY_VERIFY(find<QPushButton>("settingsApply")->isEnabled());
        find<QPushButton>("settingsApply")->click();
    }
    void open()
    {
        m_dialog = std::make_unique<SettingsDialog>(*m_view, m_theme, *m_asker, nullptr);
        m_dialog->show();
        QTRY_VERIFY(!find<QLabel>("settingsPlace")->text().isEmpty());
    }

    static QJsonArray problems(const QString &text)
    {
        QJsonArray rows;
        for (const config::Problem &problem :
             config::parseSettings(text.toUtf8(), QStringLiteral("/etc/tapekeeper.toml"), QProcessEnvironment())
                 .problems) {
            if (!problem.key.endsWith(QStringLiteral("_file"))) // there is no /etc/influx-token
                rows.append(QJsonObject{{QStringLiteral("line"), problem.line},
                                        {QStringLiteral("key"), problem.key},
                                        {QStringLiteral("found"), problem.found},
                                        {QStringLiteral("allowed"), problem.allowed}});
        }
        return rows;
    }
    Result<QJsonValue> show() const
    {
        return QJsonValue(QJsonObject{{QStringLiteral("file"), QStringLiteral("/etc/tapekeeper.toml")},
                                      {QStringLiteral("exists"), true},
                                      {QStringLiteral("text"), m_text},
                                      {QStringLiteral("why_not"), m_whyNot},
                                      {QStringLiteral("problems"), problems(m_text)}});
    }
    Result<QJsonValue> write(const QJsonObject &args)
    {
        if (args[QLatin1String("was")].toString() != m_text)
            return Error{Error::Kind::Refused, QStringLiteral("changed meanwhile")};
        m_text = args[QLatin1String("text")].toString();
        if (m_restart.isEmpty())
            return QJsonValue(QJsonObject{{QStringLiteral("applied"), true}});
        return QJsonValue(QJsonObject{{QStringLiteral("applied"), false}, {QStringLiteral("restart"), m_restart}});
    }

    Theme m_theme{true};
    QString m_text;
    QString m_whyNot;
    QString m_restart;
    QJsonObject m_tested;
    std::unique_ptr<CountingAsker> m_asker;
    FakeLink *m_link = nullptr;
    std::unique_ptr<monitor::EngineView> m_view;
    std::unique_ptr<SettingsDialog> m_dialog;
};

TK_TEST(SettingsTest, settings);

#include "tst_settings.moc"
