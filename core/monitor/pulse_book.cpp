#include "monitor/pulse_book.h"

#include <QJsonArray>

namespace tk::monitor {

namespace {

constexpr milliseconds kept = std::chrono::hours(1);

} // namespace

void PulseBook::put(const QJsonObject &object)
{
    PulseSample sample{.at = fromMs(object.value(QLatin1String("at")).toInteger())};
    if (toMs(sample.at) == 0 || (!m_samples.empty() && m_samples.back().at >= sample.at))
        return;
    for (size_t i = 0; i < signNames.size(); ++i) {
        const QJsonValue value = object.value(QLatin1String(signNames[i].data(), qsizetype(signNames[i].size())));
        if (value.isDouble())
            sample.values[i] = value.toDouble();
    }
    m_samples.push_back(sample);
    std::erase_if(m_samples, [&](const PulseSample &old) { return old.at < sample.at - kept; });
}

void PulseBook::reset(const QJsonArray &samples)
{
    m_samples.clear();
    for (const QJsonValue &sample : samples)
        put(sample.toObject());
    Q_EMIT changed();
}

void PulseBook::apply(const QJsonObject &latest)
{
    const QJsonObject sample = latest.value(QLatin1String("latest")).toObject();
    if (sample.isEmpty())
        return;
    put(sample);
    Q_EMIT changed();
}

} // namespace tk::monitor
