#include "ui/support/notice.h"

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

namespace tk::ui {

Notice::Notice(QWidget *over)
    : QWidget(over)
    , m_title(new QLabel)
    , m_detail(new QLabel)
{
    setObjectName(QStringLiteral("notice"));
    setAttribute(Qt::WA_TransparentForMouseEvents);
    QFont font = m_title->font();
    font.setBold(true);
    m_title->setFont(font);
    m_detail->setForegroundRole(QPalette::PlaceholderText);
    for (QLabel *label : {m_title, m_detail}) {
        label->setAlignment(Qt::AlignCenter);
        label->setWordWrap(true);
    }
    auto *layout = new QVBoxLayout(this);
    layout->addStretch();
    layout->addWidget(m_title);
    layout->addWidget(m_detail);
    layout->addStretch();
    over->installEventFilter(this);
    hide();
}

void Notice::say(const QString &title, const QString &detail)
{
    m_title->setText(title);
    m_detail->setText(detail);
    m_detail->setVisible(!detail.isEmpty());
    setVisible(!title.isEmpty());
    if (isVisible()) {
        setGeometry(parentWidget()->rect());
        raise();
    }
}

QString Notice::text() const
{
    return m_title->text() + (m_detail->text().isEmpty() ? QString() : QStringLiteral(" · ") + m_detail->text());
}

bool Notice::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize)
        setGeometry(parentWidget()->rect());
    return QWidget::eventFilter(watched, event);
}

} // namespace tk::ui
