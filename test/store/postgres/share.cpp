// What one worker has of a store, without a database: heartbeats, looks and transactions are those of the test.
#include "store/postgres/worker_share.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace unipile::store::postgres {

namespace {

using namespace std::chrono_literals;

constexpr worker_id me{1, 1}, other{2, 2}, third{3, 3};
const wall_time noon{std::chrono::hours(12)};

/// The store's rows, and a worker that reads and writes them. Eight buckets.
struct shared_world {
    explicit shared_world(bool alone = false) : share({1s, 3s, 9s}, 8, alone, [this] { return clock; })
    {
        for (bucket_number b = 0; b < 8; ++b) rows.push_back({b, {}, 0, 0});
        share.begin_life(me);
    }

    /// Sends a heartbeat, looks, and writes what follows. Returns false if this life is over.
    bool beat(const std::vector<worker_beat>& others = {})
    {
        share.beat_begins();
        clock += 2ms;
        if (!share.beat_answered(++number, noon + clock.time_since_epoch())) return false;
        store_look seen;
        seen.buckets = rows;
        seen.live = others;
        seen.live.push_back({me, number});
        moves = share.look(seen);
        write();
        clock += 1s;
        return true;
    }
    void write()
    {
        std::vector<bucket_row> mine;
        for (const held_bucket& h : moves.give_back) {
            BOOST_TEST((rows[h.bucket].owner == me));
            rows[h.bucket].owner = {};
            ++rows[h.bucket].epoch;
        }
        for (const bucket_number b : moves.claim) {
            rows[b].owner = me;
            ++rows[b].epoch;
            mine.push_back(rows[b]);
        }
        share.moved(moves, mine);
    }
    /// Commits a transaction for an account, which is loaded, or leaves.
    void commit(const std::string& account, bool loads)
    {
        worker_view view;
        share.begin(view);
        const bucket_number bucket = view.bucket_of(account);
        fence_set fences;
        fences.buckets.push_back(view.fence_of(bucket));
        rows[bucket].seq = fences.buckets.front().next;
        account_move move{account, std::nullopt};
        if (loads) move.loaded = account_entry{bucket, view.buckets[bucket].tenure};
        share.note_committed(view, fences, {move});
        share.end();
    }
    worker_view view()
    {
        worker_view v;
        share.begin(v);
        share.end();
        return v;
    }
    std::size_t owned() const
    {
        return static_cast<std::size_t>(
            std::count_if(rows.begin(), rows.end(), [](const bucket_row& r) { return r.owner == me; }));
    }
    bucket_number bucket(const std::string& account) const { return bucket_of(account, 8); }

