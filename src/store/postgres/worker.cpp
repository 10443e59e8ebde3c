#include "store/postgres/worker.hpp"

#include "store/postgres/statements.hpp"
#include "thread_name.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include <time.h>
#include <unistd.h>

namespace unipile::store::postgres {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_questions{100};

boot_time boot_now()
{
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return boot_time(
        std::chrono::duration_cast<milliseconds>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)));
}

worker_id fresh_id()
{
    std::random_device random;
    const auto bits = [&] { return std::uint64_t{random()} << 32 | random(); };
    const std::uint64_t high = bits();
    return worker_id::from_random(high, bits());
}

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

}  // namespace

worker::worker(connection& db, const conninfo& where, const store_format& format, const postgres_options& options)
    : db_(db),
      times_(format.leases),
      me_(fresh_id()),
      text_(me_.text()),
      holder_(me_, times_),
      observer_(me_, times_),
      held_(format.buckets),
      used_(format.buckets),
      name_(name_of_process())
{
    for (std::size_t i = 0; i < held_.size(); ++i) held_[i].bucket = static_cast<bucket_number>(i);
    try {
        enter(options);
    } catch (const std::exception&) {
        leave();
        throw;
    }
    thread_ = std::thread([this, where] { beat_on(where); });
}

worker::~worker()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
    thread_.join();
    // Otherwise others find out by themselves.
    if (db_.connected()) leave();
}

void worker::refuse_if_over() const
{
    if (fenced_)
        throw store_error(store_errc::in_use, db_.name(),
                          "another worker has taken over, because this one showed no sign of life for too long");
    if (commits_lost_)
        throw store_error(store_errc::engine, db_.name(),
                          "the database has lost commits that it had confirmed, as after a failover; requests of the "
                          "last seconds before it may not be counted: wait as long, then run the same command again");
}

void worker::note_tried(const fence_set& fences) noexcept
{
    for (const bucket_fence& f : fences.buckets) used_[f.bucket] = std::max(used_[f.bucket], f.next);
    if (fences.own) own_used_ = std::max(own_used_, fences.own->next);
}

void worker::note_committed(const fence_set& fences) noexcept
{
    for (const bucket_fence& f : fences.buckets) held_[f.bucket].seq = f.next;
    if (fences.own) own_.seq = fences.own->next;
}

// Registers, and takes all buckets.
void worker::enter(const postgres_options& options)
{
    query enroll(
        "INSERT INTO unipile.workers (worker, name, state, beat, started, at) "
        "VALUES ($1::uuid, $2, 0, 1, clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING");
    enroll.add(std::string_view(text_)).add(std::string_view(name_));
    query count("INSERT INTO unipile.batches (worker, seq) VALUES ($1::uuid, 0) ON CONFLICT DO NOTHING");
    count.add(std::string_view(text_));
    const std::array batch{query(begin), std::move(enroll), std::move(count), query(commit)};
    db_.run(batch);
    const boot_time began = boot_now();
    std::vector<neighbour> first;
    for (bool again = false;; again = true) {
        std::vector<neighbour> others = look(db_);
        std::erase_if(others, [](const neighbour& n) { return n.buckets == 0; });
        if (others.empty() && claim_all()) return;
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
        beat_once(db_);
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
std::vector<worker::neighbour> worker::look(connection& db)
{
    const rows found = db.run(query(
        "SELECT w.worker::text, w.beat, w.name, (SELECT count(*) FROM unipile.buckets b WHERE b.owner = w.worker) "
        "FROM unipile.workers w WHERE w.state = 0"));
    const boot_time now = boot_now();
    std::vector<neighbour> others;
    std::vector<worker_beat> beats;
    for (int i = 0; i < found.count(); ++i) {
        neighbour n;
        n.beat = {id_in(found, i, 0), static_cast<std::uint64_t>(found.integer(i, 1))};
        n.name = found.string(i, 2);
        n.buckets = static_cast<std::uint64_t>(found.integer(i, 3));
        beats.push_back(n.beat);
        if (n.beat.worker != me_) others.push_back(std::move(n));
    }
    for (const worker_beat& dead : observer_.look(beats, now)) fence(dead);
    return others;
}

void worker::fence(const worker_beat& dead)
{
    const std::string it = dead.worker.text();
    query alive("SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0 FOR SHARE");
    alive.add(std::string_view(text_));
    query end(
        "UPDATE unipile.workers SET state = 1 WHERE worker = $1::uuid AND state = 0 AND beat = $2 "
        "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $3::uuid AND state = 0)");
    end.add(std::string_view(it)).add(dead.beat).add(std::string_view(text_));
    // Waits for a transaction of that worker which belongs to no bucket, and ends all later ones.
    query forget(
        "DELETE FROM unipile.batches WHERE worker = $1::uuid "
        "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 1)");
    forget.add(std::string_view(it));
    const std::array batch{query(begin), std::move(alive), std::move(end), std::move(forget), query(commit)};
    db_.run(batch);
}

// Claims what is free, or was of a worker that was fenced or has left. Returns false if something else is left.
bool worker::claim_all()
{
    query alive("SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0 FOR SHARE");
    alive.add(std::string_view(text_));
    query claim(
        "UPDATE unipile.buckets SET owner = $1::uuid, epoch = epoch + 1 WHERE (owner IS NULL OR "
        "owner IN (SELECT worker FROM unipile.workers WHERE state <> 0)) "
        "AND EXISTS (SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0)");
    claim.add(std::string_view(text_));
    // Reads what an earlier claim without an answer has claimed, too.
    query mine("SELECT bucket, epoch, seq FROM unipile.buckets WHERE owner = $1::uuid");
    mine.add(std::string_view(text_));
    const std::array batch{query(begin), std::move(alive), std::move(claim), std::move(mine), query(commit)};
    const std::vector<rows> results = db_.run(batch);
    const rows& got = results[3];
    for (int i = 0; i < got.count(); ++i) {
        held_bucket& h = held_.at(static_cast<std::size_t>(got.integer(i, 0)));
        h.epoch = static_cast<std::uint64_t>(got.integer(i, 1));
        h.seq = static_cast<std::uint64_t>(got.integer(i, 2));
    }
    return got.count() == static_cast<int>(held_.size());
}

void worker::beat_once(connection& db)
{
    holder_.beat_begins(boot_now());
    query beat(
        "UPDATE unipile.workers SET beat = beat + 1, at = clock_timestamp() "
        "WHERE worker = $1::uuid AND state = 0 RETURNING beat");
    beat.add(std::string_view(text_));
    rows answer = [&] {
        try {
            return db.run(beat);
        } catch (const store_error&) {
            holder_.beat_unknown();
            throw;
        }
    }();
    const auto number =
        answer.count() == 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(answer.integer(0, 0)));
    switch (holder_.beat_answered(number)) {
        case lease_holder::answer::held: break;
        case lease_holder::answer::commits_lost: commits_lost_ = true; break;
        case lease_holder::answer::fenced: fenced_ = true; break;
    }
}

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
    while (!fenced_) {
        {
            std::unique_lock lock(mutex_);
            if (stopped_.wait_for(lock, times_.beat_every, [this] { return stopping_; })) return;
        }
        try {
            beat_once(db);
        } catch (const std::exception&) {
            db.reset();
        }
    }
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
        const std::array batch{query(begin), std::move(back), std::move(gone), std::move(forget), query(commit)};
        db_.run(batch);
    } catch (const std::exception&) {
        return;
    }
}

}  // namespace unipile::store::postgres
