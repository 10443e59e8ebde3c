// The rules by which workers hold and lose their leases, one event after the other.
#include "store/lease_holder.hpp"
#include "store/lease_observer.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace unipile::store;
using namespace std::chrono_literals;

namespace {

constexpr worker_id me{1, 1}, other{2, 2}, third{3, 3};

boot_time at(std::chrono::milliseconds since_start) { return boot_time{since_start}; }

struct beats {
    lease_holder holder{me};

    lease_holder::answer beat(std::chrono::milliseconds when, std::optional<std::uint64_t> number)
    {
        holder.beat_begins(at(when));
        return holder.beat_answered(number);
    }
};

struct looks {
    lease_observer observer{me};

    std::size_t look(std::chrono::milliseconds when, std::initializer_list<worker_beat> live)
    {
        return observer.look(std::vector<worker_beat>(live), at(when)).size();
    }
    // Looks at one other worker every five seconds, as long as it doesn't beat; returns when it is found dead.
    std::chrono::milliseconds dead_after(std::chrono::milliseconds first, std::uint64_t beat)
    {
        for (auto t = first;; t += 5s)
            if (look(t, {{other, beat}}) != 0) return t;
    }
};

std::string refusal(const lease_options& options)
{
    try {
        check(options);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(identity)

BOOST_AUTO_TEST_CASE(text_form_is_that_of_a_uuid)
{
    const worker_id id{0x0123456789abcdef, 0xfedcba9876543210};
    BOOST_TEST(id.text() == "01234567-89ab-cdef-fedc-ba9876543210");
    BOOST_TEST(worker_id{}.text() == "00000000-0000-0000-0000-000000000000");
    for (const auto& w : {id, worker_id{}, worker_id{~std::uint64_t{0}, 1}, me})
        BOOST_CHECK(worker_id::parse(w.text()) == w);
    BOOST_CHECK(worker_id::parse("01234567-89AB-CDEF-FEDC-BA9876543210") == id);
}

BOOST_AUTO_TEST_CASE(other_texts_are_refused)
{
    const std::string good = worker_id{5, 6}.text();
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] = 'g';
        BOOST_TEST(!worker_id::parse(bad).has_value(), bad);
        BOOST_TEST(!worker_id::parse(good.substr(0, i)).has_value());
    }
    BOOST_TEST(!worker_id::parse(good + "0").has_value());
    BOOST_TEST(!worker_id::parse("+1234567-89ab-cdef-fedc-ba9876543210").has_value());
    BOOST_TEST(!worker_id::parse("0123456-789ab-cdef-fedc-ba9876543210").has_value());
}

BOOST_AUTO_TEST_CASE(random_ids_are_of_version_4)
{
    BOOST_TEST(worker_id::from_random(0, 0).text() == "00000000-0000-4000-8000-000000000000");
    BOOST_TEST(worker_id::from_random(~std::uint64_t{0}, ~std::uint64_t{0}).text() ==
               "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

BOOST_AUTO_TEST_CASE(no_worker_is_false)
{
    const worker_id none, low{0, 1}, high{1, 0};
    BOOST_TEST(!none);
    BOOST_TEST(!!low);
    BOOST_TEST(!!high);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(defaults_and_the_tightest_are_accepted)
{
    BOOST_TEST(refusal({}) == "");
    BOOST_TEST(refusal({1ms, 3ms, 9ms, 1}) == "");
    BOOST_TEST(refusal({5s, 8h, 24h, 1}) == "");
}

BOOST_AUTO_TEST_CASE(times_that_do_not_fit_are_refused_by_name)
{
    const struct {
        lease_options options;
        std::string_view begin;
    } cases[] = {
        {{5s, 30s, 89'999ms, 1}, "lease_options: take_after must be at least three times hold_for"},
        {{5s, 30s, -90s, 1}, "lease_options: take_after must be at least three times hold_for"},
        {{5s, 8h, 24h + 1ms, 1}, "lease_options: take_after must not exceed a day"},
        {{5s, std::chrono::milliseconds::max(), 24h, 1}, "lease_options: take_after must be at least"},
        {{0s, 30s, 90s, 1}, "lease_options: beat_every must be above zero"},
        {{-1s, 30s, 90s, 1}, "lease_options: beat_every must be above zero"},
        {{10'001ms, 30s, 90s, 1}, "lease_options: hold_for must be at least three times beat_every"},
        {{5s, 30s, 90s, 0}, "lease_options: hand_over_at_once must be at least 1"},
    };
    for (const auto& c : cases) BOOST_TEST(refusal(c.options).starts_with(c.begin), c.begin);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(holder)

using answer = lease_holder::answer;

BOOST_FIXTURE_TEST_CASE(sends_nothing_before_its_registration_is_answered, beats)
{
    BOOST_CHECK(holder.id() == me);
    BOOST_TEST(!holder.may_send(at(0s)));
    BOOST_TEST(holder.next_beat(at(7s)) == at(7s));
    BOOST_TEST(!holder.awaits_answer());
    holder.beat_begins(at(7s));
    BOOST_TEST(holder.awaits_answer());
    BOOST_TEST(!holder.may_send(at(7s)));
    BOOST_TEST(holder.beat_answered(1) == answer::held);
    BOOST_TEST(!holder.awaits_answer());
    BOOST_TEST(holder.may_send(at(7s)));
}

BOOST_FIXTURE_TEST_CASE(holds_from_the_time_at_which_the_beat_was_sent, beats)
{
    beat(0s, 1);
    BOOST_TEST(holder.may_send_until() == at(30s));
    holder.beat_begins(at(5s));
    // The answer takes until 29 s; that the store has seen the beat late doesn't lengthen the hold.
    BOOST_TEST(holder.beat_answered(2) == answer::held);
    BOOST_TEST(holder.may_send(at(34'999ms)));
    BOOST_TEST(!holder.may_send(at(35s)));
}

BOOST_FIXTURE_TEST_CASE(an_answer_that_comes_after_the_hold_renews_nothing, beats)
{
    beat(0s, 1);
    holder.beat_begins(at(5s));
    BOOST_TEST(!holder.may_send(at(36s)));
    BOOST_TEST(holder.beat_answered(2) == answer::held);
    BOOST_TEST(!holder.may_send(at(36s)));
    BOOST_TEST(beat(36s, 3) == answer::held);
    BOOST_TEST(holder.may_send(at(36s)));
}

BOOST_FIXTURE_TEST_CASE(beats_are_due_from_the_beginning_of_the_last, beats)
{
    beat(10s, 1);
    BOOST_TEST(holder.next_beat(at(11s)) == at(15s));
    BOOST_TEST(holder.next_beat(at(50s)) == at(50s));
    holder.beat_begins(at(15s));
    holder.beat_unknown();
    BOOST_TEST(!holder.awaits_answer());
    BOOST_TEST(holder.next_beat(at(16s)) == at(20s));
}

BOOST_FIXTURE_TEST_CASE(unknown_beats_may_or_may_not_have_counted, beats)
{
    for (const std::uint64_t counted : {0u, 1u, 2u, 5u}) {
        beats b;
        b.beat(0s, 1);
        for (const auto t : {5s, 10s}) {
            b.holder.beat_begins(at(t));
            b.holder.beat_unknown();
        }
        BOOST_TEST(b.holder.may_send(at(29s)));
        BOOST_TEST(!b.holder.may_send(at(30s)));
        BOOST_TEST(b.beat(15s, 2 + counted) == answer::held);
        BOOST_TEST(b.holder.may_send(at(44s)));
    }
}

BOOST_FIXTURE_TEST_CASE(a_registration_of_unknown_outcome_shows_in_the_next_beat, beats)
{
    holder.beat_begins(at(0s));
    holder.beat_unknown();
    BOOST_TEST(!holder.may_send(at(1s)));
    BOOST_TEST(beat(5s, 2) == answer::held);
    beats lost;
    lost.holder.beat_begins(at(0s));
    lost.holder.beat_unknown();
    BOOST_TEST(lost.beat(5s, std::nullopt) == answer::fenced);
}

BOOST_FIXTURE_TEST_CASE(a_worker_without_a_row_is_fenced_for_good, beats)
{
    beat(0s, 1);
    BOOST_TEST(beat(5s, std::nullopt) == answer::fenced);
    BOOST_TEST(holder.is_fenced());
    BOOST_TEST(!holder.may_send(at(5s)));
    BOOST_CHECK(holder.may_send_until() == boot_time::min());
}

BOOST_AUTO_TEST_CASE(a_beat_that_is_not_above_the_last_shows_lost_commits)
{
    for (const std::uint64_t number : {1u, 6u, 7u}) {
        beats b;
        b.beat(0s, 7);
        BOOST_TEST(b.beat(5s, number) == answer::commits_lost);
        BOOST_TEST(b.holder.must_write_ledgers());
        BOOST_TEST(!b.holder.may_send(at(5s)));
        // It goes on from there, and beats while it writes.
        BOOST_TEST(b.beat(10s, number + 1) == answer::held);
        BOOST_TEST(!b.holder.may_send(at(10s)));
        b.holder.ledgers_written();
        BOOST_TEST(b.holder.may_send(at(39s)));
        BOOST_TEST(!b.holder.may_send(at(40s)));
    }
}

BOOST_FIXTURE_TEST_CASE(a_bucket_may_show_lost_commits_too, beats)
{
    beat(0s, 1);
    holder.lose_commits();
    BOOST_TEST(!holder.may_send(at(1s)));
    BOOST_TEST(!holder.is_fenced());
    holder.ledgers_written();
    BOOST_TEST(holder.may_send(at(1s)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(observer)

BOOST_FIXTURE_TEST_CASE(a_beat_that_stands_still_long_enough_is_dead, looks)
{
    BOOST_TEST(dead_after(0s, 4) == 90s);
    const worker_beat still{other, 4};
    const auto dead = observer.look(std::vector{still, worker_beat{third, 1}}, at(95s));
    BOOST_REQUIRE(dead.size() == 1);
    BOOST_CHECK(dead[0] == still);
}

BOOST_FIXTURE_TEST_CASE(each_beat_starts_the_count_anew, looks)
{
    for (int i = 0; i < 17; ++i) BOOST_TEST(look(i * 5s, {{other, 4}}) == 0u);
    BOOST_TEST(dead_after(85s, 5) == 175s);
    // A lower number is a change too.
    BOOST_TEST(dead_after(180s, 3) == 270s);
}

BOOST_FIXTURE_TEST_CASE(two_missing_looks_are_no_gap, looks)
{
    for (auto t = 0s; t < 90s; t += 15s) BOOST_TEST(look(t, {{other, 4}}) == 0u);
    BOOST_TEST(look(90s, {{other, 4}}) == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_gap_starts_all_counts_anew, looks)
{
    for (auto t = 0s; t <= 85s; t += 5s) BOOST_TEST(look(t, {{other, 4}, {third, 9}}) == 0u);
    BOOST_TEST(look(100'001ms, {{other, 4}, {third, 9}}) == 0u);
    BOOST_TEST(dead_after(105'001ms, 4) == 190'001ms);
}

BOOST_FIXTURE_TEST_CASE(an_outage_of_the_store_fences_no_worker, looks)
{
    for (auto t = 0s; t <= 60s; t += 5s) look(t, {{other, 4}});
    BOOST_TEST(look(330s, {{other, 4}}) == 0u);
    BOOST_TEST(look(335s, {{other, 5}}) == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_was_set_back_starts_all_counts_anew, looks)
{
    for (auto t = 100s; t <= 180s; t += 5s) look(t, {{other, 4}});
    BOOST_TEST(dead_after(50s, 4) == 140s);
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_was_away_is_a_new_one, looks)
{
    for (auto t = 0s; t <= 80s; t += 5s) look(t, {{other, 4}});
    look(85s, {});
    BOOST_TEST(dead_after(90s, 4) == 180s);
}

BOOST_FIXTURE_TEST_CASE(what_was_forgotten_is_no_evidence, looks)
{
    for (auto t = 0s; t <= 80s; t += 5s) look(t, {{other, 4}});
    observer.forget();
    BOOST_TEST(dead_after(85s, 4) == 175s);
}

BOOST_FIXTURE_TEST_CASE(it_never_accuses_itself, looks)
{
    for (auto t = 0s; t <= 200s; t += 5s) BOOST_TEST(look(t, {{me, 4}}) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
