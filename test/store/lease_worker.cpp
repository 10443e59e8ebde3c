#include "lease_worker.hpp"

#include "lease_world.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace unipile::store::test {

namespace {

// How long a worker waits for the answer to anything but a beat.
constexpr std::chrono::milliseconds patience{2'000};

}  // namespace

model_worker::model_worker(lease_world& world, std::size_t number, double rate, moment clock)
    : world_(&world), number_(number), rate_(rate), clock_(clock)
{}

void model_worker::start()
{
    stop();
    running_ = true;
    leaving_ = added_ = false;
    auto& random = world_->random();
    const auto high = random.next(), low = random.next();
    const auto id = worker_id::from_random(high, low);
    holder_ = lease_holder{id, world_->setting().options};
    observer_ = lease_observer{id, world_->setting().options};
    last_answered_beat_ = boot_time::min();
    buckets_.assign(world_->setting().buckets, {});
    used_.assign(world_->setting().buckets, 0);
    accounts_.assign(world_->setting().accounts, {});
    beat();
}

void model_worker::stop()
{
    ++life_;
    running_ = false;
    serial_ = 0;
}

void model_worker::pause(moment until, bool frozen)
{
    ++pauses_;
    paused_until_ = until;
    if (!frozen) return;
    frozen_ += until - world_->now();
    frozen_until_ = until;
}

boot_time model_worker::clock() const
{
    // During a pause the frozen time lies ahead.
    const auto frozen = frozen_ - (frozen_until_ > world_->now() ? frozen_until_ - world_->now() : 0);
    return boot_time{
        std::chrono::milliseconds{clock_ + static_cast<moment>(static_cast<double>(world_->now() - frozen) * rate_)}};
}

moment model_worker::true_time(std::chrono::milliseconds duration) const
{
    return static_cast<moment>(std::ceil(static_cast<double>(duration.count()) / rate_));
}

bool model_worker::holds(bucket_number bucket, std::uint64_t epoch) const
{
    const auto& b = buckets_[bucket];
    return b.held && b.loaded && b.epoch == epoch;
}

bool model_worker::is_within_hold() const
{
    return last_answered_beat_ != boot_time::min() &&
           clock() < last_answered_beat_ + world_->setting().options.hold_for;
}

// ---- beats, looks and moves

void model_worker::next_beat()
{
    world_->beat_at(*this, world_->now() + true_time(holder_.next_beat(clock()) - clock()));
}

void model_worker::beat()
{
    holder_.beat_begins(clock());
    last_beat_ = clock();
    beat_begun_ = world_->now();
    for (auto& b : buckets_) b.seq_at_look = b.seq;
    auto& m =
        world_->new_message(*this, std::exchange(added_, true) ? lease_message::kind::beat : lease_message::kind::add);
    serial_ = m.serial;
    world_->send(m, true_time(world_->setting().options.beat_every));
}

void model_worker::answered(const lease_message& m)
{
    using kind = lease_message::kind;
    switch (m.what) {
        case kind::add:
        case kind::beat:
            if (m.serial == serial_) seen(m);
            break;
        case kind::moves:
            if (m.serial == serial_) moved(m);
            break;
        case kind::leave:
            if (m.serial == serial_) stop();
            break;
        case kind::load:
            if (m.serial == buckets_[m.bucket.bucket].serial) loaded(m);
            break;
        case kind::write:
            if (m.serial == buckets_[m.bucket.bucket].serial) written(m);
            break;
    }
}

void model_worker::deadline_passed(const lease_message& m)
{
    using kind = lease_message::kind;
    if (m.what == kind::load || m.what == kind::write) {
        if (m.serial == buckets_[m.bucket.bucket].serial) repeat(m);
        return;
    }
    if (m.serial != serial_) return;
    serial_ = 0;
    if (m.what == kind::add || m.what == kind::beat) holder_.beat_unknown();
    next_beat();
}

// The same again, with the same fence, until its outcome is known.
void model_worker::repeat(const lease_message& m)
{
    auto& again = world_->new_message(*this, m.what);
    again.bucket = m.bucket;
    again.account = m.account;
    again.ledger = m.ledger;
    again.taken = m.taken;
    buckets_[m.bucket.bucket].serial = again.serial;
    world_->send(again, true_time(patience));
}

void model_worker::seen(const lease_message& m)
{
    serial_ = 0;
    switch (holder_.beat_answered(m.look.beat)) {
        case lease_holder::answer::fenced:
            if (leaving_)
                stop();
            else
                start();
            return;
        case lease_holder::answer::commits_lost: lose_commits(); break;
        case lease_holder::answer::held: break;
    }
    last_answered_beat_ = last_beat_;
    answered_beat_begun_ = beat_begun_;
    move(m, observer_.look(m.look.live, clock()));
    for (bucket_number b = 0; b < world_->setting().buckets; ++b) try_bucket(b);
}

bool model_worker::is_idle(bucket_number bucket) const
{
    const auto& b = buckets_[bucket];
    const auto& of = world_->accounts_of(bucket);
    return b.loaded && b.serial == 0 && std::all_of(of.begin(), of.end(), [&](std::size_t a) {
               return accounts_[a].is == phase::idle && !accounts_[a].unwritten;
           });
}

std::vector<held_bucket> model_worker::held() const
{
    std::vector<held_bucket> all;
    for (bucket_number n = 0; n < world_->setting().buckets; ++n)
        if (const auto& b = buckets_[n]; b.held) all.push_back({n, b.epoch, b.seq_at_look, b.draining, is_idle(n)});
    if (world_->setting().without == left_out::seq_in_look)
        for (auto& h : all) h.seq = 0;
    return all;
}

void model_worker::move(const lease_message& look, std::vector<worker_beat> dead)
{
    std::vector<worker_id> live;
    for (const auto& w : look.look.live)
        if (std::find(dead.begin(), dead.end(), w) == dead.end()) live.push_back(w.worker);
    const bucket_plan plan{id(), live, world_->setting().options};
    auto moves = plan.next(look.look.buckets, held());
    for (const auto b : moves.lost) drop(b);
    for (const auto& row : moves.adopt) take(row);
    for (const auto b : moves.drain) buckets_[b].draining = true;
    for (const auto& row : look.look.buckets)
        if (auto& b = buckets_[row.bucket]; b.held && b.serial == 0 && row.seq < b.seq_at_look) b.seq = row.seq;
    if (moves.commits_lost) lose_commits();
    const auto all = held();
    const bool goes = leaving_ && std::all_of(all.begin(), all.end(), [](const auto& b) { return b.idle; });
    if (leaving_) moves.claim.clear();
    if (!goes && dead.empty() && moves.claim.empty() && moves.give_back.empty()) return next_beat();
    auto& m = world_->new_message(*this, goes ? lease_message::kind::leave : lease_message::kind::moves);
    m.dead = std::move(dead);
    m.wanted = std::move(moves.claim);
    m.given_back = std::move(moves.give_back);
    serial_ = m.serial;
    world_->send(m, true_time(patience));
}

void model_worker::moved(const lease_message& m)
{
    serial_ = 0;
    for (const auto& b : m.given_back) drop(b.bucket);
    for (const auto& row : m.claimed) take(row);
    next_beat();
}

// ---- buckets

void model_worker::take(const bucket_row& row)
{
    auto& b = buckets_[row.bucket];
    b = {};
    b.held = true;
    b.epoch = row.epoch;
    b.seq = b.seq_at_look = row.seq;
    load(row.bucket);
}

void model_worker::load(bucket_number bucket)
{
    auto& m = world_->new_message(*this, lease_message::kind::load);
    m.bucket = {bucket, buckets_[bucket].epoch};
    buckets_[bucket].serial = buckets_[bucket].taken = m.serial;
    world_->send(m, true_time(patience));
}

void model_worker::loaded(const lease_message& m)
{
    auto& b = buckets_[m.bucket.bucket];
    b.serial = 0;
    if (m.row.owner != id() || m.row.epoch != b.epoch) return drop(m.bucket.bucket);
    b.loaded = true;
    b.seq = b.seq_at_look = m.row.seq;
    const auto& of = world_->accounts_of(m.bucket.bucket);
    for (std::size_t i = 0; i < of.size(); ++i) {
        auto& a = accounts_[of[i]];
        a = {};
        a.ledger = m.ledgers[i];
        if (world_->setting().without == left_out::count_at_takeover) a.ledger.in_flight = 0;
        if (a.ledger.in_flight != 0) {
            // Its end is not known, but its deadline: until then it is as this worker's own.
            a.is = phase::sent;
            a.request = a.ledger.in_flight;
            world_->end_request_at(*this, a.request, world_->now() + world_->setting().first_byte);
        }
        look_at_account(of[i]);
    }
}

void model_worker::drop(bucket_number bucket)
{
    buckets_[bucket] = {};
    for (const auto a : world_->accounts_of(bucket)) accounts_[a] = {};
    check_written();
}

void model_worker::lose_commits()
{
    loss_noticed_ = world_->now();
    if (world_->setting().without == left_out::ledgers_again) return world_->ledgers_written(*this, loss_noticed_);
    holder_.lose_commits();
    observer_.forget();
    for (bucket_number b = 0; b < world_->setting().buckets; ++b) {
        if (!buckets_[b].loaded) continue;
        for (const auto n : world_->accounts_of(b)) {
            auto& a = accounts_[n];
            a.unwritten = true;
            ++a.ledger.version;
            a.ledger.rest_until = std::max(a.ledger.rest_until, world_->now() + world_->setting().pace.gap);
        }
    }
    check_written();
}

void model_worker::check_written()
{
    if (!holder_.must_write_ledgers()) return;
    const auto owes = [&](const account_state& a) { return a.unwritten; };
    if (std::any_of(accounts_.begin(), accounts_.end(), owes)) return;
    holder_.ledgers_written();
    world_->ledgers_written(*this, loss_noticed_);
}

// ---- accounts

void model_worker::look_at_account(std::size_t account)
{
    const auto bucket = world_->bucket_of(account);
    const auto& a = accounts_[account];
    if (!buckets_[bucket].loaded || a.is != phase::idle) return;
    const auto due = a.ledger.earliest(world_->setting().pace);
    if (due > world_->now())
        world_->look_at_account_at(*this, account, due);
    else
        try_bucket(bucket);
}

void model_worker::try_bucket(bucket_number bucket)
{
    const auto& b = buckets_[bucket];
    if (!b.loaded || b.serial != 0) return;
    const auto& of = world_->accounts_of(bucket);
    for (const auto a : of)
        if (accounts_[a].unwritten) return write(a);
    if (b.draining || leaving_ || !holder_.may_send(clock())) return;
    for (const auto a : of)
        if (accounts_[a].is == phase::idle && accounts_[a].ledger.earliest(world_->setting().pace) <= world_->now())
            return admit(a);
}

void model_worker::admit(std::size_t account)
{
    auto& a = accounts_[account];
    const auto& b = buckets_[world_->bucket_of(account)];
    a.request = world_->new_request(*this, account, b.epoch, b.taken);
    a.is = phase::admitting;
    a.ledger.in_flight = a.request;
    ++a.ledger.version;
    write(account);
}

void model_worker::write(std::size_t account)
{
    const auto bucket = world_->bucket_of(account);
    auto& b = buckets_[bucket];
    auto& m = world_->new_message(*this, lease_message::kind::write);
    m.bucket = next_fence({bucket, b.epoch, b.seq}, used_[bucket]);
    if (world_->setting().without != left_out::new_numbers) used_[bucket] = m.bucket.next;
    m.account = account;
    m.ledger = accounts_[account].ledger;
    m.taken = b.taken;
    b.serial = m.serial;
    world_->send(m, true_time(patience));
}

void model_worker::written(const lease_message& m)
{
    const auto bucket = m.bucket.bucket;
    auto& b = buckets_[bucket];
    b.serial = 0;
    const auto verdict = m.done ? fence_verdict::arrived : judge(m.row, id(), m.bucket);
    switch (verdict) {
        case fence_verdict::again: repeat(m); return;
        case fence_verdict::arrived: committed(m); break;
        case fence_verdict::commits_lost:
            b.seq = m.row.seq;
            lose_commits();
            break;
        case fence_verdict::lost: drop(bucket); return;
    }
    try_bucket(bucket);
    check_written();
}

void model_worker::committed(const lease_message& m)
{
    buckets_[m.bucket.bucket].seq = m.bucket.next;
    auto& a = accounts_[m.account];
    if (a.ledger.version == m.ledger.version) a.unwritten = false;
    if (a.is != phase::admitting || m.ledger.in_flight != a.request) return;
    if (holder_.may_send(clock())) return world_->send_request(*this, a.request);
    // It was not sent, and will not be.
    a.ledger.in_flight = 0;
    ++a.ledger.version;
    a.unwritten = true;
    a.is = phase::idle;
    look_at_account(m.account);
}

void model_worker::request_sent(std::size_t account, request_number request)
{
    if (accounts_[account].request == request) accounts_[account].is = phase::sent;
}

void model_worker::request_ended(std::size_t account, request_number request)
{
    auto& a = accounts_[account];
    if (a.is != phase::sent || a.request != request) return;
    a.ledger.end_request(world_->now());
    a.is = phase::idle;
    a.unwritten = true;
    try_bucket(world_->bucket_of(account));
    look_at_account(account);
}

}  // namespace unipile::store::test
