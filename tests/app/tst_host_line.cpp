// The way of hosts through the engine: from their thread's looks to status, metrics, live state and incidents, and of
// commands to them and back. The host here refuses every connection; real ones are the lab's.
#include "app/commands/status.h"
#include "app/host_line.h"

#include "support/test_registry.h"

#include <QSignalSpy>
#include <QTcpServer>

using namespace tk;
using namespace tk::app;
using namespace std::chrono_literals;

class HostLineTest : public QObject
{
    Q_OBJECT

    static config::HostSettings host(const QString &name, quint16 port)
    {
        config::HostSettings settings;
        settings.name = name;
        settings.target = QStringLiteral("nobody@127.0.0.1:%1").arg(port);
        settings.units = {QStringLiteral("a*.service")};
        return settings;
    }

    // What came of a command; nothing: no answer yet.
    struct Answer
    {
        std::optional<QJsonValue> value;
        QString refusal;
    };
    void ask(HostLine &line, const QString &command, const QJsonObject &args, Answer &answer)
    {
        line.run(command, args,
                 link::Reply({.progress = [](const QJsonObject &) {},
                              .finish = [&answer](const QJsonValue &value) { answer.value = value; },
                              .fail = [&answer](const Error &error) { answer.refusal = error.message; },
                              .isWanted = [] { return true; }}));
    }

private Q_SLOTS:
    void init()
    {
        // A port that was free a moment ago refuses.
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        m_port = server.serverPort();
        server.close();
        m_metrics = std::make_unique<telemetry::Metrics>();
        m_line = std::make_unique<HostLine>(*m_metrics);
        m_service = std::make_unique<remote::HostService>(
            std::vector{host(QStringLiteral("one"), m_port), host(QStringLiteral("two"), m_port)},
            std::make_shared<SystemClock>());
        m_line->join(*m_service);
    }
    void cleanup()
    {
        m_service.reset();
        m_line.reset();
    }

    void aHostThatCannotBeReachedIsToldEverywhere()
    {
        QVERIFY(m_service->start());
        QCOMPARE(m_line->latest().size(), size_t(2));
        QVERIFY(!m_line->signs()[0].known);
        QVERIFY(!metric("tapekeeper_host_up{host=\"one\"}")); // not looked at is not down
        QTRY_VERIFY_WITH_TIMEOUT(m_line->signs()[0].known && m_line->signs()[1].known, 15'000);
        QVERIFY(!m_line->signs()[0].up);
        QVERIFY2(m_line->signs()[0].error.contains(QStringLiteral("refused")), qPrintable(m_line->signs()[0].error));
        QCOMPARE(metric("tapekeeper_host_up{host=\"one\"}"), std::optional(0.0));
        link::LiveState state;
        m_line->show(state);
        const QJsonObject hosts = state.snapshot().value(QLatin1String("hosts")).toObject();
        QCOMPARE(hosts.keys(), QStringList({QStringLiteral("one"), QStringLiteral("two")}));
        QCOMPARE(hosts[QLatin1String("two")][QLatin1String("state")].toString(), QStringLiteral("unreachable"));
        QCOMPARE(hosts[QLatin1String("two")][QLatin1String("place")].toInt(), 1);
        const Table table = statusTable({{QStringLiteral("hosts"), m_line->status()}});
        QCOMPARE(table.rows.back()[0].text, QStringLiteral("host two"));
        QCOMPARE(table.rows.back()[1].text, QStringLiteral("unreachable"));
        QVERIFY(table.rows.back()[3].text.contains(QStringLiteral("refused")));

        // One goes, the other keeps its state, a third is looked at.
        m_line->setHosts({host(QStringLiteral("two"), m_port), host(QStringLiteral("three"), m_port)});
        QCOMPARE(m_line->latest()[0].report.state, remote::HostReport::State::Unreachable);
        QVERIFY(!metric("tapekeeper_host_up{host=\"one\"}"));
        m_line->show(state);
        QCOMPARE(state.snapshot().value(QLatin1String("hosts")).toObject().keys(),
                 QStringList({QStringLiteral("three"), QStringLiteral("two")}));
        QTRY_VERIFY_WITH_TIMEOUT(m_line->signs()[1].known, 15'000);
        QSignalSpy stopped(m_service.get(), &runtime::Service::stopped);
        m_service->stop();
        QCOMPARE(stopped.size(), 1);
    }

    void onlyWhatIsConfiguredIsActedOn()
    {
        QVERIFY(m_service->start());
        const auto action = [](const char *name, const char *unit, const char *verb) {
            return QJsonObject{{QStringLiteral("host"), QLatin1String(name)},
                               {QStringLiteral("unit"), QLatin1String(unit)},
                               {QStringLiteral("action"), QLatin1String(verb)}};
        };
        const std::vector<std::pair<QJsonObject, QString>> refused{
            {action("nobody", "a.service", "stop"), QStringLiteral("no host")},
            {action("one", "b.service", "stop"), QStringLiteral("none of the units")},
            {action("one", "a*.service", "stop"), QStringLiteral("none of the units")}, // a pattern is no unit
            {action("one", "", "stop"), QStringLiteral("none of the units")},
            {action("one", "a.service", "destroy"), QStringLiteral("no action")},
        };
        for (const auto &[args, why] : refused) {
            Answer answer;
            ask(*m_line, QStringLiteral("host-action"), args, answer);
            QVERIFY2(answer.refusal.contains(why), qPrintable(answer.refusal));
        }
        QSignalSpy acted(m_line.get(), &HostLine::acted);
        Answer answer;
        ask(*m_line, QStringLiteral("host-action"), action("one", "a1.service", "stop"), answer);
        QTRY_VERIFY_WITH_TIMEOUT(answer.refusal.contains(QStringLiteral("refused")), 15'000); // by the network
        QCOMPARE(acted.size(), 1);
        QCOMPARE(acted[0][3].toBool(), false);
        Answer trust;
        ask(*m_line, QStringLiteral("host-trust"), {{QStringLiteral("host"), QStringLiteral("one")}}, trust);
        QVERIFY(trust.refusal.contains(QStringLiteral("fingerprint"))); // never without saying which
        Answer settings;
        ask(*m_line, QStringLiteral("host-test"),
            {{QStringLiteral("settings"), QJsonObject{{QStringLiteral("name"), QStringLiteral("x")},
                                                      {QStringLiteral("target"), QStringLiteral("-oProxyCommand=x")}}}},
            settings);
        QVERIFY2(!settings.refusal.isEmpty(), "an option is no target");
    }

    // A command whose answer never comes is ended with the service.
    void nobodyWaitsForEver()
    {
        QVERIFY(m_service->start());
        Answer answer;
        ask(*m_line, QStringLiteral("host-test"), {{QStringLiteral("host"), QStringLiteral("one")}}, answer);
        m_service->stop();
        m_service.reset();
        QVERIFY2(answer.value || !answer.refusal.isEmpty(), "no word came");
    }

private:
    std::optional<double> metric(const char *series) const
    {
        for (const QByteArray &line : QByteArray::fromStdString(m_metrics->text()).split('\n')) {
            if (line.startsWith(series))
                return line.mid(qsizetype(qstrlen(series))).trimmed().toDouble();
        }
        return {};
    }

    quint16 m_port = 0;
    std::unique_ptr<telemetry::Metrics> m_metrics;
    std::unique_ptr<HostLine> m_line;
    std::unique_ptr<remote::HostService> m_service;
};

TK_TEST(HostLineTest, host_line);
#include "tst_host_line.moc"
