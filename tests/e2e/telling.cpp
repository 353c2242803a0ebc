#include "telling.h"

#include <algorithm>

namespace tk::test {

using namespace std::chrono_literals;

const QStringList everyFaceButReady{QStringLiteral("status"), QStringLiteral("metrics"), QStringLiteral("gaps"),
                                    QStringLiteral("event"),  QStringLiteral("window"),  QStringLiteral("heartbeat")};
const QStringList everyFace = everyFaceButReady + QStringList{QStringLiteral("ready")};

Telling::Telling(EngineRig &rig, QStringList faces, milliseconds within, QStringList words, Kind kind)
    : m_rig(rig)
    , m_faces(std::move(faces))
    , m_within(within)
    , m_words(std::move(words))
    , m_calm(kind == Kind::Calm)
{
    if (kind != Kind::TroubleNow && !waitWell())
        qWarning("not well before the fault: %s", qUtf8Printable(m_rig.witness().troubles().join(u'|')));
    m_rig.witness().expectTrouble();
}

milliseconds Telling::limitOf(const QString &face) const
{
    const auto simulated = [this](milliseconds real) {
        return milliseconds(qint64(double(real.count()) * m_rig.speed()));
    };
    const milliseconds looking = m_within + 2 * m_rig.clock().pauseOfMachine() + simulated(300ms);
    if (face == QLatin1String("heartbeat"))
        return looking + m_rig.settings().supervision.heartbeat;
    // A gap is told once the ledger has written it, and the disk takes its time for that beside other tests; what was
    // stored and is gone makes the engine unready by its gaps.
    if (face == QLatin1String("window") || face == QLatin1String("gaps") || face == QLatin1String("ready"))
        return looking + simulated(1s);
    return face == QLatin1String("event") ? looking + simulated(2s) : looking;
}

QString Telling::missing() const
{
    const Sayings &sayings = m_rig.witness().sayings();
    QStringList wrong;
    const auto told = sayings.firstComplaints();
    for (const QString &face : m_faces) {
        const auto first = told.find(face);
        if (first == told.end())
            wrong.append(face + QStringLiteral(" said nothing"));
        else if (first->second > limitOf(face))
            wrong.append(QStringLiteral("%1 told after %2, not within %3")
                             .arg(face, ageText(first->second), ageText(limitOf(face))));
    }
    const auto isNews = [this](const Saying &saying) {
        return std::ranges::any_of(m_words, [&](const QString &word) { return saying.text.contains(word); });
    };
    for (const Saying &saying : sayings.all()) {
        if (m_calm && saying.complaint && !saying.shaken && !isNews(saying))
            wrong.append(QStringLiteral("%1 is not calm: %2").arg(saying.face, saying.text));
    }
    for (const QString &word : m_words) {
        if (!sayings.contain(word))
            wrong.append(QStringLiteral("nobody said \"%1\"").arg(word));
    }
    return wrong.isEmpty() ? QString()
                           : wrong.join(QStringLiteral("; ")) + QStringLiteral("\nsaid:\n") + sayings.text();
}

bool Telling::waitWell()
{
    return m_rig.waitUntil([this] { return m_rig.witness().troubles().isEmpty(); }, 20s);
}

QString Telling::told()
{
    (void)m_rig.waitUntil([this] { return missing().isEmpty(); }, 5s);
    return missing();
}

QString Telling::verdict()
{
    if (const QString wrong = told(); !wrong.isEmpty())
        return wrong;
    return waitWell() ? QString()
                      : QStringLiteral("not well again: ") + m_rig.witness().troubles().join(QStringLiteral("; "));
}

} // namespace tk::test
