#include "store/postgres/worker.hpp"

#include "store/postgres/statements.hpp"
#include "store/postgres/transaction.hpp"
#include "thread_name.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <time.h>
#include <unistd.h>

namespace unipile::store::postgres {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_questions{100};
// Between heartbeats that fail.
constexpr milliseconds between_tries{10};
// Rows of ended workers are removed with each of so many heartbeats.
constexpr unsigned removal_every = 100;

// The name of this worker, for display.
std::string name_of_process()
{
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return storable_text(host.data()) + ", process " + std::to_string(::getpid());
}

worker_id id_in(const rows& found, int row, int column)
{
    return worker_id::parse(found.text(row, column)).value_or(worker_id{});
}

// One heartbeat without an answer leaves time for others.
milliseconds longest_beat(const lease_options& times)
{
    return std::max<milliseconds>(times.beat_every, times.hold_for / 3);
}

// Of bucket, owner, epoch, seq.
std::vector<bucket_row> buckets_in(const rows& found)
{
    std::vector<bucket_row> buckets;
    for (int i = 0; i < found.count(); ++i) {
        bucket_row b;
        b.bucket = static_cast<bucket_number>(found.integer(i, 0));
        b.owner = id_in(found, i, 1);
        b.epoch = static_cast<std::uint64_t>(found.integer(i, 2));
        b.seq = static_cast<std::uint64_t>(found.integer(i, 3));
        buckets.push_back(b);
    }
    return buckets;
}

}  // namespace

boot_time boot_now()
{
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return boot_time(
        std::chrono::duration_cast<milliseconds>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)));
}

store_error lost_commits(const std::string& store)
{
    return {store_errc::engine, store,
            "the database has lost commits that it had confirmed, as after a failover; requests of the last seconds "
            "before it may not be counted: wait as long, then run the same command again"};
}

store_error upgraded(const std::string& store)
{
    return {store_errc::newer_schema, store, "which has changed its tables meanwhile"};
}

worker::worker(connection& db, const conninfo& where, const store_format& format, const postgres_options& options)
    : db_(db),
      where_(where),
      times_(format.leases),
      options_(options),
      name_(name_of_process()),
      share_(format.leases, format.buckets, options.access == access::sole, boot_now)
{
    share_.begin_life(fresh_worker_id());
}

worker::~worker()
{
    if (thread_.joinable()) {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        stopped_.notify_all();
        thread_.join();
    }
    // Otherwise others find out by themselves.
    if (db_.connected()) leave();
}

void worker::refuse_if_over() const
{
    switch (share_.how_it_ends()) {
        case worker_share::ending::none: return;
        case worker_share::ending::taken_over:
            throw store_error(store_errc::in_use, db_.name(),
                              "another worker has taken over, because this one sent no heartbeat for too long");
        case worker_share::ending::commits_lost: throw lost_commits(db_.name());
        case worker_share::ending::upgraded: throw upgraded(db_.name());
    }
}

// Registration.

// The registration is the first heartbeat.
void worker::enroll(connection& db)
{
    const std::string id = share_.id();
    query in(
        "INSERT INTO unipile.workers (worker, name, state, beat, started, at, alone) "
        "VALUES ($1::uuid, $2, 0, 1, clock_timestamp(), clock_timestamp(), $3) ON CONFLICT DO NOTHING "
        "RETURNING beat, at");
    in.add(std::string_view(id)).add(std::string_view(name_)).add(share_.is_alone());
    query count("INSERT INTO unipile.batches (worker, seq) VALUES ($1::uuid, 0) ON CONFLICT DO NOTHING");
    count.add(std::string_view(id));
    std::vector<query> batch;
    batch.push_back(std::move(in));
    batch.push_back(std::move(count));
    const std::vector<rows> answer = run_beat(db, std::move(batch));
    // Otherwise an earlier try has arrived, and the next heartbeat has an answer.
    if (answer[0].count() > 0)
        note_beat(answer[0]);
    else
        share_.beat_unknown();
}

// Runs statements with a heartbeat. While commits wait for a standby that is gone, one that was given up keeps its row
// locked, and its session: those after it must not stay behind as well.
std::vector<rows> worker::run_beat(connection& db, std::vector<query> batch)
{
    batch.insert(batch.begin(), query("SET LOCAL lock_timeout = " + std::to_string(longest_beat(times_).count())));
    share_.beat_begins();
    try {
        std::vector<rows> results = run_transaction(db, std::move(batch));
        results.erase(results.begin());
        return results;
    } catch (const store_error&) {
        share_.beat_unknown();
        throw;
    }
}

// The rows are of beat, at. Returns true if this worker lives.
bool worker::note_beat(const rows& answer)
{
    if (answer.count() == 0) return share_.beat_answered(std::nullopt, {});
    return share_.beat_answered(static_cast<std::uint64_t>(answer.integer(0, 0)),
                                answer.time(0, 1).value_or(wall_time{}));
}

// The registration may arrive although its answer does not, so the next heartbeat shows whether it has.
void worker::begin_anew(connection& db)
{
    share_.begin_life(fresh_worker_id());
    enroll(db);
}

