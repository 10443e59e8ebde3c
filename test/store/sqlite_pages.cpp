// What pages leave in a store: links, doubts, posts that are gone, listings that another account has read.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

std::string first_row(const store_place& store, const char* query)
{
    std::string found;
    store.rows(query, [&](const auto& row) {
        for (const auto& value : row) found += (found.empty() ? "" : " ") + value;
    });
    return found;
}

// The n-th request of a listing of 30 posts, in pages of 10, newest first.
page_write page(std::int64_t l, unsigned n, std::int64_t second, unsigned posts = 30)
{
    std::vector<std::uint64_t> ids;
    for (unsigned i = (n - 1) * 10; i < n * 10 && i < posts; ++i) ids.push_back(posts - i);
    return page_of(l, "x", ids, n * 10 < posts ? "p" + std::to_string(n) : "", at_second(second));
}

job_end ending(std::int64_t l, std::int64_t second, end_reason reason = end_reason::null_cursor)
{
    job_end end;
    end.job = l;
    end.reason = reason;
    end.now = at_second(second);
    return end;
}

const char* const state_of_job = dialect("SELECT state, whole, suspect, end_reason FROM jobs",
                                         "SELECT state, whole::int, suspect::int, end_reason FROM jobs");

}  // namespace

BOOST_AUTO_TEST_SUITE(store_pages)

BOOST_AUTO_TEST_CASE(links_are_as_young_as_the_last_look)
{
    const std::string old_link = R"({"id":"1","text":"t","attachments":[{"id":"a","url":"https://x/?e=1"}]})";
    const std::string new_link = R"({"id":"1","text":"t","attachments":[{"id":"a","url":"https://x/?e=2"}]})";
    const std::string own_view =
        R"({"id":"1","text":"t","attachments":[{"id":"a","url":"https://x/?e=3"}],"impressions_counter":5})";
    opened s;
    auto job = s.job("a", "x");
    const auto stored = [&] {
        s.engine->commit();
        return first_row(s.folder, dialect("SELECT iif(changed, changed, first_seen), json FROM posts",
                                           "SELECT (extract(epoch FROM changed) * 1000)::bigint, body FROM posts"));
    };
    const std::string first_time = std::to_string(at_second(1).time_since_epoch().count());
    BOOST_TEST(s.engine->perform(one_post(job.job, "1", old_link, 1)).added == 1u);
    const auto again = s.engine->perform(one_post(job.job, "1", new_link, 2));
    BOOST_TEST(again.unchanged == 1u);
    BOOST_TEST(again.changed == 0u);
    BOOST_TEST(stored() == first_time + " " + new_link);
    // A store of version 1 doesn't know which links it has.
    s.folder.sql(dialect("UPDATE posts SET links = NULL", "UPDATE posts SET links = 0"));
    s.engine->perform(one_post(job.job, "1", old_link, 3));
    BOOST_TEST(stored() == first_time + " " + old_link);
    // What only the owner sees isn't given up for them.
    s.engine->perform(one_post(job.job, "1", own_view, 4));
    s.engine->perform(one_post(job.job, "1", new_link, 5));
    BOOST_TEST(stored() == std::to_string(at_second(4).time_since_epoch().count()) + " " + own_view);
    // Nothing is written if nothing is new.
    if (!store_place::is_sqlite) return;
    s.engine->commit();
    s.engine->perform(one_post(job.job, "1", own_view, 6));
    BOOST_TEST(s.engine->uncommitted_bytes() < own_view.size());
}

