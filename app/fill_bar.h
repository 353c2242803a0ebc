// The first fill's progress as a bar on a terminal; nothing where stderr is none (the log tells it then).
#pragma once

#include "history/backfill.h"

namespace tk::app {

class FillBar
{
public:
    FillBar();
    void show(const history::FillProgress &fill);

    // "[#####-----]  50 %  12 345 / 24 690 candles, 41 requests left"
    static QString text(const history::FillProgress &fill, int width);

private:
    bool m_terminal = false;
    bool m_shown = false;
};

} // namespace tk::app
