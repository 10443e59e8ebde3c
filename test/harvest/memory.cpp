// Out of memory at the k-th allocation of a small harvest, for every k: it ends, with all of its jobs, and what they
// say of their places is true.
#include "decode/failing_new.hpp"
#include "harvest/gathering.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <new>
#include <optional>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;

namespace {

constexpr std::size_t jobs = 4;

std::vector<harvest_job> row()
{
    std::vector<harvest_job> all;
    for (std::size_t i = 0; i < jobs; ++i) all.emplace_back(query_of(i % 2, std::to_string(i)));
    return all;
}

answer answer_of(std::size_t n, const asked& r)
{
    if (n == 3) return refusal(500, "unexpected_error");
    if (n == 5) return {.no_answer = true};
    if (n == 7) return refusal(429, "too_many_requests");
    return plain_listing(r, 15, 10);
}

struct starved {
    explicit starved(bool whole) : h(answer_of, row(), options(whole)) { got.reserve(200); }
    static harvest_options options(bool whole)
    {
        auto o = quickly();
        o.whole_pages = whole;
        o.save_ledger = [](std::string_view, const account_ledger&) {};
        return o;
    }

    void pull()
    {
        h.stream.async_next([this](boost::system::error_code code, std::optional<harvest_element> e) {
            if (code == make_error_code(errc::operation_in_progress)) return;
            // A pull that ended with such an error may not have been the harvest's end.
            if (code || !e) {
                over = true;
                error = code;
                return;
            }
            got.push_back(std::move(*e));  // there is room
            pull();
        });
    }

    /// True if nothing more can happen.
    bool step()
    {
        h.context.restart();
        while (h.context.poll() > 0) {
        }
        if (h.context.stopped() || !h.time->is_waited_for()) return true;
        h.time->advance();
        return false;
    }

    scripted_harvest h;
    std::vector<harvest_element> got;
    bool over = false;
    boost::system::error_code error;
};

/// What was delivered, and what comes from where it was left.
void check(starved& w)
{
    std::map<std::uint64_t, std::vector<std::string>> ids;
    std::map<std::uint64_t, int> ends;
    std::vector<harvest_job> rest;
    for (const auto& e : w.got) {
        for (const auto& p : e.posts) ids[e.number].emplace_back(p.id());
        if (!e.ended) continue;
        ++ends[e.number];
        harvest_job again(e.job->query, e.position);
        again.tag = e.number;
        rest.push_back(std::move(again));
    }
    BOOST_TEST(ends.size() == w.h.stream.stats().jobs);
    for (const auto& [number, n] : ends) BOOST_TEST(n == 1);
    scripted_harvest later(plain_listing(15, 10), rest);
    std::vector<harvest_element> more;
    while (true) {
        bool over = false;
        later.stream.async_next([&](boost::system::error_code, std::optional<harvest_element> e) {
            over = !e;
            if (e) more.push_back(std::move(*e));
        });
        later.run_all();
        if (over) break;
    }
    for (const auto& e : more)
        for (const auto& p : e.posts) ids[e.job->tag].emplace_back(p.id());
    for (const auto& [number, n] : ends) BOOST_TEST(ids[number] == numbers(0, 15), boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(the_kth_allocation_fails)
{
    for (const bool whole : {false, true}) {
        bool failed = true;
        long k = 0;
        for (; failed; ++k) BOOST_TEST_CONTEXT("allocation " << k << " whole " << whole)
            {
                starved w(whole);
                bool done = false;
                {
                    const fail_at here(k, 1);
                    try {
                        w.pull();
                        while (!done) done = w.step();
                    } catch (const std::bad_alloc&) {
                        // It left the event loop; whoever runs that goes on.
                    }
                    failed = here.has_failed();
                }
                for (int tries = 0; tries < 10 && !w.over; ++tries) {
                    w.pull();
                    while (!w.step()) {
                    }
                }
                BOOST_TEST(w.over);
                if (w.over) check(w);
            }
        BOOST_TEST(k > 500);
    }
}

BOOST_AUTO_TEST_SUITE_END()
