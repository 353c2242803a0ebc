// How the engine is, in one sentence that status, window and log share: verdict · since · what is done · what is lost,
// within about ninety characters; everything else about it is in the parts. Pure.
#pragma once

#include "app/engine_status.h"

#include <array>
#include <string_view>

namespace tk::app {

struct Verdict
{
    enum class Level : quint8 {
        Well,
        Waiting, // nothing is known yet, or streams have shown no data so far
        Warning, // wrong, and being taken care of
        Trouble, // status is not ok: may need a person
    };

    Level level = Level::Waiting;
    QString text{};
    QStringList parts{}; // each trouble in full, with what the exchange or the database said
    UtcTime since{};     // of the worst; 0: all is well

    static constexpr qsizetype longest = 90; // characters of the text
};

inline constexpr std::array<std::string_view, 4> verdictNames{"well", "waiting", "warning", "trouble"};

// `reasons` are those of statusObject(): while there is one, the verdict is Trouble.
Verdict verdictOf(const EngineFacts &facts, const Snapshots &snapshots, const QStringList &reasons);

QJsonObject verdictObject(const Verdict &verdict); // {"level","text","parts","since"}

} // namespace tk::app
