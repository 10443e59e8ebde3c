// How a worker registers, shows that it lives, and moves buckets.
#include "store/postgres/worker.hpp"

#include "store/postgres/statements.hpp"
#include "thread_name.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace unipile::store::postgres {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_questions{100};
// Between beats that fail.
constexpr milliseconds between_tries{10};

worker_id fresh_id()
{
    std::random_device random;
    const auto bits = [&] { return std::uint64_t{random()} << 32 | random(); };
    const std::uint64_t high = bits();
    return worker_id::from_random(high, bits());
}

worker_id id_in(const rows& found, int row, int column)
{
    return worker_id::parse(found.text(row, column)).value_or(worker_id{});
}

// Of bucket, owner, epoch, seq.
bucket_row bucket_in(const rows& found, int row)
{
    bucket_row b;
    b.bucket = static_cast<bucket_number>(found.integer(row, 0));
    b.owner = id_in(found, row, 1);
    b.epoch = static_cast<std::uint64_t>(found.integer(row, 2));
    b.seq = static_cast<std::uint64_t>(found.integer(row, 3));
    return b;
}

}  // namespace

// Registration.

void worker::begin_life()
{
    me_ = fresh_id();
    text_ = me_.text();
    holder_ = lease_holder(me_, times_);
    observer_ = lease_observer(me_, times_);
    own_seq_ = 0;
    for (bucket_state& b : buckets_) b = {};
    ++version_;
    changed_ = true;
}

// The registration is the first beat.
void worker::enroll(connection& db)
{
    query in(
        "INSERT INTO unipile.workers (worker, name, state, beat, started, at, alone) "
        "VALUES ($1::uuid, $2, 0, 1, clock_timestamp(), clock_timestamp(), $3) ON CONFLICT DO NOTHING");
    in.add(std::string_view(text_)).add(std::string_view(name_)).add(alone_);
    query count("INSERT INTO unipile.batches (worker, seq) VALUES ($1::uuid, 0) ON CONFLICT DO NOTHING");
    count.add(std::string_view(text_));
    const std::array batch{query(postgres::begin), std::move(in), std::move(count), query(commit)};
    db.run(batch);
}

// Registers, and takes its buckets: all of them if no other worker has any.
void worker::enter(const postgres_options& options)
{
    enroll(db_);
    const boot_time began = boot_now();
    std::vector<neighbour> first;
    for (bool again = false;; again = true) {
        std::vector<neighbour> others = look_at_neighbours();
        std::erase_if(others, [this](const neighbour& n) { return alone_ ? n.buckets == 0 : !n.alone; });
        if (others.empty() && (alone_ ? claim_all() : tend(db_))) return;
        if (!again) first = others;
        for (const neighbour& n : others) {
            const auto seen = std::find_if(first.begin(), first.end(),
                                           [&](const neighbour& f) { return f.beat.worker == n.beat.worker; });
            if (seen == first.end() ? again : seen->beat.beat != n.beat.beat)
                throw store_error(store_errc::in_use, db_.name(), "by " + n.name);
        }
        if (others.empty())
            std::this_thread::sleep_for(between_questions);
        else
            wait_for(others.front(), options, began);
        beat_once(db_, nullptr);
    }
}

// Waits until the next look.
void worker::wait_for(const neighbour& other, const postgres_options& options, boot_time began)
{
    const boot_time until = boot_now() + times_.beat_every;
    for (boot_time now = boot_now(); now < until; now = boot_now()) {
        waiting w;
        w.what = waiting::reason::worker;
        w.waited = now - began;
        w.longest = times_.take_after;
        w.who = other.name;
        if (options.while_waiting && !options.while_waiting(w)) throw store_error(store_errc::interrupted, db_.name());
        std::this_thread::sleep_for(std::min<milliseconds>(between_questions, until - now));
    }
}

// Returns the other live workers, and fences those that are dead.
std::vector<worker::neighbour> worker::look_at_neighbours()
{
    const rows found = db_.run(query(
        "SELECT w.worker::text, w.beat, w.name, (SELECT count(*) FROM unipile.buckets b WHERE b.owner = w.worker), "
        "w.alone FROM unipile.workers w WHERE w.state = 0"));
    const boot_time now = boot_now();
    std::vector<neighbour> others;
    std::vector<worker_beat> beats;
    for (int i = 0; i < found.count(); ++i) {
        neighbour n;
        n.beat = {id_in(found, i, 0), static_cast<std::uint64_t>(found.integer(i, 1))};
        n.name = found.string(i, 2);
        n.buckets = static_cast<std::uint64_t>(found.integer(i, 3));
        n.alone = found.boolean(i, 4);
        beats.push_back(n.beat);
        if (n.beat.worker != me_) others.push_back(std::move(n));
    }
    bucket_moves none;
    write_moves(db_, observer_.look(beats, now), none);
    return others;
}

