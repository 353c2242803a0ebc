// The pairs of an engine as a table. Follows the book row by row; one signal per bundle of changes.
#pragma once

#include "monitor/pair_book.h"
#include "ui/support/format.h"
#include "ui/support/palette.h"

#include <QAbstractTableModel>
#include <QTimer>

#include <functional>

namespace tk::ui {

class PairModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    // What a column shows; the timeframes that are collected come as columns of their own, and the
    // exchange where there are several.
    enum class Field : quint8 { Pair, Exchange, State, Price, Age, Final, Mark, Funding, NextFunding, Frames, Gaps };
    struct Column
    {
        Field field;
        Timeframe timeframe = Timeframe::M1; // of Final
    };

    enum Role {
        SortRole = Qt::UserRole, // the raw number or text
        StateRole,               // int(StreamState)
        KeyRole,                 // "EXCHANGE PAIR"
        RowRole,                 // index into the book
        ExchangeRole,
        PairRole,
        ToneRole, // int(Tone)
    };
    // How urgent a value is; the view's colours follow.
    enum class Tone : quint8 { Plain, Faint, Warning, Trouble };

    // `now` is the engine's clock.
    PairModel(monitor::PairBook &book, std::function<UtcTime()> now, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    const std::vector<Column> &columns() const { return m_columns; }
    std::optional<int> columnOf(Field field, std::optional<Timeframe> timeframe = {}) const;
    static QString columnId(const Column &column); // stable name, for what is remembered
    const monitor::PairRow &row(int row) const { return m_book.rows()[size_t(row)]; }

    // Ages count up although nothing is told: the age column alone is drawn again, that often.
    void setAgesRun(bool run);
    void setZone(ClockZone zone);

private:
    void setColumns();
    QVariant display(const monitor::PairRow &row, const Column &column) const;
    QVariant sortValue(const monitor::PairRow &row, const Column &column) const;
    Tone tone(const monitor::PairRow &row, const Column &column) const;
    QString toolTip(const monitor::PairRow &row, const Column &column) const;
    std::optional<milliseconds> age(const monitor::PairRow &row) const;

    monitor::PairBook &m_book;
    std::function<UtcTime()> m_now;
    std::vector<Column> m_columns;
    QTimer m_ages;
    ClockZone m_zone = ClockZone::Utc;
};

} // namespace tk::ui
