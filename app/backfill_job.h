// One backfill that somebody asked for over the link: hands it to history and tells how it goes. It goes on when the
// asker goes. Deletes itself at its end.
#pragma once

#include "app/history_watch.h"
#include "history/backfill.h"

namespace tk::app {

class BackfillJob final : public QObject
{
    Q_OBJECT
public:
    // Pairs by either of their names; an empty list means all that are collected.
    static Result<history::BackfillRequest> parse(const QJsonObject &args, UtcTime now);

    BackfillJob(EngineCommands &commands, history::BackfillRequest request, link::Reply reply); // child of `commands`

    void start();

private:
    void progressed(const history::BackfillProgress &progress);
    void done(const history::BackfillProgress &result);
    QJsonObject object(const history::BackfillProgress &progress) const;

    EngineCommands &m_commands;
    history::BackfillRequest m_request;
    link::Reply m_reply;
    HistoryWatch m_watch;
    bool m_begun = false; // history works on it, and will answer
};

} // namespace tk::app
