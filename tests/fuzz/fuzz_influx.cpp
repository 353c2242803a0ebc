// Whatever a database, or something in its place, answers: it is judged and read without a crash, and rows have the
// shape that was asked for.
#include "fuzz_target.h"

#include "store/influx/query.h"

using namespace tk;
using namespace tk::store::influx;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    constexpr int statuses[] = {200, 204, 400, 401, 404, 413, 422, 429, 500, 503};
    net::HttpAnswer answer;
    answer.status = statuses[data[0] % std::size(statuses)];
    answer.body = QByteArray(reinterpret_cast<const char *>(data) + 1, qsizetype(size) - 1);
    if (data[0] & 0x80)
        answer.headers.fields.emplace_back("Retry-After", answer.body.left(40));
    const Reply reply = judge(answer, qsizetype(size), fromMs(1'795'132'800'000));
    FUZZ_CHECK(reply.retry_after.count() >= 0 && reply.retry_after <= std::chrono::minutes(10));
    FUZZ_CHECK((reply.verdict == Verdict::Delivered) == (answer.status / 100 == 2));
    config::InfluxSettings settings;
    for (const Api api : {Api::V1, Api::V2, Api::V3}) {
        static_cast<void>(recognise(answer, settings));
        DatabaseSetup setup(api, settings);
        static_cast<void>(setup.first());
        for (int step = 0; step < 3; ++step) {
            if (!std::holds_alternative<net::HttpCall>(setup.after(answer, {})))
                break;
        }
        answer.status = 200;
        for (const auto what : {Question::What::Points, Question::What::Count, Question::What::Last}) {
            const Question question{.what = what,
                                    .measurement = QStringLiteral("m"),
                                    .fields = {"close", "open"},
                                    .span = {fromMs(0), fromMs(1)}};
            const auto rows = readRows(api, answer, question);
            if (!rows)
                continue;
            for (const Row &row : *rows)
                FUZZ_CHECK(row.values.size() >= question.fields.size());
        }
    }
    return 0;
}
