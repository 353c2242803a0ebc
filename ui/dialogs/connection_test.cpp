#include "ui/dialogs/connection_test.h"

#include <QJsonObject>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace tk::ui {

ConnectionTest::ConnectionTest(monitor::EngineConnection &engine, const Theme &theme, const QString &command,
                               std::function<QJsonObject()> args, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_command(command)
    , m_args(std::move(args))
    , m_button(new QPushButton(tr("Test connection")))
    , m_result(new QLabel)
{
    m_button->setObjectName(command);
    m_button->setAutoDefault(false);
    m_result->setObjectName(command + QStringLiteral("-result"));
    m_result->setWordWrap(true);
    m_result->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_result->hide();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_button, 0, Qt::AlignLeft);
    layout->addWidget(m_result);
    connect(m_button, &QPushButton::clicked, this, &ConnectionTest::run);
}

void ConnectionTest::run()
{
    const quint64 number = ++m_number;
    m_button->setEnabled(false);
    m_button->setText(tr("Testing…"));
    m_result->hide();
    m_engine.ask(m_command, m_args(), this, [this, number](const Result<QJsonValue> &answer) {
        m_button->setEnabled(true);
        m_button->setText(tr("Test connection"));
        if (number != m_number)
            return;
        if (answer)
            show(true, answer->toObject().value(QLatin1String("text")).toString());
        else
            show(false, answer.error().message);
    });
}

void ConnectionTest::show(bool good, const QString &text)
{
    QPalette palette = m_result->palette();
    palette.setColor(QPalette::WindowText, good ? m_theme.palette().live : m_theme.palette().stale);
    m_result->setPalette(palette);
    m_result->setText((good ? QStringLiteral("✓ ") : QStringLiteral("✗ ")) + text);
    m_result->show();
}

void ConnectionTest::forget()
{
    ++m_number;
    m_result->hide();
}

} // namespace tk::ui
