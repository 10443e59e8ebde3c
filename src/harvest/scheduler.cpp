#include "harvest/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace unipile::harvest {

scheduler::scheduler(scheduler_options options)
    : options_(options), random_(options.seed), outage_(options.outage_patience)
{
    options_.max_running = std::max<std::size_t>(1, options_.max_running);
    options_.max_in_flight = std::max(1u, options_.max_in_flight);
    options_.turn = std::clamp(options_.turn, 1u, 0xffffu);
}

account_index scheduler::add_account(std::shared_ptr<const pacer> rules, account_ledger ledger, wall_time now)
{
    settle(ledger, now);
    rules->adopt(ledger, now, random_);
    auto& a = accounts_.emplace_back();
    a.rules = std::move(rules);
    a.ledger = std::move(ledger);
    return static_cast<account_index>(accounts_.size() - 1);
}

void scheduler::rest_account(account_index i, wall_time now)
{
    auto& a = accounts_[i];
    a.rules->rest(a.ledger, now, random_);
}

job_index scheduler::add_job(account_index i, wall_time now)
{
    job_index j = free_;
    if (j == none) {
        j = static_cast<job_index>(jobs_.size());
        jobs_.emplace_back();
    } else {
        free_ = jobs_[j].next;
    }
    jobs_[j].account = i;
    jobs_[j].turn = 0;
    jobs_[j].silent = jobs_[j].spared = 0;
    ++accounts_[i].queued;
    ++queued_;
    drained_ = std::min<std::size_t>(drained_, j);
    push_back(j);
    settle_account(i, now);
    return j;
}

decision scheduler::next(wall_time now)
{
    if (auto j = next_to_fail()) return {decision::kind::fail, *j, {}};
    if (stopped_ || paused_) return {};
    wake(now);
    while (running_ < options_.max_running && !ready_.empty() && !is_held_back(now)) {
        const account_index i = ready_.front();
        ready_.pop_front();
        auto& a = accounts_[i];
        if (a.where != place::ready) continue;
        a.where = place::none;
        if (a.head == none || a.ledger.parked || a.suspect || a.in_flight >= options_.max_in_flight || a.leaving ||
            a.rules->earliest(a.ledger, now, ahead_) > now) {
            settle_account(i, now);  // its state has changed since it became ready
            continue;
        }
        const job_index j = outage_.is_cut_off() ? pop_probe(a) : pop_front(a);
        jobs_[j].state = job_state::running;
        jobs_[j].began = answers_;
        --a.queued, --queued_;
        ++a.in_flight, ++running_;
        a.latest = j;
        a.rules->spend(a.ledger, now, random_);
        a.gap = a.ledger.next_request - now;
        settle_account(i, now);
        if (outage_.is_cut_off()) {
            probe_ = j;
            outage_.probe_begins(now);
        }
        return {decision::kind::start, j, {}};
    }
    if (auto j = next_to_fail()) return {decision::kind::fail, *j, {}};
    return wait_for_change(now);
}

/// Returns true if no account may send.
bool scheduler::is_held_back(wall_time now) const noexcept
{
    return outage_.is_cut_off() && (probe_ != none || now < outage_.next_probe());
}

decision scheduler::wait_for_change(wall_time now) const
{
    const bool held_back = is_held_back(now);
    if (running_ >= options_.max_running || (held_back && probe_ != none)) return {};
    if (held_back && !ready_.empty()) return {decision::kind::wait, 0, outage_.next_probe()};
    if (sleepers_.empty()) return {};
    const wall_time wakes = sleepers_.top().until;
    return {decision::kind::wait, 0, held_back ? std::max(wakes, outage_.next_probe()) : wakes};
}

void scheduler::held_up(job_index j, std::chrono::milliseconds by)
{
    // If the timer fires too early for this, the scheduler is asked again.
    accounts_[jobs_[j].account].ledger.next_request += by;
}

bool scheduler::finished(job_index j, const request_result& result, wall_time now)
{
    // Accounts that become ready before this one returns are served first.
    if (probe_ == j) wake(now);
    note_contact(j, result, now);
    const account_index i = jobs_[j].account;
    auto& a = accounts_[i];
    --a.in_flight, --running_;
    if (result.times_sent > 0) {
        a.rules->ended(a.ledger, now, result.times_sent);
        a.rules->pause(a.ledger, a.gap, now);
    } else {
        a.rules->take_back(a.ledger, a.latest == j, now);
    }
    switch (result.signal) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case request_result::sign::none: break;
        case request_result::sign::good: a.rules->succeeded(a.ledger); break;
        case request_result::sign::throttle:
            a.rules->throttled(a.ledger, now, result.retry_after, result.long_rest, random_);
            break;
        case request_result::sign::park: park_or_suspect(i, result, now); break;
        case request_result::sign::stop: stop(); break;
    }
    const bool given_up = result.next == request_result::then::retry && outage_.is_hopeless() && alone_ == j &&
                          !several_silent_ && !stopped_;
    if (given_up) {
        outage_.begin_anew();
        forget_silence();
    }
    if (given_up || result.next == request_result::then::ended)
        forget(j);
    else
        requeue(j, result, now);
    settle_account(i, now);
    return !given_up;
}

