#include "app/commands/file_table.h"

namespace tk::app {

std::vector<Column> fileColumns()
{
    return {{QStringLiteral("file")},       {QStringLiteral("added"), true}, {QStringLiteral("replaced"), true},
            {QStringLiteral("rows"), true}, {QStringLiteral("last")},        {QStringLiteral("state")},
            {QStringLiteral("note")}};
}

std::vector<Cell> fileCells(const sync::SyncReport::Row &row)
{
    const sync::FileReport &file = row.file;
    return {Cell::of(row.folder + u'/' + file.name),
            Cell::of(file.added),
            Cell::of(file.replaced),
            Cell::of(file.rows),
            Cell::of(file.last),
            Cell::of(sync::fileStateName(file.state)),
            file.note.isEmpty() ? Cell{} : Cell::of(file.note)};
}

QString fileTrouble(const sync::SyncReport::Row &row)
{
    return row.folder + u'/' + row.file.name + QStringLiteral(": ") + sync::fileStateName(row.file.state) +
           QStringLiteral(": ") + row.file.note;
}

} // namespace tk::app
