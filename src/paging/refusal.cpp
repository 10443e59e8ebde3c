#include "refusal.hpp"

#include "failures.hpp"
#include "http_date.hpp"

#include "decode/error_body.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace unipile::paging {

namespace {

failure refusal_in(workspace& work, const client_core& client, const page_events& events)
{
    auto answer = decode::parse_error_body(work.head.status, work.error_body);
    // A server may send back the key, which must not appear in a message.
    const auto reveals = [&client](std::string_view text) { return client.transport()->reveals_key(text); };
    for (std::string* text : {&answer.type, &answer.title, &answer.detail, &answer.instance})
        if (reveals(*text)) text->clear();
    events.answer(work.head, client.time().now() - work.sent, &answer);
    if (const auto& fields = work.head.fields; !fields.retry_after.empty())
        work.retry_after = parse_retry_after(fields.retry_after, fields.date, client.time().wall());
    std::string note;
    if (!is_api_type(answer.type)) {
        const std::string words = reveals(work.error_body) ? std::string() : work.error_body;
        note = words_of_gateway(answer.status, words, client.first_call());
    }
    return refusal(std::move(answer), work.retry_after, std::move(note));
}

}  // namespace

boost::asio::awaitable<failure> read_refusal(workspace& work, const client_core& client, const page_events& events)
{
    const auto most = client.options().limits.error_body;
    try {
        for (;;) {
            const std::string_view chunk = co_await work.exchange->read_some();
            if (chunk.empty() || work.error_body.size() >= most) break;
            work.error_body.append(chunk.substr(0, most - work.error_body.size()));
        }
    } catch (const failure&) {
        // The status is reported already.
    }
    co_return refusal_in(work, client, events);
}

}  // namespace unipile::paging
