#include "ui/support/asker.h"

#include <QAbstractButton>
#include <QFileDialog>
#include <QMessageBox>
#include <QPushButton>

namespace tk::ui {

void DesktopAsker::confirm(QWidget *parent, const Question &question, std::function<void()> yes)
{
    auto *box = new QMessageBox(question.dangerous ? QMessageBox::Warning : QMessageBox::Question, question.title,
                                question.title, QMessageBox::Cancel, parent);
    box->setObjectName(QStringLiteral("confirm"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(question.text);
    QPushButton *doIt = box->addButton(question.action, QMessageBox::AcceptRole);
    if (!question.stay.isEmpty())
        box->button(QMessageBox::Cancel)->setText(question.stay);
    if (!question.other.isEmpty())
        QObject::connect(box->addButton(question.other, QMessageBox::DestructiveRole), &QAbstractButton::clicked, box,
                         [doOther = question.do_other] { doOther(); });
    box->setDefaultButton(question.dangerous ? qobject_cast<QPushButton *>(box->button(QMessageBox::Cancel)) : doIt);
    QObject::connect(doIt, &QAbstractButton::clicked, box, [yes = std::move(yes)] { yes(); });
    box->open();
}

void DesktopAsker::saveFile(QWidget *parent, const QString &title, const QString &suggestion, const QString &filters,
                            std::function<void(const QString &file)> chosen)
{
    auto *dialog = new QFileDialog(parent, title, suggestion, filters);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    QObject::connect(dialog, &QFileDialog::fileSelected, dialog,
                     [chosen = std::move(chosen)](const QString &file) { chosen(file); });
    dialog->open();
}

void DesktopAsker::tell(QWidget *parent, const QString &title, const QString &text)
{
    auto *box = new QMessageBox(QMessageBox::Warning, title, title, QMessageBox::Ok, parent);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(text);
    box->open();
}

} // namespace tk::ui