void worker::enter()
{
    enroll(db_);
    const bool alone = share_.is_alone();
    const boot_time began = boot_now();
    std::vector<neighbour> first;
    for (bool again = false;; again = true) {
        std::vector<neighbour> others = look_at_neighbours();
        std::erase_if(others, [alone](const neighbour& n) { return alone ? n.buckets == 0 : !n.alone; });
        if (others.empty() && (alone ? claim_all() : tend(db_))) break;
        if (!again) first = others;
        refuse_if_alive(first, others, again);
        if (others.empty())
            std::this_thread::sleep_for(between_questions);
        else
            wait_for(others.front(), began);
        if (!beat_once(db_, nullptr)) begin_anew(db_);
    }
    thread_ = std::thread([this] { beat_on(); });
}

void worker::refuse_if_alive(const std::vector<neighbour>& first, const std::vector<neighbour>& now, bool again) const
{
    for (const neighbour& n : now) {
        const auto seen = std::find_if(first.begin(), first.end(),
                                       [&](const neighbour& f) { return f.beat.worker == n.beat.worker; });
        if (seen == first.end() ? again : seen->beat.beat != n.beat.beat)
            throw store_error(store_errc::in_use, db_.name(), "by " + n.name);
    }
}

// Waits until the next look.
void worker::wait_for(const neighbour& other, boot_time began) const
{
    const boot_time until = boot_now() + times_.beat_every;
    for (boot_time now = boot_now(); now < until; now = boot_now()) {
        waiting w;
        w.what = waiting::reason::worker;
        w.waited = now - began;
        w.longest = times_.take_after;
        w.who = other.name;
        if (options_.while_waiting && !options_.while_waiting(w))
            throw store_error(store_errc::interrupted, db_.name());
        std::this_thread::sleep_for(std::min<milliseconds>(between_questions, until - now));
    }
}

// Returns the other live workers, and fences those that are dead.
std::vector<worker::neighbour> worker::look_at_neighbours()
{
    const rows found = db_.run(query(
        "SELECT w.worker::text, w.beat, w.name, (SELECT count(*) FROM unipile.buckets b WHERE b.owner = w.worker), "
        "w.alone FROM unipile.workers w WHERE w.state = 0"));
    const std::string me = share_.id();
    std::vector<neighbour> others;
    std::vector<worker_beat> beats;
    for (int i = 0; i < found.count(); ++i) {
        neighbour n;
        n.beat = {id_in(found, i, 0), static_cast<std::uint64_t>(found.integer(i, 1))};
        n.name = found.string(i, 2);
        n.buckets = static_cast<std::uint64_t>(found.integer(i, 3));
        n.alone = found.boolean(i, 4);
        beats.push_back(n.beat);
        if (found.text(i, 0) != me) others.push_back(std::move(n));
    }
    share_moves dead;
    dead.dead = share_.find_dead(beats);
    write_moves(db_, dead);
    return others;
}

// Claims what is free, or was of a worker that was fenced or has left. Returns false if something else is left.
bool worker::claim_all()
{
    share_moves all;
    for (std::size_t b = 0; b < share_.buckets(); ++b) all.claim.push_back(static_cast<bucket_number>(b));
    write_moves(db_, all);
    return share_.has_all_buckets();
}

void worker::leave() noexcept
{
    try {
        const std::string id = share_.id();
        query back("UPDATE unipile.buckets SET owner = NULL, epoch = epoch + 1 WHERE owner = $1::uuid");
        back.add(std::string_view(id));
        query gone("UPDATE unipile.workers SET state = 2 WHERE worker = $1::uuid AND state = 0");
        gone.add(std::string_view(id));
        query forget("DELETE FROM unipile.batches WHERE worker = $1::uuid");
        forget.add(std::string_view(id));
        std::vector<query> batch;
        for (query* q : {&back, &gone, &forget}) batch.push_back(std::move(*q));
        run_transaction(db_, std::move(batch));
    } catch (const std::exception&) {
        return;
    }
}

// Heartbeats.

// The thread.
void worker::beat_on()
{
    name_this_thread("unipile-lease");
    connection_options options;
    const milliseconds longest = longest_beat(times_);
    options.connect_timeout = std::min<milliseconds>(options.connect_timeout, longest);
    options.answer_timeout = std::min<milliseconds>(options.answer_timeout, longest);
    options.start_patience = milliseconds(0);
    options.while_waiting = [this](milliseconds) {
        const std::lock_guard lock(mutex_);
        return !stopping_;
    };
    connection db(where_, options);
    for (unsigned n = 0;; ++n) {
        {
            std::unique_lock lock(mutex_);
            const milliseconds pause = std::max(share_.until_next_beat(), between_tries);
            if (stopped_.wait_for(lock, pause, [this] { return stopping_; })) return;
        }
        const worker_share::ending ending = share_.how_it_ends();
        if (ending == worker_share::ending::taken_over || ending == worker_share::ending::upgraded) return;
        try {
            if (tend(db) && n % removal_every == 0) remove_ended(db);
        } catch (const std::exception&) {
            db.reset();
        }
    }
}

