#include "ui/models/pair_filter.h"

#include "ui/support/state_mark.h"

#include <QRegularExpression>

namespace tk::ui {

namespace {

constexpr int againEvery = 1'000; // ms: faster, and rows would move under the mouse

using Holds = std::function<bool(const monitor::PairRow &, UtcTime)>;

std::optional<Holds> stateCondition(const QString &words, QString &problem)
{
    QStringList wanted;
    static const QStringList known{QStringLiteral("live"),   QStringLiteral("late"),  QStringLiteral("stale"),
                                   QStringLiteral("silent"), QStringLiteral("quiet"), QStringLiteral("waiting"),
                                   QStringLiteral("ended")};
    for (const QString &word : words.split(u',', Qt::SkipEmptyParts)) {
        if (!known.contains(word)) {
            problem = PairFilterModel::tr("\"%1\" is no state: %2").arg(word, known.join(QStringLiteral(", ")));
            return {};
        }
        wanted.append(word);
    }
    if (wanted.isEmpty())
        return {};
    return [wanted](const monitor::PairRow &row, UtcTime) {
        static constexpr std::array<const char *, streamStateNames.size()> names{
            "waiting", "waiting", "live", "late", "stale", "silent", "quiet", "ended"};
        return wanted.contains(QLatin1String(names[size_t(row.state)]));
    };
}

std::optional<Holds> ageCondition(QChar sign, const QString &value, QString &problem)
{
    const auto limit = parseDuration(value);
    if (!limit) {
        problem = PairFilterModel::tr("age%1%2: a span such as 60s or 10m").arg(sign).arg(value);
        return {};
    }
    return [sign, limit = *limit](const monitor::PairRow &row, UtcTime now) {
        const bool never = toMs(row.last_data) == 0;
        return sign == u'>' ? never || now - row.last_data > limit : !never && now - row.last_data < limit;
    };
}

std::optional<Holds> gapCondition(QChar sign, const QString &value, QString &problem)
{
    bool isNumber = false;
    const int limit = value.toInt(&isNumber);
    if (!isNumber) {
        problem = PairFilterModel::tr("gaps%1%2: a number").arg(sign).arg(value);
        return {};
    }
    return [sign, limit](const monitor::PairRow &row, UtcTime) {
        return sign == u'>' ? row.open_gaps > limit : row.open_gaps < limit;
    };
}

} // namespace

PairFilter PairFilter::parse(const QString &text)
{
    static const QRegularExpression compared(QStringLiteral("^(age|gaps)([<>])(.*)$"));
    PairFilter filter;
    for (QString word : text.toLower().split(u' ', Qt::SkipEmptyParts)) {
        const bool negated = word.size() > 1 && word.startsWith(u'-');
        if (negated)
            word.remove(0, 1);
        std::optional<Holds> holds;
        const auto match = compared.match(word);
        if (word.startsWith(QLatin1String("state:"))) {
            holds = stateCondition(word.mid(6), filter.m_problem);
        } else if (match.hasMatch()) {
            const QChar sign = match.captured(2)[0];
            const bool age = match.captured(1) == QLatin1String("age");
            if (!match.captured(3).isEmpty())
                holds = age ? ageCondition(sign, match.captured(3), filter.m_problem)
                            : gapCondition(sign, match.captured(3), filter.m_problem);
            filter.m_dependsOnTime = filter.m_dependsOnTime || age;
        } else if (word == QLatin1String("majors")) {
            holds = [](const monitor::PairRow &row, UtcTime) { return row.is_major; };
        } else {
            holds = [word](const monitor::PairRow &row, UtcTime) {
                return row.pair.contains(word, Qt::CaseInsensitive) || row.exchange.contains(word, Qt::CaseInsensitive);
            };
        }
        if (holds)
            filter.m_conditions.push_back({std::move(*holds), negated});
    }
    return filter;
}

bool PairFilter::accepts(const monitor::PairRow &row, UtcTime now) const
{
    for (const Condition &condition : m_conditions) {
        if (condition.holds(row, now) == condition.negated)
            return false;
    }
    return true;
}

PairFilterModel::PairFilterModel(PairModel &model, std::function<UtcTime()> now, QObject *parent)
    : QSortFilterProxyModel(parent)
    , m_model(model)
    , m_now(std::move(now))
{
    setDynamicSortFilter(false);
    setSourceModel(&model);
    setSortRole(PairModel::SortRole);
    connect(&m_again, &QTimer::timeout, this, [this] {
        invalidateFilter();
        QSortFilterProxyModel::sort(sortColumn(), sortOrder());
    });
    m_again.start(againEvery);
}

void PairFilterModel::setFilter(const PairFilter &filter)
{
    m_filter = filter;
    invalidateFilter();
}

void PairFilterModel::sort(int column, Qt::SortOrder order)
{
    QSortFilterProxyModel::sort(column, order);
}

bool PairFilterModel::filterAcceptsRow(int row, const QModelIndex &) const
{
    return m_filter.accepts(m_model.row(row), m_now());
}

bool PairFilterModel::lessThan(const QModelIndex &left, const QModelIndex &right) const
{
    const QVariant a = left.data(PairModel::SortRole);
    const QVariant b = right.data(PairModel::SortRole);
    const QPartialOrdering order = QVariant::compare(a, b);
    if (order != QPartialOrdering::Equivalent)
        return order == QPartialOrdering::Less;
    // Equal ones stand by name, whichever way the column is sorted.
    const monitor::PairRow &one = m_model.row(left.row());
    const monitor::PairRow &other = m_model.row(right.row());
    const bool before = std::tie(one.pair, one.exchange) < std::tie(other.pair, other.exchange);
    return sortOrder() == Qt::AscendingOrder ? before : !before;
}

} // namespace tk::ui
