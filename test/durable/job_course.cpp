// What comes next with a job: every element of a harvest, with every answer of the store.
#include "durable/job_course.hpp"
#include "paging/listing.hpp"
#include "support/printing.hpp"

#include <unipile/failure.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

using namespace unipile;
using durable::course_action;
using durable::job_course;
using kind = course_action::kind;
using step_kind = store::step::kind;

namespace unipile::durable {
std::ostream& operator<<(std::ostream& out, course_action::kind k) { return out << to_string(k); }
}  // namespace unipile::durable

namespace {

constexpr step_kind steps[] = {step_kind::from_top,   step_kind::from_position, step_kind::go_on,
                               step_kind::complete,   step_kind::bounded,       step_kind::interrupted,
                               step_kind::not_claimed};

posts_query query()
{
    posts_query q;
    q.account_id = "acc";
    q.identifier = "id";
    return q;
}

/// A position of this listing, or of another.
std::string place_in(const std::string& identifier)
{
    posts_query q = query();
    q.identifier = identifier;
    detail::position_parts at;
    at.query = paging::query_fingerprint(q);
    at.cursor = "c1";
    return detail::access::make<position>(at).text();
}

store::step step_of(step_kind k, const std::string& place = place_in("id"))
{
    store::step s;
    s.what = k;
    if (k == step_kind::from_position) s.position = place;
    return s;
}

store::page_result answer_of(step_kind k)
{
    store::page_result r;
    r.next = step_of(k);
    r.end = std::string{"an end of the store's after "} + store::to_string(k);
    return r;
}

harvest_element element()
{
    harvest_element e;
    e.job = std::make_shared<const harvest_job>(query());
    return e;
}

harvest_element page(bool ends)
{
    harvest_element e = element();
    e.page_ends = ends;
    return e;
}

failure failed(errc code, failure_scope scope)
{
    failure::details d;
    d.scope = scope;
    return {code, d};
}

/// How a listing may end.
struct ending {
    const char* name;
    end_reason reason;
    std::optional<failure> why;
};

const std::vector<ending>& endings()
{
    static const std::vector<ending> all{
        {"null_cursor", end_reason::null_cursor, {}},
        {"empty_page", end_reason::empty_page, {}},
        {"refused_cursor", end_reason::refused_cursor, {}},
        {"stopped", end_reason::stopped, {}},
        {"cancelled", end_reason::cancelled, failure(errc::harvest_stopped)},
        {"not started", end_reason::failed, failure(errc::harvest_stopped)},
        {"key", end_reason::failed, failed(errc::api_key_refused, failure_scope::key)},
        {"account", end_reason::failed, failed(errc::account_parked, failure_scope::account)},
        {"target", end_reason::failed, failed(errc::target_refused, failure_scope::target)},
        {"passing", end_reason::failed, failed(errc::api_unavailable, failure_scope::passing)},
        {"position", end_reason::failed, failed(errc::position_lost, failure_scope::target)},
    };
    return all;
}

harvest_element end_of(const ending& how)
{
    harvest_element e = element();
    e.ended = true;
    e.end_reason = how.reason;
    e.failure = how.why;
    return e;
}

/// What the page's answer calls for, if it says that the listing is over or goes on elsewhere.
std::optional<kind> by_the_store(step_kind said)
{
    switch (said) {
        case step_kind::go_on: return {};
        case step_kind::complete:
        case step_kind::bounded:
        case step_kind::not_claimed: return kind::close;
        case step_kind::from_top:
        case step_kind::from_position: return kind::again;
        case step_kind::interrupted: return kind::forget_position;
    }
    return {};
}

/// And otherwise the end itself.
kind by_the_end(const std::string& how, bool at_saved, bool parked_waits)
{
    if (how == "cancelled" || how == "not started" || how == "key") return kind::give_back;
    if (how == "account" && parked_waits) return kind::give_back;
    if (how == "position" || (how == "target" && at_saved)) return kind::forget_position;
    return kind::report;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(course)

BOOST_AUTO_TEST_CASE(a_page_that_ends_is_answered)
{
    for (const step_kind said : steps) {
        job_course c{step_of(step_kind::from_top)};
        c.page_arrived();
        const course_action next = c.page_stored(page(true), answer_of(said));
        BOOST_TEST_CONTEXT(store::to_string(said))
        {
            const bool elsewhere = said == step_kind::from_top || said == step_kind::from_position;
            BOOST_TEST(next.what == (said == step_kind::go_on ? kind::go_on : elsewhere ? kind::jump : kind::finish));
            if (elsewhere) BOOST_TEST(next.where == step_of(said));
        }
    }
}

BOOST_AUTO_TEST_CASE(part_of_a_page_is_followed_by_more)
{
    for (const step_kind said : steps) {
        job_course c{step_of(step_kind::from_top)};
        c.page_arrived();
        BOOST_TEST(c.page_stored(page(false), answer_of(said)).what == kind::wait);
    }
}

BOOST_AUTO_TEST_CASE(every_end_after_every_answer)
{
    for (const ending& how : endings())
        for (const step_kind said : steps)
            for (const bool parked_waits : {true, false})
                BOOST_TEST_CONTEXT(how.name << " after " << store::to_string(said) << ' ' << parked_waits)
                {
                    job_course c{step_of(step_kind::from_position)};
                    c.page_arrived();
                    // The last page of a listing has no end of its own.
                    c.page_stored(page(false), answer_of(said));
                    const course_action next = c.listing_ended(end_of(how), parked_waits);
                    const auto expected = by_the_store(said);
                    BOOST_TEST(next.what == expected.value_or(by_the_end(how.name, false, parked_waits)));
                    if (next.what == kind::again) BOOST_TEST(next.where == step_of(said));
                    if (next.what != kind::close) continue;
                    BOOST_TEST(next.done == (said != step_kind::not_claimed));
                    BOOST_TEST(next.how == (next.done ? answer_of(said).end : "not_claimed"));
                }
}

BOOST_AUTO_TEST_CASE(every_end_without_a_page)
{
    for (const ending& how : endings())
        for (const bool resumed : {true, false})
            for (const bool parked_waits : {true, false}) {
                const job_course c{step_of(resumed ? step_kind::from_position : step_kind::from_top)};
                BOOST_TEST(c.listing_ended(end_of(how), parked_waits).what ==
                           by_the_end(how.name, resumed, parked_waits));
            }
}

BOOST_AUTO_TEST_CASE(a_refusal_right_behind_a_jump_is_the_position_s)
{
    for (const step_kind to : {step_kind::from_position, step_kind::from_top}) {
        job_course c{step_of(step_kind::from_top)};
        c.page_arrived();
        BOOST_TEST(c.page_stored(page(true), answer_of(to)).what == kind::jump);
        const ending refused{"target", end_reason::failed, failed(errc::target_refused, failure_scope::target)};
        BOOST_TEST(c.listing_ended(end_of(refused), true).what ==
                   (to == step_kind::from_position ? kind::forget_position : kind::report));
    }
}

BOOST_AUTO_TEST_CASE(a_position_that_is_of_no_use_is_forgotten)
{
    for (const std::string& place : {std::string("no position"), place_in("another")}) {
        BOOST_TEST(!durable::is_usable(step_of(step_kind::from_position, place), query()));
        job_course c{step_of(step_kind::from_top)};
        c.page_arrived();
        BOOST_TEST(c.page_stored(page(true), {step_of(step_kind::from_position, place)}).what == kind::finish);
        const ending stopped{"stopped", end_reason::stopped, {}};
        BOOST_TEST(c.listing_ended(end_of(stopped), true).what == kind::forget_position);
    }
    store::step overlapping = step_of(step_kind::from_position);
    BOOST_TEST(durable::is_usable(overlapping, query()));
    overlapping.overlap = place_in("another");
    BOOST_TEST(!durable::is_usable(overlapping, query()));
    overlapping.overlap = place_in("id");
    BOOST_TEST(durable::is_usable(overlapping, query()));
    BOOST_TEST(durable::is_usable(step_of(step_kind::from_top), query()));
}

BOOST_AUTO_TEST_CASE(behind_a_page_that_was_not_stored_the_job_is_given_back)
{
    for (const ending& how : endings()) {
        job_course c{step_of(step_kind::from_top)};
        BOOST_TEST(!c.is_lost());
        BOOST_TEST(c.page_lost(page(false)).what == kind::wait);
        BOOST_TEST(c.page_lost(page(true)).what == kind::finish);
        BOOST_TEST(c.is_lost());
        BOOST_TEST(c.listing_ended(end_of(how), false).what == kind::give_back);
    }
}

BOOST_AUTO_TEST_CASE(answers_of_the_store_to_an_end)
{
    for (const step_kind said : steps) BOOST_TEST_CONTEXT(store::to_string(said))
        {
            const bool elsewhere = said == step_kind::from_top || said == step_kind::from_position;
            const course_action ended = job_course::end_stored(step_of(said), "null_cursor");
            BOOST_TEST(ended.what == (elsewhere ? kind::again : kind::close));
            if (!elsewhere) BOOST_TEST(ended.how == (said == step_kind::not_claimed ? "not_claimed" : "null_cursor"));
            BOOST_TEST(ended.done == (said == step_kind::complete || said == step_kind::bounded));
            const course_action forgotten = job_course::position_forgotten(step_of(said));
            const bool lost = said == step_kind::not_claimed;
            BOOST_TEST(forgotten.what == (lost ? kind::close : kind::again));
            if (lost) BOOST_TEST(forgotten.how == "not_claimed");
        }
}

BOOST_AUTO_TEST_CASE(ends_have_names)
{
    harvest_element e = element();
    e.end_reason = end_reason::null_cursor;
    BOOST_TEST(durable::end_text(e) == "null_cursor");
    e.failure = failure(errc::connect_failed);
    BOOST_TEST(durable::end_text(e) == "the server can't be reached");
    failure::details d;
    d.api.emplace();
    d.api->status = 503;
    e.failure = failure(errc::api_unavailable, d);
    BOOST_TEST(durable::end_text(e) == "status 503");
    d.api->type = "errors/service_unavailable";
    e.failure = failure(errc::api_unavailable, d);
    BOOST_TEST(durable::end_text(e) == "errors/service_unavailable");
}

BOOST_AUTO_TEST_CASE(actions_have_names)
{
    for (int k = 0; k <= static_cast<int>(kind::report); ++k)
        BOOST_TEST(std::string(durable::to_string(static_cast<kind>(k))).size() > 1u);
}

BOOST_AUTO_TEST_SUITE_END()