void scheduler::not_sent(job_index j, wall_time now)
{
    request_result again;
    again.next = request_result::then::retry;
    again.not_before = now;
    again.times_sent = 0;
    finished(j, again, now);
}

void scheduler::requeue(job_index j, const request_result& result, wall_time now)
{
    auto& entry = jobs_[j];
    ++accounts_[entry.account].queued, ++queued_;
    drained_ = std::min<std::size_t>(drained_, j);
    // During an outage only the probes wait, for all jobs.
    const bool no_answer =
        result.server != request_result::contact::answered && result.server != request_result::contact::unknown;
    const bool waits = (!outage_.is_cut_off() || !no_answer) && !accounts_[entry.account].leaving;
    if (result.next == request_result::then::retry && result.not_before > now && waits) {
        entry.state = job_state::waiting;
        sleepers_.push({result.not_before, j, ++entry.stamp, true});
        return;
    }
    switch (result.next) {
        case request_result::then::more: return next_page(j);
        case request_result::then::hold: entry.state = job_state::held; return;
        default: return push_front(j);
    }
}

void scheduler::next_page(job_index j)
{
    if (++jobs_[j].turn < options_.turn) return push_front(j);
    jobs_[j].turn = 0;
    push_back(j);
}

void scheduler::release(job_index j, wall_time now)
{
    next_page(j);
    settle_account(jobs_[j].account, now);
}

void scheduler::drop(job_index j)
{
    --accounts_[jobs_[j].account].queued, --queued_;
    forget(j);
}

void scheduler::give_up_parked()
{
    for (account_index i = 0; i < accounts_.size(); ++i)
        if (accounts_[i].ledger.parked) set_failing(i);
}

std::size_t scheduler::parked() const noexcept
{
    return static_cast<std::size_t>(std::count_if(accounts_.begin(), accounts_.end(),
                                                  [](const account& a) { return a.ledger.parked.has_value(); }));
}

void scheduler::park(account_index i, std::string reason, wall_time now)
{
    accounts_[i].ledger.parked = account_ledger::parking{now, std::move(reason)};
    settle_account(i, now);
}

void scheduler::unpark(account_index i, wall_time now)
{
    accounts_[i].ledger.unpark(now);
    forget_suspicion(i);
    settle_account(i, now);
}

void scheduler::forget_suspicion(account_index i)
{
    accounts_[i].suspect = false;
    std::erase_if(suspects_, [i](const suspect& s) { return s.account == i; });
}

void scheduler::leave(account_index i, wall_time now)
{
    if (accounts_[i].leaving) return;
    accounts_[i].leaving = true;
    for (job_index j = 0; j < jobs_.size(); ++j) {
        if (jobs_[j].account != i || jobs_[j].state != job_state::waiting) continue;
        ++jobs_[j].stamp;
        push_front(j);
    }
    settle_account(i, now);
}

bool scheduler::forget_account(account_index i)
{
    auto& a = accounts_[i];
    if (!a.leaving || a.queued > 0 || a.in_flight > 0) return false;
    forget_suspicion(i);
    a.ledger = {};
    a.where = place::none;
    return true;
}

void scheduler::rejoin(account_index i, std::shared_ptr<const pacer> rules, account_ledger ledger, wall_time now)
{
    settle(ledger, now);
    rules->adopt(ledger, now, random_);
    auto& a = accounts_[i];
    a.rules = std::move(rules);
    a.ledger = std::move(ledger);
    a.leaving = false;
}

void scheduler::set_rules(account_index i, std::shared_ptr<const pacer> rules, wall_time now)
{
    auto& a = accounts_[i];
    rules->adopt(a.ledger, now, random_);
    a.rules = std::move(rules);
    settle_account(i, now);
}

void scheduler::set_provider(account_index i, std::string provider)
{
    accounts_[i].ledger.provider = std::move(provider);
}

