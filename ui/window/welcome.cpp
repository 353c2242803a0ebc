#include "ui/window/welcome.h"

#include "config/exchange_defaults.h"
#include "config/exchange_title.h"
#include <QCloseEvent>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

QVBoxLayout *choice(QVBoxLayout *into, const QString &title, const QString &text)
{
    auto *frame = new QFrame;
    frame->setFrameShape(QFrame::StyledPanel);
    auto *layout = new QVBoxLayout(frame);
    layout->setContentsMargins(16, 12, 16, 12);
    auto *head = new QLabel(title);
    QFont font = head->font();
    font.setBold(true);
    font.setPointSizeF(font.pointSizeF() * 1.1);
    head->setFont(font);
    auto *body = new QLabel(text);
    body->setWordWrap(true);
    body->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(head);
    layout->addWidget(body);
    into->addWidget(frame);
    return layout;
}

} // namespace

TargetKind targetKind(const QString &text)
{
    const QString target = text.trimmed();
    if (target.isEmpty())
        return TargetKind::Empty;
    if (target.startsWith(QLatin1String("http://")) || target.startsWith(QLatin1String("https://")))
        return TargetKind::Influx;
    if (target.startsWith(QLatin1String("ssh://")) || target.startsWith(u'/') || target.startsWith(u'~'))
        return TargetKind::Engine;
    return TargetKind::Unclear;
}

Welcome::Welcome(const QString &configFile, QWidget *parent)
    : QWidget(parent)
    , m_target(new QLineEdit)
    , m_error(new QLabel)
{
    setObjectName(QStringLiteral("welcome"));
    setWindowTitle(tr("Welcome to Tapekeeper"));
    setMinimumSize(620, 520);
    auto *head = new QLabel(tr("Tapekeeper"));
    QFont font = head->font();
    font.setPointSizeF(font.pointSizeF() * 1.8);
    font.setBold(true);
    head->setFont(font);
    auto *what = new QLabel(tr("Collects market data, loses none of it, and proves it. There is no configuration yet "
                               "(%1); how would you like to begin?")
                                .arg(configFile));
    what->setWordWrap(true);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(28, 24, 28, 24);
    layout->setSpacing(12);
    layout->addWidget(head);
    layout->addWidget(what);
    layout->addSpacing(6);

    auto *demo = new QPushButton(tr("Try the demo"));
    demo->setObjectName(QStringLiteral("welcomeDemo"));
    choice(
        layout, tr("Look around first"),
        tr("164 pairs from a simulator of the exchange on this computer. Needs no network and keeps its data apart."))
        ->addWidget(demo, 0, Qt::AlignLeft);

    auto *collect = new QPushButton(tr("Collect %1 now").arg(config::exchangeTitle(config::defaultExchange())));
    collect->setObjectName(QStringLiteral("welcomeCollect"));
    collect->setDefault(true);
    choice(layout, tr("Collect into a file"),
           tr("3m, 15m and 1h candles, mark prices and funding rates of all USDT perpetuals, into a database file on "
              "this computer. No account is needed."))
        ->addWidget(collect, 0, Qt::AlignLeft);

    m_target->setObjectName(QStringLiteral("welcomeTarget"));
    m_target->setPlaceholderText(tr("http://127.0.0.1:8086, ssh://user@collector, or /path/to/engine.sock"));
    m_target->setAccessibleName(tr("InfluxDB or engine to connect to"));
    auto *connectIt = new QPushButton(tr("Connect"));
    connectIt->setObjectName(QStringLiteral("welcomeConnect"));
    auto *row = new QHBoxLayout;
    row->addWidget(m_target, 1);
    row->addWidget(connectIt);
    choice(layout, tr("Use what is there"),
           tr("Write into an existing InfluxDB, or look at an engine that runs already, here or over SSH."))
        ->addLayout(row);
    m_error->setObjectName(QStringLiteral("welcomeError"));
    m_error->setForegroundRole(QPalette::BrightText);
    m_error->setWordWrap(true);
    layout->addWidget(m_error);
    layout->addStretch(1);

    connect(demo, &QPushButton::clicked, this, &Welcome::demoChosen);
    connect(collect, &QPushButton::clicked, this, &Welcome::collectChosen);
    const auto go = [this] {
        switch (targetKind(m_target->text())) {
        case TargetKind::Empty:
            return setError(tr("Say what to connect to."));
        case TargetKind::Unclear:
            return setError(tr("That is neither the URL of an InfluxDB (http://…), nor ssh://[user@]host, nor the path "
                               "of a socket."));
        case TargetKind::Influx:
        case TargetKind::Engine:
            setError({});
            Q_EMIT connectChosen(m_target->text().trimmed());
        }
    };
    connect(connectIt, &QPushButton::clicked, this, go);
    connect(m_target, &QLineEdit::returnPressed, this, go);
}

void Welcome::closeEvent(QCloseEvent *event)
{
    QWidget::closeEvent(event);
    Q_EMIT closed();
}

void Welcome::setError(const QString &text)
{
    m_error->setText(text);
}

} // namespace tk::ui