// Its posts are found where they were, so the index of all ids may be cold, or not in memory yet.
BOOST_AUTO_TEST_CASE(a_known_listing_is_read_without_a_search_by_id)
{
    if (!store_place::is_sqlite) return;
    opened s;
    const auto walk = [&](const char* identifier, walk_mode mode, std::int64_t second) {
        run_request r;
        r.mode = mode;
        r.restart = true;
        s.run = s.engine->perform(begin_run{r, at_second(second)}).run;
        s.engine->perform(add_jobs{s.run, {{"a", identifier, false}}});
        const auto job = s.claim(1, "a", second).front();
        std::vector<std::uint64_t> counts;
        for (unsigned n = 1; n <= 3; ++n) {
            std::vector<std::uint64_t> ids;
            for (std::uint64_t id = 10; id > 0; --id) ids.push_back(std::uint64_t{10} * (3 - n) + id);
            const char* const position = n < 3 ? "p" : "";
            const auto result = s.engine->perform(page_of(job.job, identifier, ids, position, at_second(second)));
            counts.insert(counts.end(), {result.added, result.changed, result.unchanged});
            if (result.next.what != step::kind::go_on) break;
            if (n == 3) s.engine->perform(ending(job.job, second));
        }
        s.engine->commit();
        return counts;
    };
    using counts = std::vector<std::uint64_t>;
    BOOST_TEST(walk("first", walk_mode::update, 10) == (counts{10, 0, 0, 10, 0, 0, 10, 0, 0}));
    BOOST_TEST(walk("second", walk_mode::update, 20) == (counts{10, 0, 0, 10, 0, 0, 10, 0, 0}));
    s.engine.reset();
    s.folder.sql("DELETE FROM new_post_ids; DELETE FROM post_ids");
    s.engine = s.folder.open();
    BOOST_TEST(walk("first", walk_mode::update, 30) == (counts{0, 0, 10}));
    BOOST_TEST(walk("second", walk_mode::full, 40) == (counts{0, 0, 10, 0, 0, 10, 0, 0, 10}));
    BOOST_TEST(walk("second", walk_mode::update, 50) == (counts{0, 0, 10}));
}

BOOST_AUTO_TEST_CASE(what_two_walks_have_missed_is_gone)
{
    opened s;
    const auto walk = [&](walk_mode mode, const std::vector<std::uint64_t>& ids, std::int64_t second) {
        run_request r;
        r.mode = mode;
        r.restart = true;
        s.run = s.engine->perform(begin_run{r, at_second(second)}).run;
        const job_spec spec{"a", "x", false};
        s.engine->perform(add_jobs{s.run, {spec}});
        const auto job = s.claim(1, {}, second).front();
        s.engine->perform(page_of(job.job, "x", ids, "", at_second(second)));
        s.engine->perform(ending(job.job, second));
        s.engine->commit();
        return first_row(s.folder,
                         dialect("SELECT group_concat(coalesce(missed, '-') || '/' || "
                                 "coalesce(gone / 1000 - 1700000000, '-'), ' ') FROM sightings ORDER BY post",
                                 "SELECT string_agg(coalesce(missed::text, '-') || '/' || coalesce((extract(epoch "
                                 "FROM gone)::bigint - 1700000000)::text, '-'), ' ' ORDER BY id DESC) FROM sightings"));
    };
    BOOST_TEST(walk(walk_mode::full, {5, 4, 3, 2, 1}, 10) == "-/- -/- -/- -/- -/-");
    BOOST_TEST(walk(walk_mode::full, {5, 3, 2, 1}, 20) == "-/- 2/- -/- -/- -/-");
    BOOST_TEST(walk(walk_mode::full, {5, 4, 3, 1}, 30) == "-/- -/- -/- 3/- -/-");
    BOOST_TEST(walk(walk_mode::full, {5, 4, 3, 1}, 40) == "-/- -/- -/- 3/40 -/-");
    BOOST_TEST(walk(walk_mode::full, {5, 4, 3, 2, 1}, 50) == "-/- -/- -/- -/- -/-");
}