// One heartbeat and what follows from it. Returns true if this worker lives.
bool worker::tend(connection& db)
{
    if (share_.is_fenced()) begin_anew(db);
    store_look seen;
    if (!beat_once(db, &seen)) return false;
    write_moves(db, share_.look(seen));
    return true;
}

// Returns true if this worker lives. `seen`, where not null, is set to what the look has shown.
bool worker::beat_once(connection& db, store_look* seen)
{
    query beat(
        "UPDATE unipile.workers SET beat = beat + 1, at = clock_timestamp() "
        "WHERE worker = $1::uuid AND state = 0 RETURNING beat, at");
    const std::string id = share_.id();
    beat.add(std::string_view(id));
    std::vector<query> batch;
    batch.push_back(std::move(beat));
    batch.emplace_back("SELECT worker::text, beat FROM unipile.workers WHERE state = 0");
    batch.emplace_back("SELECT bucket, owner::text, epoch, seq FROM unipile.buckets ORDER BY bucket");
    // A newer program that changes the tables fences all workers in the same transaction. They begin no other life.
    batch.emplace_back("SELECT 1 FROM unipile.store WHERE name = 'schema' AND value <> $1");
    batch.back().add(std::string_view(std::to_string(schema_version)));
    const std::vector<rows> answer = run_beat(db, std::move(batch));
    const bool lives = note_beat(answer[0]);
    if (answer[3].count() > 0) {
        share_.note_upgrade();
        throw upgraded(db.name());
    }
    if (!lives || !seen) return lives;
    for (int i = 0; i < answer[1].count(); ++i)
        seen->live.push_back({id_in(answer[1], i, 0), static_cast<std::uint64_t>(answer[1].integer(i, 1))});
    seen->buckets = buckets_in(answer[2]);
    return true;
}

// One transaction of this worker if it lives.
void worker::write_moves(connection& db, const share_moves& moves)
{
    if (moves.empty()) return;
    const std::string me = share_.id();
    std::vector<query> batch;
    // A transaction of a worker that was stopped inside it must not keep this one from beating.
    batch.emplace_back("SET LOCAL lock_timeout = " + std::to_string(times_.beat_every.count()));
    batch.emplace_back("SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0 FOR SHARE");
    batch.back().add(std::string_view(me));
    for (const worker_beat& w : moves.dead) {
        const std::string it = w.worker.text();
        batch.emplace_back(
            "UPDATE unipile.workers SET state = 1 WHERE worker = $1::uuid AND state = 0 AND beat = $2 "
            "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $3::uuid AND state = 0)");
        batch.back().add(std::string_view(it)).add(w.beat).add(std::string_view(me));
        // Waits for a transaction of that worker which belongs to no bucket, and ends all later ones.
        batch.emplace_back(
            "DELETE FROM unipile.batches WHERE worker = $1::uuid "
            "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 1)");
        batch.back().add(std::string_view(it));
    }
    array given(type_id::bigint), epochs(type_id::bigint), wanted(type_id::bigint);
    for (const held_bucket& h : moves.give_back) {
        given.add(h.bucket);
        epochs.add(h.epoch);
    }
    for (const bucket_number b : moves.claim) wanted.add(b);
    batch.emplace_back(
        "UPDATE unipile.buckets b SET owner = NULL, epoch = b.epoch + 1 FROM unnest($1, $2) AS x(bucket, epoch) "
        "WHERE b.bucket = x.bucket AND b.epoch = x.epoch AND b.owner = $3::uuid");
    batch.back().add(std::move(given)).add(std::move(epochs)).add(std::string_view(me));
    batch.emplace_back(
        "UPDATE unipile.buckets SET owner = $1::uuid, epoch = epoch + 1 WHERE bucket = ANY ($2) AND (owner IS NULL OR "
        "owner IN (SELECT worker FROM unipile.workers WHERE state <> 0)) "
        "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0)");
    batch.back().add(std::string_view(me)).add(wanted);
    // Reads what an earlier claim without an answer has claimed, too.
    batch.emplace_back(
        "SELECT bucket, owner::text, epoch, seq FROM unipile.buckets WHERE bucket = ANY ($2) AND owner = $1::uuid");
    batch.back().add(std::string_view(me)).add(std::move(wanted));
    const std::vector<rows> results = run_transaction(db, std::move(batch));
    share_.moved(moves, buckets_in(results.back()));
}

// Rows of workers that have ended are kept for a day, for people, and as long as they own a bucket: only a row shows
// that its buckets may be claimed.
void worker::remove_ended(connection& db)
{
    std::vector<query> batch;
    batch.emplace_back(
        "DELETE FROM unipile.workers w WHERE w.state <> 0 AND w.at < clock_timestamp() - interval '1 day' "
        "AND NOT EXISTS (SELECT 1 FROM unipile.buckets b WHERE b.owner = w.worker)");
    run_transaction(db, std::move(batch));
}

}  // namespace unipile::store::postgres
