#include "ui/dialogs/host_check_dialog.h"

#include "ui/support/state_mark.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonArray>
#include <QLabel>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

enum Column { Step, State, Found, ColumnCount };

QString text(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key)).toString();
}

} // namespace

HostCheckDialog::HostCheckDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker,
                                 const QJsonObject &settings, QWidget *parent)
    : HostCheckDialog(engine, theme, asker, settings.value(QLatin1String("name")).toString(),
                      {{QStringLiteral("settings"), settings}}, parent)
{}

HostCheckDialog::HostCheckDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, const QString &host,
                                 QWidget *parent)
    : HostCheckDialog(engine, theme, asker, host, {{QStringLiteral("host"), host}}, parent)
{}

HostCheckDialog::HostCheckDialog(monitor::EngineView &engine, const Theme &theme, Asker &asker, const QString &name,
                                 QJsonObject arguments, QWidget *parent)
    : QDialog(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_asker(asker)
    , m_name(name)
    , m_arguments(std::move(arguments))
    , m_steps(new QTableWidget(0, ColumnCount))
    , m_said(new QLabel)
    , m_key(new QLabel)
    , m_again(new QPushButton(tr("Test again")))
    , m_trust(new QPushButton(tr("Accept this key…")))
{
    setObjectName(QStringLiteral("hostCheckDialog"));
    setWindowTitle(tr("Test connection to %1").arg(name));
    resize(760, 380);
    m_steps->setObjectName(QStringLiteral("hostCheckSteps"));
    m_steps->setAccessibleName(tr("Steps"));
    m_steps->setHorizontalHeaderLabels({tr("Step"), tr("Result"), tr("Found")});
    m_steps->verticalHeader()->hide();
    m_steps->horizontalHeader()->setStretchLastSection(true);
    m_steps->setColumnWidth(Step, 100);
    m_steps->setColumnWidth(State, 100);
    m_steps->setShowGrid(false);
    m_steps->setWordWrap(true);
    m_steps->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_steps->setSelectionBehavior(QAbstractItemView::SelectRows);
    for (QLabel *label : {m_said, m_key}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    }
    m_said->setObjectName(QStringLiteral("hostCheckSaid"));
    m_key->setObjectName(QStringLiteral("hostCheckKey"));
    m_key->hide();
    m_again->setObjectName(QStringLiteral("hostCheckAgain"));
    m_again->setAutoDefault(false);
    m_trust->setObjectName(QStringLiteral("hostCheckTrust"));
    m_trust->setAutoDefault(false);
    m_trust->hide();
    auto *close = new QPushButton(tr("Close"));
    close->setDefault(true);
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_said, 1);
    buttons->addWidget(m_trust);
    buttons->addWidget(m_again);
    buttons->addWidget(close);
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_steps, 1);
    layout->addWidget(m_key);
    layout->addLayout(buttons);
    connect(close, &QPushButton::clicked, this, &QDialog::close);
    connect(m_again, &QPushButton::clicked, this, &HostCheckDialog::start);
    connect(m_trust, &QPushButton::clicked, this, &HostCheckDialog::trust);
}

void HostCheckDialog::start()
{
    m_steps->setRowCount(0);
    m_key->hide();
    m_trust->hide();
    m_again->setEnabled(false);
    say(tr("Testing…"), false);
    m_engine.connection().ask(
        QStringLiteral("host-test"), m_arguments, this, [this](const Result<QJsonValue> &answer) { ended(answer); },
        [this](const QJsonObject &step) { addStep(step); });
}

void HostCheckDialog::addStep(const QJsonObject &step)
{
    const int row = m_steps->rowCount();
    m_steps->insertRow(row);
    const QString state = text(step, "state");
    const Palette &palette = m_theme.palette();
    const bool isGood = state == QLatin1String("ok");
    const bool isBad = state == QLatin1String("failed");
    const StreamState mark = isGood ? StreamState::Live : isBad ? StreamState::Stale : StreamState::Ended;
    auto *result = new QTableWidgetItem(QString(stateSymbol(mark)) + u' ' + state);
    result->setForeground(isGood ? palette.live : isBad ? palette.stale : palette.secondaryText);
    m_steps->setItem(row, Step, new QTableWidgetItem(text(step, "step")));
    m_steps->setItem(row, State, result);
    auto *found = new QTableWidgetItem(text(step, "text"));
    found->setToolTip(found->text());
    m_steps->setItem(row, Found, found);
    m_steps->resizeRowToContents(row);
    if (isBad && text(step, "step") == QLatin1String("host key"))
        lookAtKey();
}

void HostCheckDialog::ended(const Result<QJsonValue> &answer)
{
    m_again->setEnabled(true);
    if (!answer)
        return say(answer.error().message, true);
    const bool isGood = answer->toObject().value(QLatin1String("good")).toBool();
    say(isGood ? tr("%1 can be watched and controlled.").arg(m_name) : tr("Not everything works; see the steps."),
        !isGood);
}

void HostCheckDialog::lookAtKey()
{
    m_engine.connection().ask(QStringLiteral("host-key"), m_arguments, this, [this](const Result<QJsonValue> &answer) {
        if (!answer)
            return say(answer.error().message, true);
        const QJsonObject key = answer->toObject();
        const QString state = text(key, "state");
        if (state == QLatin1String("known"))
            return;
        m_isChanged = state == QLatin1String("changed");
        m_fingerprint = text(key, "fingerprint");
        QStringList known;
        for (const QJsonValue &one : key.value(QLatin1String("known")).toArray())
            known.append(one.toString());
        const QString shown = text(key, "type") + u' ' + m_fingerprint;
        m_key->setText((m_isChanged ? tr("The host shows another key than before. Now: %1\nKnown: %2\nSomebody may be "
                                         "in between, or the host was set up anew.")
                                          .arg(shown, known.join(QStringLiteral(", ")))
                                    : tr("The host is not known yet. It shows: %1").arg(shown)) +
                       u'\n' +
                       tr("Compare it with what the host itself says: ssh-keygen -lf "
                          "/etc/ssh/ssh_host_ed25519_key.pub"));
        m_key->show();
        m_trust->show();
    });
}

void HostCheckDialog::trust()
{
    m_asker.confirm(this,
                    {.title = m_isChanged ? tr("Accept the changed key of %1?").arg(m_name)
                                          : tr("Accept the key of %1?").arg(m_name),
                     .text = m_isChanged
                                 ? tr("%1 takes the place of the key known before. Whoever holds it is from now "
                                      "on taken for %2, and gets its commands.")
                                       .arg(m_fingerprint, m_name)
                                 : tr("Whoever holds the key %1 is from now on taken for %2, and gets its "
                                      "commands.")
                                       .arg(m_fingerprint, m_name),
                     .action = tr("Accept"),
                     .dangerous = m_isChanged},
                    [this] {
                        QJsonObject arguments = m_arguments;
                        arguments.insert(QStringLiteral("fingerprint"), m_fingerprint);
                        m_engine.connection().ask(QStringLiteral("host-trust"), arguments, this,
                                                  [this](const Result<QJsonValue> &answer) {
                                                      if (answer)
                                                          start();
                                                      else
                                                          say(answer.error().message, true);
                                                  });
                    });
}

void HostCheckDialog::say(const QString &text, bool isProblem)
{
    QPalette palette = m_said->palette();
    palette.setColor(QPalette::WindowText, isProblem ? m_theme.palette().stale : m_theme.palette().text);
    m_said->setPalette(palette);
    m_said->setText(text);
}

} // namespace tk::ui