    boot_time clock{std::chrono::hours(1)};
    std::vector<bucket_row> rows;
    std::uint64_t number = 1;
    share_moves moves;
    worker_share share;
};

/// Accounts, one in each bucket.
std::vector<std::string> one_in_each_bucket()
{
    std::vector<std::string> accounts(8);
    for (int i = 0; std::count(accounts.begin(), accounts.end(), "") > 0; ++i) {
        const std::string name = "a" + std::to_string(i);
        accounts[bucket_of(name, 8)] = name;
    }
    return accounts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_share)

BOOST_AUTO_TEST_CASE(all_buckets_are_taken_and_an_account_is_sent_for_once_it_is_loaded)
{
    shared_world w;
    BOOST_TEST(w.share.buckets() == 8u);
    BOOST_TEST(!w.share.may_send());
    BOOST_TEST(w.beat());
    BOOST_TEST(w.share.has_all_buckets());
    BOOST_TEST(w.owned() == 8u);
    BOOST_TEST(w.share.may_send());
    BOOST_TEST(!w.share.may_send("a"));
    BOOST_TEST(w.view().open_buckets().size() == 8u);
    w.commit("a", true);
    BOOST_TEST(w.share.may_send("a"));
    BOOST_TEST(w.view().has("a"));
    w.commit("a", false);
    BOOST_TEST(!w.share.may_send("a"));
    BOOST_TEST(w.share.accounts_to_leave(9).empty());
    BOOST_TEST(!w.share.has_changed());
}

BOOST_AUTO_TEST_CASE(no_request_is_sent_when_the_last_heartbeat_is_too_old)
{
    shared_world w;
    w.beat();
    w.commit("a", true);
    const boot_time sent = w.clock - 1s - 2ms;
    w.clock = sent + 3s - 1ms;
    BOOST_TEST(w.share.may_send());
    BOOST_TEST(w.share.may_send("a"));
    w.clock = sent + 3s;
    BOOST_TEST(!w.share.may_send());
    BOOST_TEST(!w.share.may_send("a"));
    // An answer that does not come changes nothing.
    w.share.beat_begins();
    w.share.beat_unknown();
    BOOST_TEST(!w.share.may_send());
    BOOST_TEST(w.share.until_next_beat() == 1s);
    BOOST_TEST(w.beat());
    BOOST_TEST(w.share.may_send("a"));
}

BOOST_AUTO_TEST_CASE(a_bucket_is_given_back_after_its_accounts_and_transactions)
{
    shared_world w;
    w.beat();
    const auto accounts = one_in_each_bucket();
    for (const std::string& a : accounts) w.commit(a, true);
    // One is under way when the other joins.
    worker_view before;
    w.share.begin(before);
    w.beat({{other, 1}});
    BOOST_TEST(w.moves.give_back.empty());
    BOOST_TEST(w.share.has_changed());
    const auto leave = w.share.accounts_to_leave(9);
    BOOST_TEST(!leave.empty());
    BOOST_TEST(leave.size() < 8u);
    BOOST_TEST(w.share.accounts_to_leave(1).size() == 1u);
    for (const std::string& a : leave) {
        BOOST_TEST(!w.share.may_send(a));
        // What is known of it can be stored, but nothing is begun.
        BOOST_TEST(w.view().has(a));
        BOOST_TEST(!w.view().is_open(a));
    }
    worker_view again;
    w.share.begin(again);
    for (const std::string& a : leave) w.share.note_committed(again, {}, {{a, std::nullopt}});
    w.beat({{other, 2}});
    BOOST_TEST(w.moves.give_back.size() == leave.size());
    BOOST_TEST(w.owned() == 8u - leave.size());
    for (const std::string& a : accounts)
        BOOST_TEST(w.share.may_send(a) == (std::find(leave.begin(), leave.end(), a) == leave.end()));
    BOOST_TEST(w.share.accounts_to_leave(9).empty());
    w.share.end();
}

BOOST_AUTO_TEST_CASE(an_account_that_is_loaded_while_its_bucket_drains_has_to_leave)
{
    shared_world w;
    w.beat();
    worker_view view;
    w.share.begin(view);
    w.beat({{other, 1}});
    BOOST_TEST(w.share.accounts_to_leave(9).empty());
    BOOST_TEST(!w.share.has_changed());
    std::vector<account_move> loads;
    for (const std::string& a : one_in_each_bucket()) {
        const bucket_number b = view.bucket_of(a);
        loads.push_back({a, account_entry{b, view.buckets[b].tenure}});
    }
    w.beat({{other, 2}});
    // The transaction is under way: nothing is given back.
    BOOST_TEST(w.moves.give_back.empty());
    w.share.note_committed(view, {}, loads);
    w.share.end();
    BOOST_TEST(w.share.has_changed());
    const auto leave = w.share.accounts_to_leave(9);
    BOOST_TEST(!leave.empty());
    w.beat({{other, 3}});
    BOOST_TEST(w.moves.give_back.empty());
    for (const std::string& a : leave) w.commit(a, false);
    w.beat({{other, 4}});
    BOOST_TEST(w.moves.give_back.size() == leave.size());
}

BOOST_AUTO_TEST_CASE(a_lost_bucket_that_comes_back_is_a_new_one)
{
    shared_world w;
    w.beat();
    w.commit("a", true);
    const worker_view old = w.view();
    const bucket_number b = w.bucket("a");
    // Another one had it, and gave it back: owner and epoch have changed.
    w.rows[b].owner = {};
    w.rows[b].epoch += 2;
    w.beat();
    BOOST_TEST(!w.share.may_send("a"));
    w.beat();
    BOOST_TEST(w.share.has_all_buckets());
    BOOST_TEST(!w.share.may_send("a"));
    BOOST_TEST(!w.view().has("a"));
    BOOST_TEST(!w.view().is_claimed_in(b, old.buckets[b].tenure));
    BOOST_TEST(w.share.accounts_to_leave(9) == std::vector<std::string>{"a"}, boost::test_tools::per_element());
    // What an old transaction learns does not concern the new one.
    w.share.lose(old, b);
    BOOST_TEST(w.share.has_all_buckets());
    w.share.rewind_own(old, 0);
    w.commit("a", false);
    w.commit("a", true);
    BOOST_TEST(w.share.may_send("a"));
    w.share.lose(w.view(), b);
    BOOST_TEST(!w.share.has_all_buckets());
    BOOST_TEST(!w.share.may_send("a"));
}

BOOST_AUTO_TEST_CASE(a_worker_that_was_fenced_has_nothing_and_begins_anew)
{
    shared_world w;
    w.beat();
    w.commit("a", true);
    w.share.beat_begins();
    BOOST_TEST(!w.share.beat_answered(std::nullopt, {}));
    BOOST_TEST(w.share.is_fenced());
    BOOST_TEST(!w.share.may_send());
    BOOST_TEST(!w.view().has("a"));
    BOOST_TEST((w.share.how_it_ends() == worker_share::ending::none));
    w.share.begin_life(third);
    BOOST_TEST(w.share.id() == third.text());
    BOOST_TEST(!w.share.is_fenced());
    BOOST_TEST(w.share.accounts_to_leave(9).size() == 1u);
    // The other life's transaction does not count in this one.
    worker_view old;
    old.id = me;
    old.buckets.resize(8);
    fence_set own;
    own.own = bucket_fence{0, 0, 6, 7};
    w.share.note_committed(old, own, {});
    w.share.rewind_own(old, 5);
    BOOST_TEST(w.view().own_seq == 0u);
    w.share.note_committed(w.view(), own, {});
    BOOST_TEST(w.view().own_seq == 7u);
}

BOOST_AUTO_TEST_CASE(lost_commits_hold_everything_until_all_accounts_have_left)
{
    // Shown by a heartbeat, by a look, by a bucket's fence, by the worker's own fence.
    for (const int shown_by : {0, 1, 2, 3}) {
        shared_world w;
        w.beat();
        const auto accounts = one_in_each_bucket();
        for (int i = 0; i < 2; ++i)
            for (const std::string& a : accounts) w.commit(a, true);
        const worker_view before = w.view();
        switch (shown_by) {
            case 0: w.number -= 2; break;
            case 1: --w.rows[3].seq; break;
            case 2: w.share.rewind(before, 3, 1); break;
            default: w.share.rewind_own(before, 1); break;
        }
        w.beat();
        BOOST_TEST(!w.share.may_send());
        BOOST_TEST(w.share.has_changed());
        const worker_view view = w.view();
        BOOST_TEST(view.open_buckets().empty());
        BOOST_TEST(view.buckets[3].seq == (shown_by == 1 || shown_by == 2 ? 1u : 2u));
        BOOST_TEST(view.own_seq == (shown_by == 3 ? 1u : 0u));
        for (const std::string& a : accounts) {
            // The ledger is written, a page is not.
            BOOST_TEST(view.has(a));
            const bucket_number b = view.bucket_of(a);
            BOOST_TEST(!view.is_claimed_in(b, view.buckets[b].tenure));
        }
        auto leave = w.share.accounts_to_leave(9);
        BOOST_TEST(leave.size() == 8u);
        // One of them is another worker's meanwhile; it owes nothing.
        w.share.lose(view, w.bucket(leave.back()));
        leave.pop_back();
        for (const std::string& a : leave) {
            BOOST_TEST(!w.share.may_send());
            w.commit(a, false);
        }
        BOOST_TEST(w.share.may_send());
        BOOST_TEST(w.view().open_buckets().size() == 7u);
        w.commit(leave.front(), true);
        BOOST_TEST(w.share.may_send(leave.front()));
    }
}

BOOST_AUTO_TEST_CASE(lost_commits_without_accounts_hold_nothing)
{
    shared_world w;
    w.beat();
    w.number -= 2;
    w.beat();
    BOOST_TEST(w.share.may_send());
    BOOST_TEST(w.view().open_buckets().size() == 8u);
}

BOOST_AUTO_TEST_CASE(ledgers_may_lack_requests_for_a_while_after_lost_commits)
{
    shared_world w;
    w.beat();
    BOOST_TEST(!w.share.may_lack_requests());
    w.commit("a", true);
    w.number -= 2;
    w.beat();
    BOOST_TEST(!w.share.may_lack_requests());
    // No account is loaded before that.
    w.commit("a", false);
    BOOST_TEST(w.share.may_lack_requests());
    w.clock += 18s - 1ms;
    BOOST_TEST(w.share.may_lack_requests());
    w.clock += 1ms;
    BOOST_TEST(!w.share.may_lack_requests());
}

BOOST_AUTO_TEST_CASE(a_silent_neighbour_is_fenced_and_its_buckets_are_claimed)
{
    shared_world w;
    for (bucket_row& r : w.rows) r.owner = other;
    for (int i = 0; i < 9; ++i) {
        w.beat({{other, 5}});
        BOOST_TEST(w.moves.empty());
    }
    w.beat({{other, 5}});
    BOOST_TEST((w.moves.dead == std::vector<worker_beat>{{other, 5}}));
    // What it had is claimed with the same transaction.
    BOOST_TEST(w.moves.claim.size() == 8u);
    BOOST_TEST(w.share.has_all_buckets());
    // Looks from before the loss of commits are no evidence.
    shared_world v;
    for (int i = 0; i < 9; ++i) v.beat({{other, 5}});
    v.number -= 2;
    for (int i = 0; i < 9; ++i) {
        v.beat({{other, 5}});
        BOOST_TEST(v.moves.dead.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_worker_alone_ends)
{
    using ending = worker_share::ending;
    {
        shared_world w(true);
        BOOST_TEST(w.share.is_alone());
        w.beat({{other, 1}});
        BOOST_TEST(w.moves.empty());
        BOOST_TEST((w.share.how_it_ends() == ending::none));
        w.share.beat_begins();
        BOOST_TEST(!w.share.beat_answered(std::nullopt, {}));
        BOOST_TEST((w.share.how_it_ends() == ending::taken_over));
        w.share.begin_life(third);
        BOOST_TEST((w.share.how_it_ends() == ending::none));
    }
    shared_world w(true);
    w.beat();
    w.number -= 2;
    w.beat();
    BOOST_TEST((w.share.how_it_ends() == ending::commits_lost));
}

BOOST_AUTO_TEST_CASE(a_worker_ends_whose_tables_are_a_newer_programs)
{
    shared_world w;
    w.beat();
    BOOST_TEST(w.share.may_send());
    BOOST_TEST(w.share.has_all_buckets());
    w.share.note_upgrade();
    BOOST_TEST((w.share.how_it_ends() == worker_share::ending::upgraded));
    BOOST_TEST(!w.share.has_all_buckets());
}

BOOST_AUTO_TEST_CASE(the_time_is_that_of_the_shortest_round_trip)
{
    shared_world w;
    w.beat();
    const auto error = [&] { return w.share.now() - (noon + w.clock.time_since_epoch()); };
    // Read 2 ms after it was sent, taken for the middle.
    BOOST_TEST((error() == 1ms));
    w.share.beat_begins();
    w.clock += 500ms;
    BOOST_TEST(w.share.beat_answered(++w.number, noon + 5h));
    BOOST_TEST((error() == 1ms));
    // The clocks differ in rate: sooner or later another one counts.
    for (int i = 0; i < 10; ++i) {
        w.share.beat_begins();
        w.clock += 5ms;
        BOOST_TEST(w.share.beat_answered(++w.number, noon + w.clock.time_since_epoch()));
    }
    BOOST_TEST((error() == 3ms || error() == 2ms));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace unipile::store::postgres
