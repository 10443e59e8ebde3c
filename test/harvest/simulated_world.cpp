#include "harvest/simulated_world.hpp"

#include "harvest/most_in.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <utility>

namespace unipile::harvest::test {

using namespace std::chrono_literals;

namespace {

constexpr unsigned most_attempts = 5;
constexpr std::size_t most_kills = 300;  // a process that is always killed at once gets nowhere

std::shared_ptr<const pacer> some_rules(random_source& random)
{
    static const char* const texts[] = {"none",
                                        "20/hour",
                                        "100/day, 10/hour, 1/20s",
                                        "30/day, spread",
                                        "5/minute, gap 1s-20s",
                                        "200/hour, 3/s",
                                        "50/day, hours mon-fri 09:00-17:00 Europe/Berlin",
                                        "40/day, ramp 3d from 20%",
                                        "recommended LINKEDIN",
                                        "recommended INSTAGRAM"};
    static const auto all = [] {
        std::vector<std::shared_ptr<const pacer>> made;
        for (auto text : texts) made.push_back(std::make_shared<pacer>(unipile::parse_pacing(text)));
        return made;
    }();
    return all[random.below(all.size())];
}

}  // namespace

world::world(std::uint64_t seed) : random_(seed)
{
    options_.max_running = 1 + random_.below(6);
    options_.max_in_flight = random_.below(4) ? 1 : 2;
    options_.turn = static_cast<unsigned>(1 + random_.below(5));
    options_.seed = seed;
    faults_one_in_ = random_.below(3) ? 4 + random_.below(30) : 0;
    kills_one_in_ = random_.below(3) ? 1 + random_.below(random_.below(2) ? 10 : 100) : 0;
    slowest_commit_ = random_.below(3) ? 100ms : 20s;
    deadline_ = random_.below(2) ? 2s : 90s;
    const bool one_is_mute = random_.below(5) == 0;
    if (one_is_mute) options_.outage_patience = 1s + some(30min);
    if (random_.below(2)) {
        silent_of_three_ = random_.below(4);
        period_ = 1min + some(12h);
        phase_ = some(period_);
        outage_ = some(std::min<milliseconds>(period_ / 2, random_.below(2) ? 20s : 1h));
        if (random_.below(2)) options_.outage_patience = 1s + some(30min);
    }
    accounts_.resize(1 + random_.below(6));
    for (auto& a : accounts_) a.rules = some_rules(random_);
    jobs_.resize(1 + random_.below(20));
    for (auto& j : jobs_) {
        j.account = random_.below(accounts_.size());
        ++accounts_[j.account].jobs;
        j.refused = random_.below(15) == 0;
        j.lying_cursor = random_.below(5) == 0;
        for (auto n = random_.below(random_.below(4) ? 20 : 150); n > 0; --n) j.timeline.push_front(next_post_++);
    }
    // Two of them that are left over look like an outage.
    if (one_is_mute) jobs_[random_.below(jobs_.size())].mute = true;
}

/// What a process knows when it begins: what was committed.
void world::start_process()
{
    options_.seed += 1;
    scheduler_ = std::make_unique<scheduler>(options_);
    slots_.clear();
    for (auto& a : accounts_) {
        auto ledger = account_ledger::from_text(a.saved.back().ledger);
        BOOST_REQUIRE(ledger);
        if (ledger->parked && !a.owner_looks) a.owner_looks = now_ + some(24h);
        scheduler_->add_account(a.rules, *ledger, now_);
        a.in_flight = 0;
    }
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        jobs_[i].retrying = jobs_[i].unanswered = false;
        jobs_[i].attempts = 0;
        jobs_[i].behind_others = 0;
        if (!jobs_[i].saved.done) slots_[scheduler_->add_job(static_cast<account_index>(jobs_[i].account), now_)] = i;
    }
}

/// What was sent before is seen before the next process begins; what was not never is.
void world::kill(wall_time at)
{
    now_ = at;
    ++kills_;
    broken_off_ += running_.size();
    for (const auto& request : running_)
        if (request.sent <= now_ && request.comes != fate::unreachable)
            accounts_[jobs_[request.job].account].seen.push_back(std::min(request.seen, now_));
    running_.clear();
    for (auto& a : accounts_)
        while (a.saved.back().durable > now_) a.saved.pop_back();
    if (random_.below(2)) now_ += some(random_.below(2) ? 2s : 6h);
    start_process();
}

/// At once, or at the very moment in which a request is sent, or just before.
void world::kill_some_time()
{
    const auto next = std::find_if(running_.begin(), running_.end(), [&](const in_flight& r) {
        return r.sent > now_ && std::all_of(running_.begin(), running_.end(),
                                            [&](const in_flight& other) { return r.sent <= other.ends; });
    });
    if (next == running_.end() || random_.below(4) == 0) return kill(now_);
    kill(random_.below(4) ? next->sent : next->sent - 1ms);
}