// Claims what is free, or was of a worker that was fenced or has left. Returns false if something else is left.
bool worker::claim_all()
{
    bucket_moves all;
    for (std::size_t b = 0; b < buckets_.size(); ++b) all.claim.push_back(static_cast<bucket_number>(b));
    write_moves(db_, {}, all);
    return std::all_of(buckets_.begin(), buckets_.end(), [](const bucket_state& b) { return b.held; });
}

void worker::leave() noexcept
{
    try {
        query back("UPDATE unipile.buckets SET owner = NULL, epoch = epoch + 1 WHERE owner = $1::uuid");
        back.add(std::string_view(text_));
        query gone("UPDATE unipile.workers SET state = 2 WHERE worker = $1::uuid AND state = 0");
        gone.add(std::string_view(text_));
        query forget("DELETE FROM unipile.batches WHERE worker = $1::uuid");
        forget.add(std::string_view(text_));
        const std::array batch{query(postgres::begin), std::move(back), std::move(gone), std::move(forget),
                               query(commit)};
        db_.run(batch);
    } catch (const std::exception&) {
        return;
    }
}

// Beats.

// The thread.
void worker::beat_on(const conninfo& where)
{
    name_this_thread("unipile-lease");
    connection_options options;
    options.connect_timeout = std::min<milliseconds>(options.connect_timeout, times_.hold_for);
    options.answer_timeout = std::min<milliseconds>(options.answer_timeout, times_.hold_for);
    options.start_patience = milliseconds(0);
    options.while_waiting = [this](milliseconds) {
        const std::lock_guard lock(mutex_);
        return !stopping_;
    };
    connection db(where, options);
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            const boot_time now = boot_now();
            const milliseconds pause = std::max(holder_.next_beat(now) - now, between_tries);
            if (stopped_.wait_for(lock, pause, [this] { return stopping_; })) return;
            if (over_) return;
        }
        try {
            tend(db);
        } catch (const std::exception&) {
            db.reset();
        }
    }
}

// One beat and what follows from it. Returns true if this worker lives.
bool worker::tend(connection& db)
{
    {
        std::unique_lock lock(mutex_);
        if (holder_.is_fenced()) {
            begin_life();
            // The registration may arrive although its answer does not, so the beat tells.
            lock.unlock();
            enroll(db);
        }
    }
    std::vector<held_bucket> mine;
    {
        const std::lock_guard lock(mutex_);
        mine = held();
    }
    sight seen;
    if (!beat_once(db, &seen)) return false;
    if (!alone_) move(db, seen, mine);
    return true;
}

// Returns true if this worker lives. `seen`, where not null, is set to what the look has shown.
bool worker::beat_once(connection& db, sight* seen)
{
    query beat(
        "UPDATE unipile.workers SET beat = beat + 1, at = clock_timestamp() "
        "WHERE worker = $1::uuid AND state = 0 RETURNING beat, at");
    beat.add(std::string_view(text_));
    const std::array batch{query(postgres::begin), std::move(beat),
                           query("SELECT worker::text, beat FROM unipile.workers WHERE state = 0"),
                           query("SELECT bucket, owner::text, epoch, seq FROM unipile.buckets ORDER BY bucket"),
                           query(commit)};
    sight s;
    s.sent = boot_now();
    {
        const std::lock_guard lock(mutex_);
        holder_.beat_begins(s.sent);
    }
    std::vector<rows> answer;
    try {
        answer = db.run(batch);
    } catch (const store_error&) {
        const std::lock_guard lock(mutex_);
        holder_.beat_unknown();
        throw;
    }
    s.received = boot_now();
    const rows& mine = answer[1];
    const std::lock_guard lock(mutex_);
    const auto number =
        mine.count() == 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(mine.integer(0, 0)));
    switch (holder_.beat_answered(number)) {
        case lease_holder::answer::held: break;
        case lease_holder::answer::commits_lost: rewind_all(); break;
        case lease_holder::answer::fenced:
            over_ = alone_;
            for (std::size_t b = 0; b < buckets_.size(); ++b) drop(static_cast<bucket_number>(b));
            return false;
    }
    measure(mine.time(0, 1).value_or(wall_time{}), s.sent, s.received);
    if (!seen) return true;
    for (int i = 0; i < answer[2].count(); ++i)
        s.live.push_back({id_in(answer[2], i, 0), static_cast<std::uint64_t>(answer[2].integer(i, 1))});
    for (int i = 0; i < answer[3].count(); ++i) s.buckets.push_back(bucket_in(answer[3], i));
    *seen = std::move(s);
    return true;
}

