// What a fault test expects its users to be told: made before the fault, judged at the test's end. Either faces that
// must tell of a trouble, how soon and with which words, or that all stay calm; and in both cases that every face is
// well when it is over.
#pragma once

#include "engine_rig.h"

namespace tk::test {

// Of a stream, a connection or the database that fails: all that a user may look at.
extern const QStringList everyFace;
extern const QStringList everyFaceButReady; // merely stale: the engine works

class Telling
{
public:
    // `within`: on the engine's clock, of a face that looks all the time. The others have their pace on top of it: a
    // heartbeat line comes when it is due, and a window and the events are brought at the pace of real time. Waits
    // until nothing is wrong: what was said of something else proves nothing.
    static Telling trouble(EngineRig &rig, QStringList faces, milliseconds within, QStringList words = {})
    {
        return {rig, std::move(faces), within, std::move(words), Kind::Trouble};
    }
    // The same of an engine that is in trouble already, as one that starts into it.
    static Telling troubleNow(EngineRig &rig, QStringList faces, milliseconds within, QStringList words = {})
    {
        return {rig, std::move(faces), within, std::move(words), Kind::TroubleNow};
    }
    // Nobody complains, whatever a test at the speed of the machine may lose by itself: a complaint counts where no
    // connection and no mark price was lost. The words must be told nevertheless, as news.
    static Telling calm(EngineRig &rig, QStringList words = {})
    {
        return {rig, {}, milliseconds(0), std::move(words), Kind::Calm};
    }

    // Empty when it was told as expected; waits for faces that are still in time, as events and windows come by and by.
    QString told();
    // Empty when, beside that, all faces are well again; waits for it.
    QString verdict();

private:
    enum class Kind { Trouble, TroubleNow, Calm };
    Telling(EngineRig &rig, QStringList faces, milliseconds within, QStringList words, Kind kind);
    QString missing() const;
    milliseconds limitOf(const QString &face) const;
    bool waitWell();

    EngineRig &m_rig;
    QStringList m_faces;
    milliseconds m_within;
    QStringList m_words;
    bool m_calm;
};

} // namespace tk::test
