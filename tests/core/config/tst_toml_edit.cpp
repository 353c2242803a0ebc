#include "config/load.h"
#include "config/toml_edit.h"
#include "support/test_registry.h"

#include <QFile>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::config;

namespace {

QByteArray shipped()
{
    QFile file(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/resources/tapekeeper.toml"));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

TomlEdit set(const QString &path, TomlValue value)
{
    return {path, std::move(value)};
}

TomlEdit drop(const QString &path)
{
    return {path, {}};
}

TomlValue text(const char *value)
{
    return QString::fromUtf8(value);
}

// The lines of `after` that are not in `before` at the same place; nothing where the number of lines differs.
std::optional<QList<int>> changedLines(const QByteArray &before, const QByteArray &after)
{
    const QList<QByteArray> a = before.split('\n');
    const QList<QByteArray> b = after.split('\n');
    if (a.size() != b.size())
        return {};
    QList<int> changed;
    for (int i = 0; i < int(a.size()); ++i) {
        if (a[i] != b[i])
            changed.append(i);
    }
    return changed;
}

} // namespace

Q_DECLARE_METATYPE(tk::config::TomlValue)

class TomlEditTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void changesOneValue_data()
    {
        QTest::addColumn<QByteArray>("before");
        QTest::addColumn<QString>("path");
        QTest::addColumn<TomlValue>("value");
        QTest::addColumn<QByteArray>("after");
        const auto row = [](const char *name, const char *before, const char *path, TomlValue value,
                            const char *after) {
            QTest::newRow(name) << QByteArray(before) << QString::fromUtf8(path) << std::move(value)
                                << QByteArray(after);
        };
        const auto list = [](QStringList texts) { return TomlValue(std::move(texts)); };
        const QString a = QStringLiteral("A");
        const QString b = QStringLiteral("B");
        const QString c = QStringLiteral("C");
        const QString d = QStringLiteral("D");

        row("text, comment behind", "[s]\nk = \"a\"   # why\n", "s.k", text("b"), "[s]\nk = \"b\"   # why\n");
        row("no line end at the end", "k = 1", "k", qint64(22), "k = 22");
        row("CRLF", "[s]\r\nk = 1 # c\r\nl = 2\r\n", "s.k", qint64(3), "[s]\r\nk = 3 # c\r\nl = 2\r\n");
        row("not ASCII before it", "[s]\n\"币安\" = \"人生\"\nk = { \"é\" = \"ü\", v = 1 } # ß\n", "s.k.v", qint64(2),
            "[s]\n\"币安\" = \"人生\"\nk = { \"é\" = \"ü\", v = 2 } # ß\n");
        row("byte order mark", "\xEF\xBB\xBFk = 1\n", "k", qint64(2), "\xEF\xBB\xBFk = 2\n");
        row("number", "k = 0.5 # c\n", "k", 0.25, "k = 0.25 # c\n");
        row("whole number as a number", "k = 0.5\n", "k", 1.0, "k = 1.0\n");
        row("same number stays", "k = 1_500\n", "k", qint64(1500), "k = 1_500\n");
        row("same text stays", "k = 'a'\n", "k", text("a"), "k = 'a'\n");
        row("one stays an integer", "k = 1\n", "k", 1.0, "k = 1\n");
        row("boolean", "k = true\n", "k", false, "k = false\n");
        row("text for a list", "pairs = [\"A\"] # c\n", "pairs", text("all"), "pairs = \"all\" # c\n");
        row("list for a text", "pairs = \"all\" # c\n", "pairs", list({a, b}), "pairs = [\"A\", \"B\"] # c\n");
        row("multi-line text", "k = \"\"\"\na\nb\"\"\" # c\nl = 1\n", "k", text("x"), "k = \"x\" # c\nl = 1\n");
        row("escapes", "k = \"\"\n", "k",
            text("a\"b\\c\n\td\x01"
                 "é"),
            "k = \"a\\\"b\\\\c\\n\\td\\u0001é\"\n");
        row("table in the list by number", "[[e]]\nk = 1\n[[e]]\nk = 2\n", "e[2].k", qint64(3),
            "[[e]]\nk = 1\n[[e]]\nk = 3\n");
        row("table in the list by name", "[[e]]\nname = \"x\"\nk = 1\n[[e]]\nname = \"y-z\"\nk = 2\n", "e[y-z].k",
            qint64(3), "[[e]]\nname = \"x\"\nk = 1\n[[e]]\nname = \"y-z\"\nk = 3\n");
        row("inline table", "s = { k = 1, l = 2 } # c\n", "s.k", qint64(3), "s = { k = 3, l = 2 } # c\n");
        row("dotted key", "[s]\ni.k = 1 # c\n", "s.i.k", qint64(3), "[s]\ni.k = 3 # c\n");
        row("hash in a text", "k = \"a # b\" # c\n", "k", text("# d"), "k = \"# d\" # c\n");

        row("new key behind the last", "[s]\nk = 1 # c\n\n# about t\n[t]\nk = 2\n", "s.l", qint64(3),
            "[s]\nk = 1 # c\nl = 3\n\n# about t\n[t]\nk = 2\n");
        row("new key, indented", "[s]\n  k = 1\n[t]\n", "s.l", qint64(3), "[s]\n  k = 1\n  l = 3\n[t]\n");
        row("new key, CRLF", "[s]\r\nk = 1\r\n[t]\r\n", "s.l", qint64(3), "[s]\r\nk = 1\r\nl = 3\r\n[t]\r\n");
        row("new key, no line end", "[s]\nk = 1", "s.l", qint64(3), "[s]\nk = 1\nl = 3");
        row("new key behind a long list", "[s]\nk = [\n  \"A\", # a\n]  # c\n[t]\n", "s.l", qint64(3),
            "[s]\nk = [\n  \"A\", # a\n]  # c\nl = 3\n[t]\n");
        row("new key in an empty table", "[s] # c\n[t]\n", "s.l", qint64(3), "[s] # c\nl = 3\n[t]\n");
        row("new key before the tables in it", "[s]\nk = 1\n\n[s.i]\nk = 2\n", "s.l", qint64(3),
            "[s]\nk = 1\nl = 3\n\n[s.i]\nk = 2\n");
        row("new key in a list's table", "[[e]]\nk = 1\n[[e]]\nk = 2\n[z]\n", "e[1].l", qint64(3),
            "[[e]]\nk = 1\nl = 3\n[[e]]\nk = 2\n[z]\n");
        row("new key in an inline table", "s = { k = 1 }\n", "s.l", qint64(3), "s = { k = 1, l = 3 }\n");
        row("new key in an empty inline table", "s = {}\n", "s.l", qint64(3), "s = { l = 3 }\n");
        row("new key behind dotted ones", "[s]\nkind = 1\ni.k = 1 # c\n\n[t]\n", "s.i.l", qint64(3),
            "[s]\nkind = 1\ni.k = 1 # c\ni.l = 3\n\n[t]\n");
        row("new plain key behind dotted ones", "[s]\n  i.k = 1\n", "s.l", qint64(3), "[s]\n  i.k = 1\n  l = 3\n");
        row("new table of dotted keys", "s.k = 1\n", "s.i.l", qint64(3), "s.k = 1\ns.i.l = 3\n");
        row("new table in an inline table", "s = { k = 1 }\n", "s.i.l", qint64(3), "s = { k = 1, i.l = 3 }\n");
        row("new table", "[s]\nk = 1\n", "t.l", qint64(3), "[s]\nk = 1\n\n[t]\nl = 3\n");
        row("new table, no line end", "[s]\nk = 1", "t.i.l", qint64(3), "[s]\nk = 1\n\n[t.i]\nl = 3\n");
        row("table that was only implied", "[s.i]\nk = 1\n", "s.l", qint64(3), "[s.i]\nk = 1\n\n[s]\nl = 3\n");
        row("first table of a list", "", "e[x].l", qint64(3), "[[e]]\nname = \"x\"\nl = 3\n");
        row("one more table of a list", "[[e]]\nk = 1\n", "e[2].l", qint64(3), "[[e]]\nk = 1\n\n[[e]]\nl = 3\n");
        row("new key at the top", "# all\n\n# about s\n[s]\nk = 1\n", "l", qint64(3),
            "# all\n\nl = 3\n\n# about s\n[s]\nk = 1\n");
        row("second key at the top", "k = 1\n\n[s]\nk = 1\n", "l", qint64(3), "k = 1\nl = 3\n\n[s]\nk = 1\n");
        row("key of an empty file", "", "l", qint64(3), "l = 3\n");
        row("key of comments alone", "# c", "l", qint64(3), "# c\nl = 3\n");

        row("element behind the others", "k = [\"A\"] # c\n", "k", list({a, b}), "k = [\"A\", \"B\"] # c\n");
        row("element of an empty list", "k = [] # c\n", "k", list({a, b}), "k = [\"A\", \"B\"] # c\n");
        row("element less", "k = [ \"A\", \"B\", \"C\" ] # c\n", "k", list({a, c}), "k = [ \"A\", \"C\" ] # c\n");
        row("last elements less", "k = [\"A\", \"B\", \"C\"]\n", "k", list({a}), "k = [\"A\"]\n");
        row("no element", "k = [\"A\", \"B\"] # c\n", "k", list({}), "k = [] # c\n");
        row("other elements", "k = [\"A\", \"B\"]\n", "k", list({c, d}), "k = [\"C\", \"D\"]\n");
        row("another order", "k = [\"A\", \"B\", \"C\"]\n", "k", list({a, c, b}), "k = [\"A\", \"C\", \"B\"]\n");
        row("long list, one more", "k = [\n    \"A\", # a\n    \"B\", # b\n    # end\n]\n", "k", list({a, b, c}),
            "k = [\n    \"A\", # a\n    \"B\", # b\n    \"C\",\n    # end\n]\n");
        row("long list, one more, no last comma", "k = [\n  \"A\", # a\n  \"B\" # b\n]\n", "k", list({a, b, c, d}),
            "k = [\n  \"A\", # a\n  \"B\", # b\n  \"C\",\n  \"D\"\n]\n");
        row("long list, one less", "k = [\r\n  \"A\", # a\r\n  \"B\", # b\r\n  \"C\" # c\r\n]\r\n", "k", list({a, c}),
            "k = [\r\n  \"A\", # a\r\n  \"C\" # c\r\n]\r\n");
        row("long list, last less", "k = [\n  \"A\", # a\n  \"B\" # b\n]\n", "k", list({a}),
            "k = [\n  \"A\", # a\n]\n");
        row("several to a line", "k = [\n  \"A\", \"B\",\n  \"C\", \"D\", # cd\n]\n", "k", list({a, d}),
            "k = [\n  \"A\",\n  \"D\", # cd\n]\n");
        row("list of others", "k = [1, 2]\n", "k", list({a}), "k = [\"A\"]\n");
    }
    void changesOneValue()
    {
        QFETCH(const QByteArray, before);
        QFETCH(const QString, path);
        QFETCH(const TomlValue, value);
        QFETCH(const QByteArray, after);
        const auto edited = editToml(before, set(path, value));
        QVERIFY2(edited, edited ? "" : qPrintable(edited.error().message));
        QCOMPARE(*edited, after);
        QCOMPARE(*editToml(after, set(path, value)), after); // a second time changes nothing
    }

    void removesKeys_data()
    {
        QTest::addColumn<QByteArray>("before");
        QTest::addColumn<QString>("path");
        QTest::addColumn<QByteArray>("after");
        const auto row = [](const char *name, const char *before, const char *path, const char *after) {
            QTest::newRow(name) << QByteArray(before) << QString::fromUtf8(path) << QByteArray(after);
        };
        row("its line and comment", "[s]\nk = 1 # c\nl = 2\n", "s.k", "[s]\nl = 2\n");
        row("several lines", "[s]\nk = [\n  \"A\", # a\n] # c\nl = 2\n", "s.k", "[s]\nl = 2\n");
        row("CRLF", "k = 1\r\nl = 2\r\n", "k", "l = 2\r\n");
        row("no line end", "k = 1\nl = 2", "l", "k = 1\n");
        row("dotted", "[s]\ni.k = 1\ni.l = 2\n", "s.i.k", "[s]\ni.l = 2\n");
        row("inline, first", "s = { k = 1, l = 2 } # c\n", "s.k", "s = { l = 2 } # c\n");
        row("inline, last", "s = { k = 1, l = 2 } # c\n", "s.l", "s = { k = 1 } # c\n");
        row("not there", "k = 1\n", "s.i.k", "k = 1\n");
        row("of a list's table", "[[e]]\nk = 1\n[[e]]\nk = 2\nl = 3\n", "e[2].k", "[[e]]\nk = 1\n[[e]]\nl = 3\n");
        row("a list's table", "[[e]]\nk = 1\n\n[[e]]\nk = 2\nl = [\n1,\n] # c\n\n[z]\nk = 4\n", "e[2]",
            "[[e]]\nk = 1\n\n[z]\nk = 4\n");
        row("a list's table by name", "[[e]]\nname = \"x\"\n\n# of y\n[[e]]\nname = \"y\"\n", "e[x]",
            "\n# of y\n[[e]]\nname = \"y\"\n");
        row("the last table of a list", "k = 1\n\n[[e]]\nl = 2\n", "e[1]", "k = 1\n");
        row("a list's table without keys", "[[e]]\n[[e]]\nk = 1\n", "e[1]", "[[e]]\nk = 1\n");
        row("a list's table that is not there", "[[e]]\nk = 1\n", "e[2]", "[[e]]\nk = 1\n");
    }
    void removesKeys()
    {
        QFETCH(const QByteArray, before);
        QFETCH(const QString, path);
        QFETCH(const QByteArray, after);
        const auto edited = editToml(before, drop(path));
        QVERIFY2(edited, edited ? "" : qPrintable(edited.error().message));
        QCOMPARE(*edited, after);
    }

    void refusesWhatItCannotKeep()
    {
        QVERIFY(!editToml("k = \n", set(QStringLiteral("k"), qint64(1))));
        QVERIFY(!editToml("k = 1\nk = 2\n", set(QStringLiteral("l"), qint64(1))));
        QVERIFY(!editToml("[s]\nk = 1\n", set(QStringLiteral("s"), qint64(1))));
        QVERIFY(!editToml("[[e]]\nk = 1\n", set(QStringLiteral("e"), qint64(1))));
        QVERIFY(!editToml("[s]\nk = 1\n", drop(QStringLiteral("s"))));
        QVERIFY(!editToml("k = 1\n", set(QStringLiteral("k.l"), qint64(1))));
        QVERIFY(!editToml("[[e]]\nk = 1\n", set(QStringLiteral("e[3].k"), qint64(1)))); // a table is missing between
        QVERIFY(!editToml("e = []\n", set(QStringLiteral("e[1].k"), qint64(1))));
        QVERIFY(!editToml("e = [{ k = 1 }]\n", drop(QStringLiteral("e[1]"))));
        QVERIFY(
            !editToml("[[e]]\nk = 1\n[e.s]\nl = 1\n", drop(QStringLiteral("e[1]")))); // its table below would go astray
        QVERIFY(!editToml("[[e]]\nk = 1\n", set(QStringLiteral("e[1]"), qint64(1))));
        QVERIFY(!editToml("k = [ # all\n 1 ]\n", set(QStringLiteral("k"), QStringList{QStringLiteral("A")})));
        for (const char *path : {"", ".", "a..b", "a b", "a[", "a[1]", "a[].b", "é"})
            QVERIFY2(!editToml("k = 1\n", set(QString::fromUtf8(path), qint64(1))), path);
        const auto refused = editToml("k = 1\n[s\n", set(QStringLiteral("k"), qint64(2)));
        QVERIFY(!refused);
        QVERIFY2(refused.error().message.contains(QStringLiteral("line 2")), qPrintable(refused.error().message));
        // All or nothing.
        QVERIFY(!editToml("k = 1\n", std::vector<TomlEdit>{set(QStringLiteral("k"), qint64(2)),
                                                           set(QStringLiteral("k.l"), qint64(2))}));
    }

    void everyKeyOfTheShippedFileKeepsAllOtherLines_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<TomlValue>("value");
        const auto row = [](const char *path, TomlValue value) {
            QTest::newRow(path) << QString::fromUtf8(path) << std::move(value);
        };
        const TomlValue list = QStringList{QStringLiteral("X"), QStringLiteral("Y")};
        row("version", qint64(2));
        for (const char *key : {"engine.data_dir",
                                "engine.http",
                                "exchange[1].name",
                                "exchange[1].pairs",
                                "exchange[binance-usdm].mark_price_every",
                                "exchange[1].rest_url",
                                "exchange[1].ws_url",
                                "exchange[1].tls_ca_file",
                                "supervision.heartbeat",
                                "supervision.stale_after",
                                "supervision.reconnect_first",
                                "supervision.reconnect_max",
                                "store.kind",
                                "store.retention",
                                "store.influx.url",
                                "store.influx.api",
                                "store.influx.database",
                                "store.influx.org",
                                "store.influx.bucket",
                                "store.influx.token_file",
                                "store.influx.user",
                                "store.influx.password_file",
                                "store.influx.retention",
                                "store.influx.timeout",
                                "store.influx.tls_ca_file",
                                "spool.max_size",
                                "spool.keep_acknowledged",
                                "sync.datadir",
                                "sync.interval",
                                "sync.pairs",
                                "sync.history",
                                "exchange[1].proxy_password_file",
                                "sync.freqtrade"})
            row(key, text("ä other"));
        for (const char *key : {"exchange[1].exclude", "exchange[1].streams", "exchange[1].timeframes",
                                "exchange[1].proxies", "supervision.major_pairs", "sync.timeframes"})
            row(key, list);
        row("sync.enabled", true);
        row("exchange[1].history", qint64(7));
        row("supervision.major_quorum", qint64(3));
        row("exchange[1].weight_share", 0.125);
    }
    void everyKeyOfTheShippedFileKeepsAllOtherLines()
    {
        QFETCH(const QString, path);
        QFETCH(const TomlValue, value);
        const QByteArray before = shipped();
        QVERIFY(!before.isEmpty());
        const auto edited = editToml(before, set(path, value));
        QVERIFY2(edited, edited ? "" : qPrintable(edited.error().message));
        const auto changed = changedLines(before, *edited);
        QVERIFY(changed);
        QCOMPARE(changed->size(), 1);
        const QByteArray was = before.split('\n')[changed->front()];
        const QByteArray is = edited->split('\n')[changed->front()];
        QCOMPARE(is.left(is.indexOf('=')), was.left(was.indexOf('=')));
        QCOMPARE(was.left(was.indexOf('=')).trimmed(), path.section(u'.', -1).toUtf8());
        const qsizetype comment = was.indexOf("  #");
        if (comment >= 0)
            QVERIFY(is.endsWith(was.mid(comment).trimmed()));

        // Removed and set again: a line less, then one more.
        const auto without = editToml(before, drop(path));
        QVERIFY(without);
        QCOMPARE(without->count('\n'), before.count('\n') - 1);
    }