BOOST_AUTO_TEST_CASE(doubts_are_in_the_row)
{
    opened s;
    auto job = s.job("a", "x");
    const auto state = [&] {
        s.engine->commit();
        return first_row(s.folder, state_of_job);
    };
    s.engine->perform(page(job.job, 1, 1));
    page_write second = page(job.job, 2, 2);
    second.quarantined = {{"{\"broken\":tru", "not JSON"}};
    s.engine->perform(second);
    BOOST_TEST(state() == "0 0 1 ");
    s.engine->perform(page(job.job, 3, 3));
    BOOST_TEST(s.engine->perform(ending(job.job, 3)).what == step::kind::complete);
    BOOST_TEST(state() == "3 0 1 null_cursor");
    // The next run reads all of it, although it is an update.
    job = s.job("a", "x");
    for (unsigned n = 1; n <= 3; ++n) {
        BOOST_TEST(job.start.what == step::kind::from_top);
        BOOST_TEST(s.engine->perform(page(job.job, n, 10 + n)).next.what == step::kind::go_on);
    }
    s.engine->perform(ending(job.job, 13));
    BOOST_TEST(state() == "3 1 0 null_cursor");
}

BOOST_AUTO_TEST_CASE(a_short_page_above_others_and_an_end_that_is_not_confirmed)
{
    opened s;
    auto job = s.job("a", "x");
    page_write shorter = page(job.job, 1, 1);
    shorter.posts.erase(shorter.posts.begin() + 8, shorter.posts.end());
    shorter.missing = 2;
    s.engine->perform(shorter);
    s.engine->commit();
    BOOST_TEST(first_row(s.folder, dialect("SELECT suspect FROM jobs", "SELECT suspect::int FROM jobs")) == "0");
    s.engine->perform(page(job.job, 2, 2));
    BOOST_TEST(s.engine->perform(ending(job.job, 3, end_reason::empty_page)).what == step::kind::bounded);
    s.engine->commit();
    BOOST_TEST(first_row(s.folder, state_of_job) == "3 0 1 empty_page");
}

// Reads the two pages of a listing, of which the second may be known, up to empty pages.
step read_to_empty_pages(opened& s, unsigned tolerated, unsigned second)
{
    const auto job = s.job("a", "x");
    page_write first = page(job.job, 1, second);
    first.empty_pages = tolerated;
    step next = s.engine->perform(first).next;
    if (next.what == step::kind::complete) return next;
    next = s.engine->perform(page(job.job, 2, second + 1)).next;
    BOOST_TEST(next.what == step::kind::go_on);
    job_end end = ending(job.job, second + 2, end_reason::empty_page);
    end.empty_pages = tolerated;
    return s.engine->perform(end);
}

