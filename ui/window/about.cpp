#include "ui/window/about.h"

#include <QAction>
#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QGridLayout>
#include <QLabel>
#include <QMessageBox>
#include <QScrollArea>
#include <QSysInfo>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("tk::ui::About", text);
}

} // namespace

QString aboutText(monitor::EngineView &engine)
{
    const auto &info = engine.health().engine();
    const QString engineLine =
        info ? tr("Engine %1, process %2, data in %3").arg(info->version).arg(info->pid).arg(info->data_dir)
             : tr("Engine: not seen yet");
    return tr("<b>Tapekeeper %1</b><br>Keeps the tape: collects market data, loses none of it, and proves it.")
               .arg(QStringLiteral(TAPEKEEPER_VERSION)) +
           QStringLiteral("<br><br>") + engineLine.toHtmlEscaped() + QStringLiteral("<br>") +
           tr("Qt %1 (built with %2)").arg(QLatin1String(qVersion()), QStringLiteral(QT_VERSION_STR)) +
           QStringLiteral("<br>") + QSysInfo::prettyProductName().toHtmlEscaped() + QStringLiteral("<br><br>") +
           tr("MIT licence");
}

void showAbout(QWidget *parent, monitor::EngineView &engine)
{
    auto *box =
        new QMessageBox(QMessageBox::NoIcon, tr("About Tapekeeper"), aboutText(engine), QMessageBox::Ok, parent);
    box->setObjectName(QStringLiteral("aboutBox"));
    box->setTextFormat(Qt::RichText);
    box->setTextInteractionFlags(Qt::TextSelectableByMouse);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void showShortcutSheet(QWidget *parent, const QList<QAction *> &actions)
{
    auto *dialog = new QDialog(parent);
    dialog->setObjectName(QStringLiteral("shortcutSheet"));
    dialog->setWindowTitle(tr("Keyboard shortcuts"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    auto *sheet = new QWidget;
    auto *grid = new QGridLayout(sheet);
    int row = 0;
    const auto line = [&](const QString &what, const QString &keys) {
        auto *key = new QLabel(keys);
        QFont bold = key->font();
        bold.setBold(true);
        key->setFont(bold);
        grid->addWidget(key, row, 0);
        grid->addWidget(new QLabel(what), row++, 1);
    };
    for (const QAction *action : actions) {
        QString text = action->text();
        if (!action->shortcut().isEmpty())
            line(text.remove(u'&'), action->shortcut().toString(QKeySequence::NativeText));
    }
    line(tr("In a chart: move by a candle, by a page, to the record's begin, to now"),
         tr("← →, Page Up/Down, Home, End"));
    line(tr("In a chart: zoom; the wheel zooms about the mouse"), tr("+ −"));
    line(tr("On the time line: the incident before, after"), tr("← →"));
    grid->setColumnStretch(1, 1);
    grid->setHorizontalSpacing(20);
    auto *area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setWidget(sheet);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    auto *layout = new QVBoxLayout(dialog);
    layout->addWidget(area, 1);
    layout->addWidget(buttons);
    dialog->resize(560, 640);
    dialog->open();
}

} // namespace tk::ui