/// Returns when the account's ledger, as it is now, will be durable.
wall_time world::save(std::size_t account)
{
    auto& saved = accounts_[account].saved;
    const wall_time durable = std::max(now_ + some(slowest_commit_), saved.back().durable);
    saved.push_back({durable, scheduler_->ledger(static_cast<account_index>(account)).to_text()});
    while (saved.size() > 1 && saved[1].durable <= now_) saved.pop_front();
    return durable;
}

bool world::all_done() const
{
    return std::all_of(jobs_.begin(), jobs_.end(), [](const world_job& j) { return j.saved.done; });
}

void world::run()
{
    start_process();
    for (int steps = 0; !all_done(); ++steps) {
        BOOST_REQUIRE_MESSAGE(steps < 200'000, "the harvest does not end");
        step();
        if (kills_one_in_ && kills_ < most_kills && random_.below(kills_one_in_) == 0) kill_some_time();
        if (random_.below(10) == 0) new_posts();
    }
    BOOST_TEST_REQUIRE(scheduler_->next(now_).what == decision::kind::nothing);
}

void world::step()
{
    if (scheduler_->outage().is_hopeless()) return kill(now_);
    const decision d = scheduler_->next(now_);
    BOOST_TEST_REQUIRE(d.what != decision::kind::fail);
    if (d.what == decision::kind::start) return started(d);
    check_nobody_is_forgotten(d);

    // The next thing that happens: an answer, the end of a wait, or an owner who looks after an account.
    const auto first = std::min_element(running_.begin(), running_.end(),
                                        [](const in_flight& a, const in_flight& b) { return a.ends < b.ends; });
    std::optional<wall_time> next;
    if (first != running_.end()) next = first->ends;
    if (d.what == decision::kind::wait && (!next || d.until < *next)) next = d.until;
    auto* waiting = static_cast<world_account*>(nullptr);
    for (auto& a : accounts_)
        if (a.owner_looks && (!next || *a.owner_looks < *next)) next = a.owner_looks, waiting = &a;
    BOOST_REQUIRE_MESSAGE(next, "nothing left to wait for, and not done");
    now_ = std::max(now_, *next);
    if (waiting) {
        waiting->owner_looks.reset();
        const auto i = static_cast<account_index>(waiting - accounts_.data());
        scheduler_->unpark(i, now_);
        save(i);
    } else if (first != running_.end() && first->ends <= now_) {
        const in_flight request = *first;
        running_.erase(first);
        answer(request);
    }
}

fate world::some_fate(const world_job& job, wall_time sent)
{
    if (is_out_of_reach(sent)) return random_.below(3) < silent_of_three_ ? fate::silent : fate::unreachable;
    return job.mute ? fate::silent : fate::answered;
}

/// What its listing does when it is its turn again: an attempt counts once others were answered after it.
bool world::fails_instead(const decision& d)
{
    auto& job = jobs_[slots_.at(d.job)];
    if (!std::exchange(job.unanswered, false) || !scheduler_->others_were_answered(d.job)) return false;
    if (++job.attempts < most_attempts) return false;
    BOOST_REQUIRE(job.mute);
    job.saved.done = job.saved.failed = true;
    request_result over;
    over.times_sent = 0;
    BOOST_REQUIRE(scheduler_->finished(d.job, over, now_));
    save(job.account);
    slots_.erase(d.job);
    return true;
}

void world::started(const decision& d)
{
    if (fails_instead(d)) return;
    const std::size_t i = slots_.at(d.job);
    auto& a = accounts_[jobs_[i].account];
    BOOST_REQUIRE_LT(running_.size(), options_.max_running);
    BOOST_REQUIRE_LT(a.in_flight, options_.max_in_flight);
    ++a.in_flight;
    ++requests_;
    a.started.push_back(now_);
    // The ledger first, then the request.
    const wall_time sent = a.rules->looks_back() ? save(jobs_[i].account) : now_;
    const wall_time seen = sent + some(2s);
    const fate comes = some_fate(jobs_[i], sent);
    const bool probe = scheduler_->outage().is_cut_off();
    if (probe) BOOST_REQUIRE(std::none_of(running_.begin(), running_.end(), [](const auto& r) { return r.probe; }));
    const wall_time ends = seen + (comes == fate::silent && random_.below(2) ? deadline_ : some(2s));
    running_.push_back({d.job, i, sent, seen, ends, comes, probe});
    if (comes != fate::answered) return;
    jobs_[i].behind_others = 0;
    for (auto& other : jobs_) {
        if (other.account != jobs_[i].account || other.saved.done || other.retrying || &other == &jobs_[i]) continue;
        // All the others may have a turn each, and a request that was repeated stays in front.
        ++other.behind_others;
        BOOST_REQUIRE_LE(other.behind_others, 4 * a.jobs * (options_.turn + 1) * options_.max_in_flight);
    }
}

void world::answer(const in_flight& request)
{
    auto& job = jobs_[request.job];
    job.retrying = false;
    if (request.comes != fate::unreachable) accounts_[job.account].seen.push_back(request.seen);
    if (request.comes != fate::answered) return ended(request, server_.no_answer(job, request.comes, now_));
    job.attempts = 0;
    if (faults_one_in_ && random_.below(faults_one_in_) == 0) return ended(request, server_.fault(job, now_));
    ended(request, job.refused ? server_.refusal(job) : server_.page(job, page_size));
}

void world::ended(const in_flight& request, request_result result)
{
    const auto i = jobs_[request.job].account;
    auto& a = accounts_[i];
    --a.in_flight;
    const bool goes_on = scheduler_->finished(request.slot, result, now_);
    if (!goes_on) give_up(request.slot, jobs_[request.job]);
    const auto& ledger = scheduler_->ledger(static_cast<account_index>(i));
    save(i);
    if (ledger.parked && !a.owner_looks) a.owner_looks = now_ + 1h + some(24h);
    if (goes_on && jobs_[request.job].saved.done) slots_.erase(request.slot);
}

/// It alone had no answer, for as long as an outage is put up with: it fails, and the next harvest takes it up again.
void world::give_up(job_index slot, world_job& job)
{
    slots_.erase(slot);
    if (job.mute)
        job.saved.done = job.saved.failed = true;
    else
        slots_[scheduler_->add_job(static_cast<account_index>(job.account), now_)] =
            static_cast<std::size_t>(&job - jobs_.data());
    job.unanswered = false;
    job.attempts = 0;
}

/// No account that may go is left standing, and none is left waiting for longer than it has to.
void world::check_nobody_is_forgotten(const decision& d)
{
    if (running_.size() >= options_.max_running) return;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto& ledger = scheduler_->ledger(static_cast<account_index>(i));
        if (ledger.parked || accounts_[i].in_flight >= options_.max_in_flight) continue;
        const bool queued = std::any_of(jobs_.begin(), jobs_.end(), [&](const world_job& j) {
            const bool flies =
                std::any_of(running_.begin(), running_.end(), [&](const in_flight& r) { return &jobs_[r.job] == &j; });
            return j.account == i && !j.saved.done && !j.retrying && !flies;
        });
        if (!queued) continue;
        const wall_time earliest = accounts_[i].rules->earliest(ledger, now_);
        const auto& outage = scheduler_->outage();
        if (outage.is_cut_off() && !running_.empty()) continue;  // one of them may be the probe
        BOOST_TEST_REQUIRE(d.what == decision::kind::wait);
        if (outage.is_cut_off()) {
            BOOST_TEST_REQUIRE(outage.next_probe() <= now_ + outage_watch::longest_costly_wait);
            BOOST_TEST_REQUIRE(d.until <= std::max(earliest + 5min, outage.next_probe()));
            continue;
        }
        // The jitter: up to a tenth of a wait that may have begun long ago, five minutes at most.
        BOOST_REQUIRE((earliest > now_ || d.until <= now_ + 5min));
        BOOST_TEST_REQUIRE(d.until <= earliest + 5min);
    }
}