BOOST_AUTO_TEST_CASE(an_inferred_end_is_called_so_for_as_long_as_it_is_one)
{
    opened s;
    const auto job = [&] {
        s.engine->commit();
        stored_job found;
        s.reader()->jobs({}, [&](const stored_job& j) { return found = j, true; });
        return found;
    };
    BOOST_TEST(read_to_empty_pages(s, 0, 1).what == step::kind::bounded);
    BOOST_TEST(read_to_empty_pages(s, 0, 11).what == step::kind::complete);
    BOOST_TEST(job().end == "empty_page");
    BOOST_TEST(job().inferred);
    BOOST_TEST(read_to_empty_pages(s, 0, 21).what == step::kind::complete);
    BOOST_TEST(job().end == "up_to_date_inferred");
    BOOST_TEST(job().inferred);
    BOOST_TEST(job().whole);
    const end_counts inferred = s.reader()->summary().ends;
    BOOST_TEST(inferred.inferred == 1u);
    BOOST_TEST(inferred.up_to_date == 0u);
    // Who reads past an empty page looks behind it.
    BOOST_TEST(read_to_empty_pages(s, 1, 31).what == step::kind::bounded);
    BOOST_TEST(!job().whole);
    BOOST_TEST(read_to_empty_pages(s, 1, 41).what == step::kind::complete);
    BOOST_TEST(read_to_empty_pages(s, 1, 51).what == step::kind::complete);
    BOOST_TEST(job().end == "up_to_date_inferred");
    // A stated end is none that was inferred.
    auto claimed = s.job("b", "y");
    s.engine->perform(page(claimed.job, 1, 61));
    s.engine->perform(ending(claimed.job, 62));
    claimed = s.job("b", "y");
    const page_result joined = s.engine->perform(page(claimed.job, 1, 63));
    BOOST_TEST(joined.next.what == step::kind::complete);
    BOOST_TEST(joined.end == "up_to_date");
    s.engine->commit();
    std::map<std::string, stored_job> jobs;
    s.reader()->jobs({}, [&](const stored_job& j) { return jobs[j.spec.identifier] = j, true; });
    BOOST_TEST(jobs["y"].end == "up_to_date");
    BOOST_TEST(!jobs["y"].inferred);
    BOOST_TEST(s.reader()->summary().ends.up_to_date == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_end_that_rests_is_called_so)
{
    opened s;
    const auto refused = [&](unsigned second) {
        const auto job = s.job("a", "x");
        const step next = s.engine->perform(page(job.job, 1, second)).next;
        if (next.what != step::kind::go_on && next.what != step::kind::from_position) return next.what;
        s.engine->perform(page(job.job, 2, second + 1));
        return s.engine->perform(ending(job.job, second + 2, end_reason::refused_cursor)).what;
    };
    for (unsigned night = 0; night < 4; ++night) BOOST_TEST(refused(1 + 10 * night) == step::kind::bounded);
    s.engine->commit();
    BOOST_TEST(first_row(s.folder, dialect("SELECT pages, end_reason, whole, suspect FROM jobs",
                                           "SELECT pages, end_reason, whole::int, suspect::int FROM jobs")) ==
               "6 refused_cursor 0 1");
    BOOST_TEST(s.reader()->summary().ends.inferred == 1u);
}

BOOST_AUTO_TEST_CASE(a_listing_that_another_account_has_read_is_known)
{
    opened s;
    auto job = s.job("a", "x");
    for (unsigned n = 1; n <= 3; ++n) s.engine->perform(page(job.job, n, n));
    s.engine->perform(ending(job.job, 3));
    // Its first page joins what is known.
    job = s.job("b", "x");
    BOOST_TEST(job.start.what == step::kind::from_top);
    const auto first = s.engine->perform(page(job.job, 1, 10, 32));
    BOOST_TEST(first.next.what == step::kind::complete);
    BOOST_TEST(first.added == 2u);
    s.engine->commit();
    BOOST_TEST(first_row(s.folder, dialect("SELECT posts, whole, pages FROM jobs WHERE account = 'b'",
                                           "SELECT posts, whole::int, pages FROM jobs WHERE account = 'b'")) ==
               "32 1 1");
    BOOST_TEST(
        first_row(s.folder, "SELECT count(*) FROM sightings WHERE job = (SELECT job FROM jobs WHERE account = 'b')") ==
        "32");
    BOOST_TEST(s.exported().size() == 32u);
    // A company of that name is something else, and so is a listing with other posts.
    for (const job_spec& spec : {job_spec{"c", "x", true}, job_spec{"d", "x", false}}) {
        run_request r;
        r.restart = true;
        s.run = s.engine->perform(begin_run{r, at_second(20)}).run;
        s.engine->perform(add_jobs{s.run, {spec}});
        job = s.claim(1).front();
        page_write other = page(job.job, 1, 20);
        if (!spec.is_company) other = page_of(job.job, "y", {9, 8, 7, 6, 5, 4, 3, 2, 1}, "p", at_second(20));
        BOOST_TEST(s.engine->perform(other).next.what == step::kind::go_on);
    }
}

BOOST_AUTO_TEST_CASE(quarantined_items_differ_by_any_byte)
{
    opened s;
    auto job = s.job("a", "x");
    page_write p = page(job.job, 1, 1);
    p.posts.clear();
    // The same but for what a post's fingerprint leaves out.
    p.quarantined = {{R"({"date":"1d","broken":tru})", "not JSON"}, {R"({"date":"2d","broken":tru})", "not JSON"}};
    s.engine->perform(p);
    s.engine->perform(p);
    s.engine->commit();
    BOOST_TEST(first_row(s.folder, "SELECT count(*) FROM quarantined") == "2");
    if (!store_place::is_sqlite) return;
    // Files of version 1 have other hashes.
    s.folder.sql("UPDATE quarantined SET hash = zeroblob(16) WHERE item = 1");
    s.engine->perform(p);
    s.engine->commit();
    BOOST_TEST(first_row(s.folder, "SELECT count(*) FROM quarantined") == "2");
}

BOOST_AUTO_TEST_CASE(the_position_of_a_claimed_job_is_lost)
{
    opened s;
    auto job = s.job("a", "x");
    for (unsigned n = 1; n <= 2; ++n) s.engine->perform(page(job.job, n, n));
    BOOST_TEST(s.engine->perform(forget_position{job.job, at_second(3)}).what == step::kind::from_top);
    BOOST_TEST(s.engine->perform(release_job{job.job, {}}));
    BOOST_TEST(s.engine->perform(forget_position{job.job, at_second(4)}).what == step::kind::not_claimed);
}

BOOST_AUTO_TEST_CASE(an_interrupted_job_is_queued_delayed_or_failed)
{
    for (auto [reason, later, state] :
         {std::tuple(end_reason::cancelled, false, "0"), std::tuple(end_reason::none, false, "0"),
          std::tuple(end_reason::failed, false, "4"), std::tuple(end_reason::cursor_loop, false, "4"),
          std::tuple(end_reason::failed, true, "1")}) {
        opened s;
        const auto job = s.job("a", "x");
        s.engine->perform(page(job.job, 1, 1));
        job_end end = ending(job.job, 2, reason);
        if (later) end.again_at = at_second(100);
        BOOST_TEST(s.engine->perform(end).what == step::kind::interrupted);
        s.engine->commit();
        BOOST_TEST(first_row(s.folder, "SELECT state FROM jobs") == state);
    }
}

BOOST_AUTO_TEST_CASE(another_account_takes_over_only_what_can_be_read)
{
    for (const bool damaged : {false, true}) {
        opened s;
        auto job = s.job("a", "x");
        // Posts without an id are known by what they say.
        page_write nameless = page(job.job, 1, 1);
        for (auto& p : nameless.posts) p = {p.provider(), {}, p.published(), p.json()};
        s.engine->perform(nameless);
        s.engine->perform(ending(job.job, 2));
        s.engine->commit();
        if (damaged) s.folder.sql("UPDATE jobs SET timeline = '{'");
        nameless.job = s.job("b", "x").job;
        nameless.now = at_second(10);
        const step next = s.engine->perform(nameless).next;
        BOOST_TEST(next.what == (damaged ? step::kind::go_on : step::kind::complete));
    }
}

BOOST_AUTO_TEST_CASE(jobs_can_be_asked_for_by_account_and_identifier)
{
    opened s;
    for (const char* account : {"a", "b"})
        for (const char* identifier : {"x", "y"}) s.job(account, identifier);
    s.engine->commit();
    const auto reader = s.reader();
    const auto found = [&](const char* account, const char* identifier) {
        job_filter filter;
        if (account) filter.account = account;
        if (identifier) filter.identifier = identifier;
        std::set<std::string> names;
        reader->jobs(filter,
                     [&](const stored_job& j) { return names.insert(j.spec.account + j.spec.identifier).second; });
        std::string text;
        for (const auto& name : names) text += name + ' ';
        return text;
    };
    // A visitor may stop.
    BOOST_TEST(reader->jobs({}, [](const stored_job&) { return false; }) == 1u);
    BOOST_TEST(found(nullptr, nullptr) == "ax ay bx by ");
    BOOST_TEST(found("b", nullptr) == "bx by ");
    BOOST_TEST(found(nullptr, "y") == "ay by ");
    BOOST_TEST(found("b", "x") == "bx ");
    BOOST_TEST(found("c", nullptr).empty());
}

BOOST_AUTO_TEST_SUITE_END()
