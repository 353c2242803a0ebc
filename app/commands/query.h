// `tapekeeper query`: reads the store beside a running engine, or without one.
#pragma once

#include "app/commands/command.h"
#include "store/store.h"

namespace tk::app {

class QueryCommand final : public Command
{
    Q_OBJECT
public:
    using Command::Command;
    void start() override;

private:
    void nameExchanges(Table &table) const; // a column for them, where there are several
    void addRow(Table &table, const QString &exchange, std::vector<Cell> cells) const;
    void candles(store::StoreReader &reader, const QString &pair);
    void funding(store::StoreReader &reader, const std::optional<QString> &pair);
    void marks(store::StoreReader &reader, const std::optional<QString> &pair);
    void show(const Table &table, bool whole = true);
    void nothingStored(const QString &what);
};

} // namespace tk::app