void world::new_posts()
{
    auto& job = jobs_[random_.below(jobs_.size())];
    for (auto n = random_.below(4); n > 0; --n) job.timeline.push_front(next_post_++);
}

void world::check() const
{
    std::size_t least = 0;
    for (const auto& job : jobs_) {
        if (job.mute)
            BOOST_REQUIRE(job.saved.failed);
        else
            BOOST_REQUIRE_EQUAL(job.saved.failed, job.refused);
        for (int id : job.at_first_page) BOOST_REQUIRE(job.saved.posts.contains(id));
        for (auto [id, times] : job.saved.posts) BOOST_REQUIRE_EQUAL(times, 1);
        least += job.least_requests;
    }
    BOOST_REQUIRE_LE(static_cast<double>(requests_ - server_.faults() - broken_off_), 1.1 * static_cast<double>(least));
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto& a = accounts_[i];
        const auto& ledger = scheduler_->ledger(static_cast<account_index>(i));
        // What was on its way when a process was killed may count and may never have left.
        if (a.rules->looks_back()) BOOST_REQUIRE_GE(ledger.requests, a.seen.size());
        if (kills_ == 0) BOOST_REQUIRE_EQUAL(ledger.requests, a.seen.size());
        auto seen = a.seen;
        std::sort(seen.begin(), seen.end());
        for (const auto& w : a.rules->rules().windows) BOOST_REQUIRE_LE(most_in(seen, w.length), w.limit);
        if (!a.rules->rules().hours) continue;
        const open_hours hours{*a.rules->rules().hours};
        for (auto t : a.started) BOOST_TEST_REQUIRE(hours.next_open(t) == t);
    }
}

}  // namespace unipile::harvest::test