// The clock was read somewhere in the round trip, so short ones count. The lock is held.
void worker::measure(wall_time database, boot_time sent, boot_time received)
{
    const milliseconds took = received - sent;
    shortest_ = std::min(shortest_ + milliseconds(1), milliseconds(std::chrono::minutes(1)));
    if (took > shortest_) return;
    shortest_ = took;
    database_time_ = database;
    measured_at_ = sent + took / 2;
}

// Fences the dead, and moves buckets.
void worker::move(connection& db, const sight& seen, const std::vector<held_bucket>& held)
{
    std::vector<worker_beat> dead;
    bucket_moves moves;
    {
        const std::lock_guard lock(mutex_);
        dead = observer_.look(seen.live, seen.received);
        std::vector<worker_id> live;
        for (const worker_beat& w : seen.live)
            if (std::find(dead.begin(), dead.end(), w) == dead.end()) live.push_back(w.worker);
        moves = bucket_plan(me_, live, times_).next(seen.buckets, held);
        for (const bucket_number b : moves.lost) drop(b);
        for (const bucket_row& row : moves.adopt) take(row);
        for (const bucket_number b : moves.drain) {
            buckets_[b].draining = true;
            buckets_[b].drains_behind = begun_;
            ++version_;
            changed_ = true;
        }
        if (moves.commits_lost) {
            // A transaction under way finds out by itself.
            for (const held_bucket& h : held) {
                const bucket_row& row = seen.buckets.at(h.bucket);
                bucket_state& b = buckets_[h.bucket];
                if (b.held && row.epoch == b.epoch && row.seq < h.seq && b.seq == h.seq) b.seq = row.seq;
            }
            rewind_all();
        }
    }
    write_moves(db, dead, moves);
}

// One transaction of this worker if it lives.
void worker::write_moves(connection& db, const std::vector<worker_beat>& dead, const bucket_moves& moves)
{
    if (dead.empty() && moves.claim.empty() && moves.give_back.empty()) return;
    std::vector<query> batch;
    batch.emplace_back(postgres::begin);
    // A transaction of a worker that was stopped inside it must not keep this one from beating.
    batch.emplace_back("SET LOCAL lock_timeout = " + std::to_string(times_.beat_every.count()));
    batch.emplace_back("SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0 FOR SHARE");
    batch.back().add(std::string_view(text_));
    for (const worker_beat& w : dead) {
        const std::string it = w.worker.text();
        batch.emplace_back(
            "UPDATE unipile.workers SET state = 1 WHERE worker = $1::uuid AND state = 0 AND beat = $2 "
            "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $3::uuid AND state = 0)");
        batch.back().add(std::string_view(it)).add(w.beat).add(std::string_view(text_));
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
    batch.back().add(std::move(given)).add(std::move(epochs)).add(std::string_view(text_));
    batch.emplace_back(
        "UPDATE unipile.buckets SET owner = $1::uuid, epoch = epoch + 1 WHERE bucket = ANY ($2) AND (owner IS NULL OR "
        "owner IN (SELECT worker FROM unipile.workers WHERE state <> 0)) "
        "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0)");
    batch.back().add(std::string_view(text_)).add(wanted);
    // Reads what an earlier claim without an answer has claimed, too.
    batch.emplace_back(
        "SELECT bucket, owner::text, epoch, seq FROM unipile.buckets WHERE bucket = ANY ($2) AND owner = $1::uuid");
    batch.back().add(std::string_view(text_)).add(std::move(wanted));
    batch.emplace_back(commit);
    const std::size_t claimed = batch.size() - 2;
    const std::vector<rows> results = db.run(batch);
    const std::lock_guard lock(mutex_);
    for (const held_bucket& h : moves.give_back)
        if (buckets_[h.bucket].held && buckets_[h.bucket].epoch == h.epoch) drop(h.bucket);
    for (int i = 0; i < results[claimed].count(); ++i) take(bucket_in(results[claimed], i));
}

}  // namespace unipile::store::postgres