    void theListOfKeysAboveIsWhole()
    {
        int keys = 0;
        for (const QByteArray &line : shipped().split('\n')) {
            if (!line.startsWith('#') && !line.startsWith('[') && line.contains('='))
                ++keys;
        }
        QCOMPARE(keys, 44);
    }

    void manyEditsLeadToTheSettingsWanted()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("tapekeeper.toml")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        const auto edited =
            editToml("[[exchange]]\npairs = \"all\"   # everything\n",
                     {set(QStringLiteral("exchange[1].exclude"), QStringList{QStringLiteral("BTC/USDT:USDT")}),
                      set(QStringLiteral("store.kind"), text("influx")),
                      set(QStringLiteral("store.influx.url"), text("http://127.0.0.1:1")),
                      set(QStringLiteral("store.influx.database"), text("tape")),
                      set(QStringLiteral("supervision.major_quorum"), qint64(4))});
        QVERIFY(edited);
        QVERIFY(edited->startsWith("[[exchange]]\npairs = \"all\"   # everything\n"));
        file.write(*edited);
        file.close();
        const LoadResult loaded = loadSettings(file.fileName(), {});
        QVERIFY(loaded.isGood());
        QCOMPARE(loaded.settings.exchanges.front().exclude, QStringList{QStringLiteral("BTC/USDT:USDT")});
        QCOMPARE(loaded.settings.store.influx.database, QStringLiteral("tape"));
        QCOMPARE(loaded.settings.supervision.major_quorum, 4);
    }

    void aLongListIsQuick()
    {
        QStringList pairs;
        for (int i = 0; i < 500; ++i)
            pairs.append(QStringLiteral("P%1/USDT:USDT").arg(i));
        const auto full =
            editToml("[[exchange]]\nexclude = [\n    \"X/USDT:USDT\", # odd\n]\n",
                     set(QStringLiteral("exchange[1].exclude"), QStringList{QStringLiteral("X/USDT:USDT")} + pairs));
        QVERIFY(full);
        QCOMPARE(full->count('\n'), 504);
        const auto back =
            editToml(*full, set(QStringLiteral("exchange[1].exclude"), QStringList{QStringLiteral("X/USDT:USDT")}));
        QVERIFY(back);
        QCOMPARE(*back, QByteArray("[[exchange]]\nexclude = [\n    \"X/USDT:USDT\", # odd\n]\n"));
    }
};

TK_TEST(TomlEditTest, toml_edit);

#include "tst_toml_edit.moc"
