// tapekeeper dead-letters: the lines that the database refused, and sending them once more.
#pragma once

#include "app/commands/command.h"
#include "store/influx/dead_letters.h"

namespace tk::app {

class DeadLettersCommand final : public Command
{
    Q_OBJECT
public:
    using Command::Command;

    void start() override;

private:
    void list();
    void replay();
    Result<std::vector<store::DeadLetter>> read(const QString &file);
    bool show(const std::vector<store::DeadLetter> &letters);

    bool m_damaged = false;
};

} // namespace tk::app