/// Moves an account to the list that matches its state: ready, waiting, or none.
void scheduler::settle_account(account_index i, wall_time now)
{
    auto& a = accounts_[i];
    if (a.head == none) return;  // an outdated place is detected when its turn comes
    if (a.leaving) return set_failing(i);
    if (a.ledger.parked) {
        if (options_.fail_parked) set_failing(i);
        return;
    }
    if (a.suspect || a.in_flight >= options_.max_in_flight || a.where == place::ready) return;
    const wall_time t = a.rules->earliest(a.ledger, now, ahead_);
    if (t <= now) {
        a.where = place::ready;
        ready_.push_back(i);
        return;
    }
    // A timer that is too early is harmless, and cheaper than moving it.
    if (a.where == place::waiting && a.wakes <= t) return;
    a.where = place::waiting;
    a.wakes = now + pacer::jittered(t - now, random_);
    sleepers_.push({a.wakes, i, ++a.stamp, false});
}

void scheduler::set_ahead(std::chrono::milliseconds ahead, wall_time now)
{
    ahead_ = ahead;
    for (account_index i = 0; i < accounts_.size(); ++i) {
        if (accounts_[i].where != place::waiting) continue;
        accounts_[i].where = place::none;
        settle_account(i, now);
    }
}

bool scheduler::is_stale(const sleeper& s) const
{
    if (s.is_job) return jobs_[s.index].state != job_state::waiting || jobs_[s.index].stamp != s.stamp;
    return accounts_[s.index].where != place::waiting || accounts_[s.index].stamp != s.stamp;
}

void scheduler::wake(wall_time now)
{
    while (!sleepers_.empty() && (sleepers_.top().until <= now || is_stale(sleepers_.top()))) {
        const sleeper s = sleepers_.top();
        sleepers_.pop();
        if (is_stale(s)) continue;
        account_index i = s.index;
        if (s.is_job) {
            i = jobs_[s.index].account;
            push_front(s.index);
        } else {
            accounts_[i].where = place::none;
        }
        settle_account(i, now);
    }
}

void scheduler::set_failing(account_index i)
{
    if (accounts_[i].failing) return;
    accounts_[i].failing = true;
    failing_.push_back(i);
}

std::optional<job_index> scheduler::next_to_fail()
{
    if (stopped_) {
        for (; drained_ < jobs_.size(); ++drained_) {
            auto& entry = jobs_[drained_];
            if (entry.state == job_state::free || entry.state == job_state::running) continue;
            const auto j = static_cast<job_index>(drained_++);
            --accounts_[entry.account].queued, --queued_;
            accounts_[entry.account].head = accounts_[entry.account].tail = none;  // all of its jobs are ended
            forget(j);
            return j;
        }
        return std::nullopt;
    }
    while (!failing_.empty()) {
        auto& a = accounts_[failing_.front()];
        if ((a.ledger.parked || a.leaving) && a.head != none) {
            const job_index j = pop_front(a);
            --a.queued, --queued_;
            forget(j);
            return j;
        }
        a.failing = false;
        failing_.pop_front();
    }
    return std::nullopt;
}

void scheduler::push_front(job_index j)
{
    auto& a = accounts_[jobs_[j].account];
    jobs_[j].state = job_state::queued;
    jobs_[j].next = a.head;
    a.head = j;
    if (a.tail == none) a.tail = j;
}

void scheduler::push_back(job_index j)
{
    auto& a = accounts_[jobs_[j].account];
    jobs_[j].state = job_state::queued;
    jobs_[j].next = none;
    (a.tail == none ? a.head : jobs_[a.tail].next) = j;
    a.tail = j;
}

job_index scheduler::pop_front(account& a)
{
    const job_index j = a.head;
    a.head = jobs_[j].next;
    if (a.head == none) a.tail = none;
    return j;
}

/// Returns the first job without an unanswered request since the server's last answer; if there is none, the one whose
/// unanswered request is the oldest. It returns to the front, so that all jobs take turns, and continue in order
/// afterwards.
job_index scheduler::pop_probe(account& a)
{
    std::uint32_t before = none;
    for (job_index j = a.head; is_silent(j) && jobs_[j].next != none; j = jobs_[j].next) before = j;
    if (before == none) return pop_front(a);
    const job_index j = jobs_[before].next;
    jobs_[before].next = jobs_[j].next;
    if (a.tail == j) a.tail = before;
    return j;
}

void scheduler::forget(job_index j)
{
    several_silent_ = several_silent_ || alone_ == j;  // there was another
    jobs_[j].state = job_state::free;
    jobs_[j].next = free_;
    free_ = j;
}

}  // namespace unipile::harvest
