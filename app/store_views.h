// Answers what a window asks of the store: candles of a span, overlays, which series there are. In threads of its own,
// with readers of its own; the answers come back to the thread of the object (main).
//
//   candles {exchange, pair, timeframe, from?, to?, limit?}   {"candles":[[open_time,"o","h","l","c","v","quote",
//                                                              trades,"source"],…], "first": oldest stored or 0,
//                                                              "unfillable":[[from,to,"why"],…]}
//   marks {exchange, pair, from, to}                          {"points":[[time,"price","index"],…]}
//   funding {exchange, pair, from, to}                        {"points":[[time,"rate"],…]}
//   series                                                    [[exchange, pair, timeframe, first, last, count],…]
//
// Times are milliseconds since 1970; `to` is not included.
#pragma once

#include "app/pair_topic.h"
#include "config/settings.h"
#include "link/command_handler.h"
#include "store/store.h"

#include <QObject>
#include <QThreadPool>

#include <functional>

namespace tk::app {

class StoreViews final : public QObject
{
    Q_OBJECT
public:
    StoreViews(std::function<config::Settings()> settings, std::function<UtcTime()> now);
    ~StoreViews() override;

    static bool knows(const QString &command);
    void run(const QString &command, const QJsonObject &args, link::Reply reply);

    // Looks up the newest stored candle of every series; lastStoredFound() follows.
    void findLastStored(std::shared_ptr<store::StoreFactory> store);

Q_SIGNALS:
    void lastStoredFound(const tk::app::LastStored &stored);

private:
    std::function<config::Settings()> m_settings;
    std::function<UtcTime()> m_now;
    QThreadPool m_pool; // last: its end waits for what runs
};

} // namespace tk::app
