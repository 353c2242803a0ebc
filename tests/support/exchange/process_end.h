// How the process is told to end: SIGTERM and SIGINT, and optionally the end of its standard input.
#pragma once

#include <QObject>

#include <functional>

namespace tk::sim {

// Calls `end` from the event loop of the present thread. One object per process: signals have no other context.
class ProcessEnd final : public QObject
{
    Q_OBJECT
public:
    ProcessEnd(bool withStandardInput, std::function<void()> end);
    ~ProcessEnd() override;

private:
    std::function<void()> m_end;
};

} // namespace tk::sim
