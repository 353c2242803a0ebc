// Which pairs are shown: words and conditions as an operator types them. `PairFilter` is pure; the proxy applies it,
// and sorts at a calm pace, so that no row moves under the mouse.
//
//   btc              the pair's name holds it
//   state:stale      live, late, stale, silent, quiet, waiting, ended; several with commas
//   age>60s          no data for longer (also age<5s)
//   gaps>0           open gaps
//   majors           the configured major pairs
//   -word            the opposite of each
#pragma once

#include "ui/models/pair_model.h"

#include <QSortFilterProxyModel>

namespace tk::ui {

class PairFilter
{
public:
    // An unfinished or wrong word is told in problem(), and filters nothing.
    static PairFilter parse(const QString &text);

    bool accepts(const monitor::PairRow &row, UtcTime now) const;
    const QString &problem() const { return m_problem; }
    bool isEmpty() const { return m_conditions.empty(); }
    bool dependsOnTime() const { return m_dependsOnTime; }

private:
    struct Condition
    {
        std::function<bool(const monitor::PairRow &, UtcTime)> holds;
        bool negated = false;
    };
    std::vector<Condition> m_conditions;
    QString m_problem;
    bool m_dependsOnTime = false;
};

class PairFilterModel final : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    PairFilterModel(PairModel &model, std::function<UtcTime()> now, QObject *parent = nullptr);

    void setFilter(const PairFilter &filter);
    void sort(int column, Qt::SortOrder order) override;

protected:
    bool filterAcceptsRow(int row, const QModelIndex &parent) const override;
    bool lessThan(const QModelIndex &left, const QModelIndex &right) const override;

private:
    PairModel &m_model;
    std::function<UtcTime()> m_now;
    PairFilter m_filter;
    QTimer m_again; // sorts and filters once more
};

} // namespace tk::ui
