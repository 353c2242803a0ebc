// Configurations: any bytes are settings or named problems, at once. No text is deep enough to end the process, and
// what is told of it is fit for a terminal.
#include "fuzz_target.h"

#include "config/load.h"
#include "config/section.h"
#include "config/toml_limits.h"
#include "config/toml_source.h"

#include <algorithm>

using namespace tk;
using namespace tk::config;

namespace {

// Not recursive: what is to be found out must not end the search.
int depthOf(const Node &root)
{
    int deepest = 0;
    std::vector<std::pair<const Node *, int>> open{{&root, 0}};
    while (!open.empty()) {
        const auto [node, depth] = open.back();
        open.pop_back();
        deepest = std::max(deepest, depth);
        for (const Node &item : node->items)
            open.emplace_back(&item, depth + 1);
        for (const Node::Member &member : node->members)
            open.emplace_back(&member.value, depth + 1);
    }
    return deepest;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const QString file = QStringLiteral("/nonexistent/tapekeeper.toml");
    std::vector<Problem> problems;
    if (const auto tree = parseToml(bytes, file, problems)) {
        FUZZ_CHECK(problems.empty());
        // A dotted key in each of the open tables, and the header of the table around them.
        FUZZ_CHECK(depthOf(*tree) <= (mostLevels + 1) * (mostLevels + 1));
        const TomlSource source(bytes);
        FUZZ_CHECK(source.begin(*tree) >= 0 && source.end(*tree) <= source.size());
    } else {
        FUZZ_CHECK(problems.size() == 1);
    }
    const LoadResult loaded = parseSettings(bytes, file, {});
    FUZZ_CHECK(loaded.problems.size() <= mostProblems + 1);
    for (const auto *told : {&loaded.problems, &loaded.warnings}) {
        for (const Problem &problem : *told) {
            const QString text = problem.text();
            FUZZ_CHECK(
                std::none_of(text.begin(), text.end(), [](QChar c) { return c.category() == QChar::Other_Control; }));
        }
    }
    if (loaded.isGood())
        FUZZ_CHECK(!loaded.settings.engine.data_dir.contains(QChar::Null));
    return 0;
}
