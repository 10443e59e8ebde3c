#include "harvest/simulated_server.hpp"

#include "harvest/verdict.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace unipile::harvest::test {

using namespace std::chrono_literals;

namespace {

failure failure_of(errc code, failure_scope scope)
{
    failure::details d;
    d.scope = scope;
    return failure{code, d};
}

/// What comes of a request that failed; with `type`, by an error answer of the API.
paging::page_outcome failed_request(errc code, std::string_view type = {})
{
    paging::page_outcome o;
    o.what = paging::page_outcome::kind::failed;
    o.server = paging::contact::answered;
    o.times_sent = 1;
    failure::details d;
    if (!type.empty()) d.api.emplace().type = type;
    o.failure = failure(code, std::move(d));
    return o;
}

}  // namespace

request_result simulated_server::page(world_job& job, std::size_t items)
{
    auto& saved = job.saved;
    auto from = job.timeline.begin();
    if (saved.cursor) from = std::find_if(from, job.timeline.end(), [&](int id) { return id < *saved.cursor; });
    const auto to = from + std::min<std::ptrdiff_t>(job.timeline.end() - from, page_size);
    const bool whole = items >= page_size;
    if (whole && !saved.cursor) {
        job.at_first_page.insert(job.timeline.begin(), job.timeline.end());
        job.least_requests = std::max<std::size_t>(1, (job.timeline.size() + page_size - 1) / page_size);
        if (job.lying_cursor && !job.timeline.empty()) ++job.least_requests;
    }
    for (auto it = from; it != to && items > 0; ++it, --items)
        if (saved.behind.insert(*it).second) ++saved.posts[*it];

    request_result result;
    if (!whole) {
        result.next = request_result::then::retry;
        return result;
    }
    paging::page_outcome good;
    good.what = paging::page_outcome::kind::page;
    good.server = paging::contact::answered;
    good.status = 200;
    good.times_sent = 1;
    result = judge_request(good);
    const bool last = to == job.timeline.end();
    if (from == to || (last && !job.lying_cursor)) {
        saved.done = true;
        result.next = request_result::then::ended;
    } else {
        // New posts push nothing over the border of a page whose cursor is known, but what was stored before may
        // have been pushed from the first page to the second.
        saved.cursor = *(to - 1);
        std::erase_if(saved.behind, [&](int id) { return id >= *saved.cursor; });
        result.next = request_result::then::more;
    }
    return result;
}

request_result simulated_server::refusal(world_job& job)
{
    const auto f = failure_of(errc::target_refused, failure_scope::target);
    request_result result;
    judge_failure(result, f);
    result.server = request_result::contact::answered;
    result.next = after_failure(f);
    job.saved.done = job.saved.failed = true;
    job.least_requests = 1;
    return result;
}

request_result simulated_server::no_answer(world_job& job, fate comes, wall_time now)
{
    ++faults_;
    job.retrying = true;
    job.unanswered = comes == fate::silent;
    auto outcome = failed_request(errc::connection_lost);
    outcome.times_sent = comes == fate::silent ? 1 : 0;
    outcome.server = comes == fate::silent ? paging::contact::silent : paging::contact::unreachable;
    auto result = judge_request(outcome);
    result.next = request_result::then::retry;
    result.not_before = now + some(random_, 20s);
    return result;
}

request_result simulated_server::fault(world_job& job, wall_time now)
{
    ++faults_;
    auto outcome = failed_request(errc::api_unavailable);
    auto then = request_result::then::retry;
    switch (random_.below(5)) {
        case 0:
            if (!job.refused) (void)page(job, random_.below(page_size));
            outcome.meaning.retries = 4;
            break;
        case 1:
            outcome.status = 503;
            outcome.meaning.retries = 4;
            break;
        case 2:
            outcome = failed_request(errc::api_unavailable, "errors/provider_error");
            outcome.status = 500;
            outcome.meaning = {.retries = 2, .slow = true, .throttle = true};
            break;
        case 3:
            outcome = failed_request(errc::api_unavailable, "errors/too_many_requests");
            outcome.status = 429;
            outcome.meaning = {.scope = failure_scope::account, .throttle = true};
            if (random_.below(2)) outcome.retry_after = some(random_, 300s);
            break;
        default: {
            const auto f = failure_of(errc::account_refused, failure_scope::account);
            outcome = failed_request(errc::api_unavailable, "errors/disconnected_account");
            outcome.status = 401;
            outcome.meaning = {.scope = failure_scope::account};
            then = after_failure(f);
            break;
        }
    }
    auto result = judge_request(outcome);
    result.next = then;
    result.not_before = now + some(random_, 20s);
    job.retrying = true;
    return result;
}

}  // namespace unipile::harvest::test
