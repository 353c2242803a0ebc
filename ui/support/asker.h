// The one place that asks the user: decisions and file names. Nothing waits: the answer comes to a function. Tests put
// another one in its place.
#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace tk::ui {

class Asker
{
public:
    virtual ~Asker() = default;

    struct Question
    {
        QString title;  // what is about to happen, as a question
        QString text;   // to what, and what follows from it
        QString action; // the button that does it: a verb
        bool dangerous = false;
        QString other{};                  // the button of a second way to do it; empty: there is none
        std::function<void()> do_other{}; // what that does
        QString stay{};                   // in place of "Cancel", where that could mean something else
    };
    virtual void confirm(QWidget *parent, const Question &question, std::function<void()> yes) = 0;

    // `filters` as QFileDialog has them.
    virtual void saveFile(QWidget *parent, const QString &title, const QString &suggestion, const QString &filters,
                          std::function<void(const QString &file)> chosen) = 0;

    virtual void tell(QWidget *parent, const QString &title,
                      const QString &text) = 0; // an error that fits nowhere else
};

// Message boxes and file dialogs of the desktop.
class DesktopAsker final : public Asker
{
public:
    void confirm(QWidget *parent, const Question &question, std::function<void()> yes) override;
    void saveFile(QWidget *parent, const QString &title, const QString &suggestion, const QString &filters,
                  std::function<void(const QString &file)> chosen) override;
    void tell(QWidget *parent, const QString &title, const QString &text) override;
};

} // namespace tk::ui
