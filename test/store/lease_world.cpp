#include "lease_world.hpp"

#include "lease_worker.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store::test {

lease_world::lease_world(const lease_setting& setting, std::uint64_t seed)
    : setting_(setting),
      random_(seed),
      store_(setting.buckets, setting.accounts, setting.without, setting.rewinds),
      accounts_of_(setting.buckets),
      requests_(1),
      sent_(setting.accounts)
{
    workers_.reserve(setting.workers);
    // Values that are drawn are not arguments of one call, whose order is the compiler's.
    for (std::size_t w = 0; w < setting.workers; ++w) {
        const auto rate = random_.between(setting.least_rate, setting.most_rate);
        workers_.emplace_back(*this, w, rate, below(1'000'000'000));
    }
    for (std::size_t a = 0; a < setting.accounts; ++a) {
        bucket_of_.push_back(store::bucket_of("account-" + std::to_string(a), setting.buckets));
        accounts_of_[bucket_of_.back()].push_back(a);
    }
}

lease_world::~lease_world() = default;

void lease_world::fail(std::string_view what)
{
    if (wrong_.empty()) wrong_ = std::to_string(now_) + " ms: " + std::string(what);
}

// ---- from outside

void lease_world::start(std::size_t worker) { workers_[worker].start(); }
void lease_world::kill(std::size_t worker) { workers_[worker].stop(); }
void lease_world::leave(std::size_t worker) { workers_[worker].leave(); }
bool lease_world::is_running(std::size_t worker) const { return workers_[worker].is_running(); }
bool lease_world::is_paused(std::size_t worker) const { return workers_[worker].paused_until() > now_; }

void lease_world::pause(std::size_t worker, moment duration, bool frozen)
{
    if (!is_paused(worker)) workers_[worker].pause(now_ + duration, frozen);
}

void lease_world::store_stops()
{
    store_is_up_ = false;
    stopped_at_ = now_;
    ++era_;
}

void lease_world::store_starts(moment lost)
{
    store_is_up_ = true;
    if (lost <= 0) return;
    std::vector<model_ledger> before;
    before.reserve(setting_.accounts);
    for (std::size_t a = 0; a < setting_.accounts; ++a) before.push_back(store_.ledger(a));
    store_.rewind(stopped_at_ - lost);
    last_rewind_ = now_;
    note_lost(before);
}

void lease_world::note_lost(const std::vector<model_ledger>& before)
{
    for (std::size_t a = 0; a < before.size(); ++a) {
        const auto note = [&](request_number r) {
            if (r == 0 || store_.ledger(a).names(r) || std::exchange(requests_[r].lost, true)) return;
            ++lost_;
        };
        note(before[a].in_flight);
        for (std::size_t i = 0; i < before[a].count; ++i) note(before[a].used[i].request);
    }
}

// ---- events

moment lease_world::below(moment bound)
{
    return static_cast<moment>(random_.below(static_cast<std::uint64_t>(bound)));
}

void lease_world::push(event::kind what, moment at, std::size_t worker, std::uint32_t life, std::size_t index)
{
    events_.push_back({at, ++order_, what, worker, life, index});
    std::push_heap(events_.begin(), events_.end(),
                   [](const event& a, const event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; });
}

void lease_world::run_until(moment t)
{
    while (!events_.empty() && events_.front().at <= t && wrong().empty()) {
        std::pop_heap(events_.begin(), events_.end(),
                      [](const event& a, const event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; });
        const event e = events_.back();
        events_.pop_back();
        now_ = e.at;
        store_.at(now_);
        if (!happens(e)) push(e.what, workers_[e.worker].paused_until(), e.worker, e.life, e.index);
    }
    now_ = std::max(now_, t);
}

// Returns false if the worker can't take it now.
bool lease_world::happens(const event& e)
{
    using kind = event::kind;
    if (e.what == kind::arrival || e.what == kind::copy) {
        arrives(e);
        return true;
    }
    auto& w = workers_[e.worker];
    const bool alive = w.is_running() && w.life() == e.life;
    if (alive && now_ < w.paused_until()) return false;
    if (e.what == kind::answer || e.what == kind::deadline) {
        if (alive) {
            const auto& m = messages_[e.index];
            if (e.what == kind::answer)
                w.answered(m);
            else
                w.deadline_passed(m);
            if (e.what == kind::answer && m.what == lease_message::kind::beat) check_noticed(m, w);
        }
        done_with(e.index);
    } else if (alive) {
        if (e.what == kind::beat) w.beat();
        if (e.what == kind::account) w.look_at_account(e.index);
        if (e.what == kind::request) leaves_worker(requests_[e.index]);
        if (e.what == kind::end) w.request_ended(requests_[e.index].account, static_cast<request_number>(e.index));
    }
    return true;
}

void lease_world::beat_at(const model_worker& who, moment t)
{
    push(event::kind::beat, t, who.number(), who.life(), 0);
}

void lease_world::look_at_account_at(const model_worker& who, std::size_t account, moment t)
{
    push(event::kind::account, t, who.number(), who.life(), account);
}

void lease_world::end_request_at(const model_worker& who, request_number number, moment t)
{
    push(event::kind::end, t, who.number(), who.life(), number);
}

// ---- messages

lease_message& lease_world::new_message(const model_worker& from, lease_message::kind what)
{
    if (free_messages_.empty()) {
        free_messages_.push_back(messages_.size());
        messages_.emplace_back();
    }
    auto& m = messages_[free_messages_.back()];
    m.what = what;
    m.serial = ++serial_;
    m.worker = from.number();
    m.life = from.life();
    m.me = from.id();
    m.dead.clear();
    m.wanted.clear();
    m.given_back.clear();
    m.claimed.clear();
    m.done = m.given_up = m.half_seen = false;
    m.era = era_;
    return m;
}

void lease_world::send(lease_message& m, moment deadline)
{
    const auto index = free_messages_.back();
    free_messages_.pop_back();
    m.deadline = now_ + deadline;
    const auto way = [&] { return chance(trouble.late) ? 1 + below(trouble.latest) : 1 + below(trouble.longest_way); };
    if (chance(trouble.lost)) {
        ++m.uses;
        answer(index, false);
        return;
    }
    m.uses += 2;  // the first copy and its answer
    const auto first = way();
    push(event::kind::arrival, now_ + first, m.worker, m.life, index);
    if (first > deadline) {
        m.given_up = true;
        push(event::kind::deadline, m.deadline, m.worker, m.life, index);
    }
    if (chance(trouble.doubled)) {
        ++m.uses;
        push(event::kind::copy, now_ + first + way(), m.worker, m.life, index);
    }
}

void lease_world::done_with(std::size_t index)
{
    if (--messages_[index].uses == 0) free_messages_.push_back(index);
}

// The worker hears the answer or gives up.
void lease_world::answer(std::size_t index, bool heard)
{
    auto& m = messages_[index];
    const auto at = now_ + 1 + (chance(trouble.late) ? below(trouble.latest + 1) : below(trouble.longest_way));
    const bool in_time = heard && !chance(trouble.lost) && at <= m.deadline;
    push(in_time ? event::kind::answer : event::kind::deadline, in_time ? at : m.deadline, m.worker, m.life, index);
}

void lease_world::arrives(const event& e)
{
    auto& m = messages_[e.index];
    const bool arrives = store_is_up_ && m.era == era_;
    if (e.what == event::kind::copy) {
        // Its answer is not heard.
        if (arrives) {
            auto first = m;
            execute(m);
            std::swap(m.look, first.look);
            std::swap(m.claimed, first.claimed);
            std::swap(m.ledgers, first.ledgers);
            m.done = first.done;
            m.row = first.row;
        }
    } else {
        if (arrives && m.half_seen) {
            m.look.buckets = store_.rows();
        } else if (arrives) {
            execute(m);
            m.half_seen = m.what == lease_message::kind::beat && chance(trouble.torn);
            if (m.half_seen)
                return push(event::kind::arrival, now_ + below(trouble.longest_way), m.worker, m.life, e.index);
        }
        if (!m.given_up) answer(e.index, arrives);
    }
    done_with(e.index);
}

void lease_world::execute(lease_message& m)
{
    using kind = lease_message::kind;
    switch (m.what) {
        case kind::add: store_.add_worker(m.me); [[fallthrough]];
        case kind::beat: store_.beat(m.me, m.look); return;
        case kind::moves: execute_moves(m); return;
        case kind::leave: store_.leave(m.me); return;
        case kind::load:
            m.ledgers.clear();
            for (const auto a : accounts_of_[m.bucket.bucket]) m.ledgers.push_back(store_.ledger(a));
            break;
        case kind::write:
            m.done = store_.write(m.me, m.bucket, m.account, m.ledger);
            if (m.done) note_written(m.account);
            break;
    }
    m.row = store_.row(m.bucket.bucket);
}

void lease_world::execute_moves(lease_message& m)
{
    for (const auto& dead : m.dead)
        if (store_.fence(m.me, dead)) check_fenced(dead.worker);
    m.claimed.clear();
    store_.claim(m.me, m.wanted, m.claimed);
    for (const auto& b : m.given_back) store_.give_back(m.me, b.bucket, b.epoch);
}

// ---- requests

request_number lease_world::new_request(const model_worker& who, std::size_t account, std::uint64_t epoch,
                                        std::uint32_t taken)
{
    requests_.push_back({account, who.number(), who.life(), epoch, taken, now_, {}});
    return static_cast<request_number>(requests_.size() - 1);
}

void lease_world::send_request(model_worker& who, request_number number)
{
    auto& r = requests_[number];
    if (!chance(trouble.stall)) return leaves_worker(r);
    r.stalled = true;
    const auto duration = 1 + below(trouble.longest_stall);
    pause(who.number(), duration, chance(trouble.frozen));
    push(event::kind::request, who.paused_until(), who.number(), who.life(), number);
}

void lease_world::leaves_worker(request& r)
{
    const auto number = static_cast<request_number>(&r - requests_.data());
    auto& w = workers_[r.worker];
    const auto& row = store_.row(bucket_of_[r.account]);
    if (!r.stalled && !w.is_within_hold()) fail("a request was sent by a worker that no longer holds its lease");
    r.pauses = w.pauses();
    if (row.owner != w.id() || row.epoch != r.epoch) {
        if (!may_be_late(r)) fail("a request was sent late without a stall");
        r.late = true;
        ++late_requests_;
    }
    r.sent = now_;
    sent_[r.account].push_back(number);
    w.request_sent(r.account, number);
    const auto takes = below(chance(0.02) ? setting_.first_byte : setting_.longest_request);
    r.counted = now_ + below(takes + 1);
    end_request_at(w, number, now_ + takes);
}

bool lease_world::may_be_late(const request& r)
{
    const auto& w = workers_[r.worker];
    if (last_rewind_ >= r.admitted) return true;
    if (!r.stalled && !w.froze_within_hold()) return false;
    // One for each account and stall. A worker whose clock stood still may even admit it afterwards, until its bucket
    // is claimed.
    const auto& sent = sent_[r.account];
    return std::none_of(sent.begin(), sent.end(), [&](request_number n) {
        const auto& s = requests_[n];
        return s.late && s.worker == r.worker && s.pauses == r.pauses;
    });
}

std::string lease_world::exceeded_windows() const
{
    for (std::size_t a = 0; a < sent_.size(); ++a) {
        std::vector<moment> counted;
        for (const auto n : sent_[a])
            if (const auto& r = requests_[n]; !r.late && !r.lost) counted.push_back(r.counted);
        std::sort(counted.begin(), counted.end());
        for (std::size_t i = setting_.pace.limit; i < counted.size(); ++i)
            if (counted[i] - counted[i - setting_.pace.limit] < setting_.pace.window)
                return std::to_string(counted[i]) + " ms: a window of account " + std::to_string(a) + " was exceeded";
    }
    return {};
}

void lease_world::note_written(std::size_t account)
{
    if (lost_ == 0) return;
    for (request_number n = 1; n < requests_.size(); ++n) {
        auto& r = requests_[n];
        if (!r.lost || r.account != account || !store_.ledger(account).names(n)) continue;
        r.lost = false;
        --lost_;
    }
}

void lease_world::ledgers_written(const model_worker& who, moment since)
{
    // What was lost since is noticed by the next beat, or by the next write of the bucket.
    if (lost_ == 0 || last_rewind_ >= since) return;
    for (const auto& r : requests_)
        if (r.lost && r.sent && *r.sent > now_ - setting_.pace.window && who.took(bucket_of_[r.account]) == r.taken)
            fail("a worker has not written again what the store has lost");
}

// A worker learns from its first look after a failover what of its own was lost.
void lease_world::check_noticed(const lease_message& look, const model_worker& who)
{
    if (lost_ == 0 || look.era != era_ || !who.is_running() || who.life() != look.life) return;
    if (who.holder().must_write_ledgers() || setting_.without == left_out::ledgers_again) return;
    for (const auto& r : requests_)
        if (r.lost && r.sent && *r.sent < who.answered_beat_begun() && *r.sent > now_ - setting_.pace.window &&
            who.took(bucket_of_[r.account]) == r.taken)
            fail("a worker has not noticed that the store has lost a request");
}

void lease_world::check_fenced(worker_id worker)
{
    for (const auto& w : workers_) {
        if (!w.is_running() || w.id() != worker) continue;
        // Where its clock stood still or the store went back, the times prove nothing, and the fence has to do.
        const auto evidence = now_ - 4 * setting_.options.take_after.count();
        if (w.froze_within_hold() || (last_rewind_ >= 0 && last_rewind_ > evidence)) continue;
        if (w.is_within_hold()) fail("a worker was fenced that may still send");
    }
}

// ---- at the end

bool lease_world::all_owned() const
{
    return std::all_of(store_.rows().begin(), store_.rows().end(), [&](const bucket_row& row) {
        return std::any_of(workers_.begin(), workers_.end(), [&](const model_worker& w) {
            return w.is_running() && w.id() == row.owner && w.holds(row.bucket, row.epoch) &&
                   w.holder().may_send(w.clock());
        });
    });
}

std::string lease_world::unsettled(moment since) const
{
    std::vector<worker_id> running;
    for (const auto& w : workers_) {
        if (w.is_running() && !w.is_leaving()) running.push_back(w.id());
        if (w.is_running() && !store_.is_live(w.id())) return "a running worker is not live";
    }
    if (running.empty()) return {};
    if (!all_owned()) return "a bucket has no owner in the end";
    const bucket_plan plan{running[0], running};
    for (const auto& row : store_.rows())
        if (row.owner != plan.rightful_owner(row.bucket)) return "a bucket has not come to its rightful owner";
    for (std::size_t a = 0; a < sent_.size(); ++a)
        if (sent_[a].empty() || *requests_[sent_[a].back()].sent < since)
            return "account " + std::to_string(a) + " has not gone on";
    return {};
}

}  // namespace unipile::store::test
