// Runs a fuzz target on its seeds and on mutations of them, the same ones every time: what CI runs without libFuzzer.
#include "fuzz_target.h"

#include <QDir>
#include <QFile>

#include <random>

namespace {

constexpr int usualRounds = 20'000;
constexpr int longest = 1 << 16;

void run(const QByteArray &input)
{
    // A buffer of its exact size, so that a sanitizer sees every byte read beyond it.
    const std::vector<uint8_t> exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

QByteArray mutated(const QList<QByteArray> &seeds, std::mt19937 &random)
{
    const auto below = [&random](qsizetype limit) {
        return qsizetype(random() % uint32_t(std::max<qsizetype>(1, limit)));
    };
    static const QList<QByteArray> words{"{",
                                         "}",
                                         "[",
                                         "]",
                                         "\"",
                                         "\\",
                                         ",",
                                         ":",
                                         "null",
                                         "true",
                                         "-1",
                                         "1e5",
                                         "\\u0000",
                                         "99999999999999999999",
                                         "\r\n",
                                         "\r\n\r\n",
                                         QByteArray("\0", 1),
                                         "\x81\x7e",
                                         "\x88\x02",
                                         "\xff\xff\xff\xff\xff\xff\xff\xff",
                                         "Content-Length: ",
                                         "{\"data\":"};
    QByteArray text = seeds[below(seeds.size())];
    for (qsizetype i = 1 + below(6); i > 0; --i) {
        const qsizetype at = below(text.size() + 1);
        switch (random() % 7) {
        case 0:
            text.remove(at, 1 + below(16));
            break;
        case 1:
            text.insert(at, words[below(words.size())]);
            break;
        case 2:
            if (at < text.size())
                text[at] = char(random());
            break;
        case 3:
            if (at < text.size())
                text[at] = char(text[at] ^ (1 << (random() % 8)));
            break;
        case 4:
            text.truncate(at);
            break;
        case 5:
            text.insert(at, text.mid(below(text.size()), below(64)));
            break;
        default: {
            const QByteArray other = seeds[below(seeds.size())];
            text = text.first(at) + other.mid(below(other.size()));
        }
        }
    }
    return text.first(std::min<qsizetype>(text.size(), longest));
}

} // namespace

int main(int argc, char *argv[])
{
    const int rounds = argc == 3 ? std::atoi(argv[2]) : usualRounds;
    if (argc < 2 || argc > 3) {
        std::fprintf(stderr, "usage: %s FOLDER|FILE [ROUNDS]\n", argv[0]);
        return 2;
    }
    const QString path = QString::fromLocal8Bit(argv[1]);
    QList<QByteArray> seeds;
    QStringList names{path};
    if (const QDir folder(path); folder.exists()) {
        names.clear();
        for (const QString &name : folder.entryList(QDir::Files, QDir::Name))
            names.append(folder.filePath(name));
    }
    for (const QString &name : names) {
        QFile file(name);
        if (!file.open(QIODevice::ReadOnly)) {
            std::fprintf(stderr, "%s: cannot be read\n", qPrintable(name));
            return 1;
        }
        seeds.append(file.readAll());
    }
    if (seeds.isEmpty()) {
        std::fprintf(stderr, "%s: no seeds\n", qPrintable(path));
        return 1;
    }
    for (const QByteArray &seed : seeds)
        run(seed);
    std::mt19937 random(20'261'120);
    for (int i = 0; i < rounds; ++i)
        run(mutated(seeds, random));
    std::printf("%d seeds and %d mutations\n", int(seeds.size()), rounds);
    return 0;
}
