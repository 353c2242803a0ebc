#include "asked_outside.h"

namespace tk::test {

namespace {

using namespace std::chrono_literals;

constexpr milliseconds answerTakes = 60s; // a quarter of a second, and some patience, on a fast clock
constexpr milliseconds knownAfter = 45s;  // 15 s by contract; the rest is the machine's

// While one of these lasts nothing comes at all, and no status may be well.
bool silencesAll(const PlannedFault &fault)
{
    return fault.spec.fault == QLatin1String("mute-all") || fault.spec.fault == QLatin1String("half-open");
}

} // namespace

AskedOutside::AskedOutside(ProcessRig &rig, const FaultSchedule &schedule, milliseconds every)
    : m_rig(rig)
    , m_schedule(schedule)
    , m_witness(rig)
    , m_every(every)
    , m_next(rig.clock().utcNow())
{}

void AskedOutside::askWhenDue()
{
    const UtcTime now = m_rig.clock().utcNow();
    const auto &faults = m_schedule.faults();
    const auto begins = std::ranges::find_if(faults, [now](const PlannedFault &fault) { return fault.at > now; });
    if (begins != faults.end() && begins->at < now + answerTakes)
        return;
    const PlannedFault *fault = m_schedule.newest(now);
    const bool within = fault && fault != m_seen && silencesAll(*fault) && now >= fault->at + knownAfter &&
                        now < fault->at + fault->spec.duration;
    if (!within && now < m_next)
        return;
    m_next = now + m_every;
    ask();
    if (!within || m_rig.clock().utcNow() >= fault->at + fault->spec.duration)
        return; // it was over before the answer came
    m_seen = fault;
    ++m_tested;
    const OutsideTestimony &told = m_witness.last();
    if (told.code != 1 || told.sick <= 0)
        m_untold.append(QStringLiteral("%1 since %2, asked at %3: status ended with %4, %5 sick streams, \"%6\"")
                            .arg(fault->spec.fault, isoText(fault->at), isoText(now))
                            .arg(told.code)
                            .arg(told.sick)
                            .arg(told.sentences.join(u'|')));
}

void AskedOutside::ask()
{
    m_witness.look();
    ++m_asked;
    m_unwell += m_witness.troubles().isEmpty() ? 0 : 1;
}

} // namespace tk::test
