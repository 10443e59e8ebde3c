// A whole harvest in virtual time: scheduler, pacing and ledgers against an invented server and an invented store, with
// faults, outages in which nothing leaves or nothing is answered, kills that leave nothing but what was committed, and
// new posts at the top. Each seed is one world.
#include "harvest/most_in.hpp"
#include "harvest/scheduler.hpp"
#include "harvest/verdict.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNIPILE_TEST_IS_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNIPILE_TEST_IS_SLOW 1
#endif
#endif

namespace {

using namespace std::chrono_literals;
using namespace unipile::harvest;
using std::chrono::milliseconds;
using unipile::account_ledger;
using unipile::pacing;
using unipile::random_source;
using unipile::wall_time;

constexpr wall_time beginning{1'700'000'000'000ms};
constexpr std::size_t page_size = 5;
constexpr unsigned most_attempts = 5;
constexpr std::size_t most_kills = 300;  // a process that is always killed at once gets nowhere

unipile::failure failure_of(unipile::errc code, unipile::failure_scope scope)
{
    unipile::failure::details d;
    d.scope = scope;
    return unipile::failure{code, d};
}

/// What comes of a request that failed; with `type`, by an error answer of the API.
unipile::paging::page_outcome failed_request(unipile::errc code, std::string_view type = {})
{
    unipile::paging::page_outcome o;
    o.what = unipile::paging::page_outcome::kind::failed;
    o.server = unipile::paging::contact::answered;
    o.times_sent = 1;
    unipile::failure::details d;
    if (!type.empty()) d.api.emplace().type = type;
    o.failure = unipile::failure(code, std::move(d));
    return o;
}

/// What survives of a job: posts and positions. Of an account, it is the ledger as text.
struct saved_job {
    std::map<int, int> posts;   // how often each was stored
    std::optional<int> cursor;  // posts older than this; none: from the top
    std::set<int> behind;       // of the page at the cursor, stored already
    bool done = false, failed = false;
};

struct world_job {
    std::size_t account = 0;
    std::deque<int> timeline;     // newest first
    std::set<int> at_first_page;  // what must be delivered
    bool refused = false;         // the server never lists it
    bool lying_cursor = false;    // a cursor behind the last page
    bool mute = false;            // the server never answers it
    std::size_t least_requests = 0;
    std::size_t behind_others = 0;  // requests of its account while it was waiting for its turn
    bool retrying = false;
    bool unanswered = false;  // its last request, and whether that counts isn't known yet
    unsigned attempts = 0;    // that got no answer, and count
    saved_job saved;
};

/// A ledger on its way to the disk.
struct saving {
    wall_time durable;
    std::string ledger;
};

struct world_account {
    std::shared_ptr<const pacer> rules;
    std::deque<saving> saved{{beginning, account_ledger{}.to_text()}};  // in order; the last durable one counts
    std::vector<wall_time> started, seen;                               // requests: here, and by the server
    std::size_t in_flight = 0, jobs = 0;
    std::optional<wall_time> owner_looks;
};

enum class fate { answered, unreachable, silent };

struct in_flight {
    job_index slot;
    std::size_t job;
    wall_time sent, seen, ends;
    fate comes = fate::answered;
    bool probe = false;  // sent while the harvest was cut off
};

class world {
public:
    explicit world(std::uint64_t seed);
    void run();
    void check() const;

private:
    void start_process();
    void kill(wall_time at);
    void kill_some_time();
    wall_time save(std::size_t account);
    void step();
    void answer(const in_flight& request);
    request_result page(world_job& job, std::size_t items);
    request_result fault(world_job& job);
    void started(const decision& d);
    void ended(const in_flight& request, request_result result);
    void check_nobody_is_forgotten(const decision& d);
    bool is_out_of_reach(wall_time t) const { return outage_ > 0ms && (t - beginning + phase_) % period_ < outage_; }
    fate some_fate(const world_job& job, wall_time sent);
    request_result no_answer(world_job& job, fate f);
    bool fails_instead(const decision& d);
    void give_up(job_index slot, world_job& job);
    void new_posts();
    milliseconds some(milliseconds most)
    {
        return milliseconds{random_.below(static_cast<std::uint64_t>(most.count()) + 1)};
    }
    bool all_done() const;

    random_source random_;
    wall_time now_ = beginning;
    scheduler_options options_;
    std::vector<world_account> accounts_;
    std::vector<world_job> jobs_;
    std::unique_ptr<scheduler> scheduler_;
    std::map<job_index, std::size_t> slots_;
    std::vector<in_flight> running_;
    int next_post_ = 1'000'000;
    std::uint64_t faults_one_in_, kills_one_in_;
    milliseconds slowest_commit_;
    milliseconds period_{1}, phase_{0}, outage_{0};  // of outages
    std::uint64_t silent_of_three_ = 0;              // requests in them that leave and get no answer
    milliseconds deadline_;                          // of an answer's first byte
    std::size_t requests_ = 0, faults_ = 0, kills_ = 0, broken_off_ = 0;
};

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
    // Two of them that are left over can't be told from an outage.
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
    BOOST_REQUIRE((scheduler_->next(now_).what == decision::kind::nothing));
}

void world::step()
{
    if (scheduler_->outage().is_hopeless()) return kill(now_);
    const decision d = scheduler_->next(now_);
    BOOST_REQUIRE((d.what != decision::kind::fail));
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
    if (request.comes != fate::answered) return ended(request, no_answer(job, request.comes));
    job.attempts = 0;
    if (faults_one_in_ && random_.below(faults_one_in_) == 0) return ended(request, fault(job));
    if (job.refused) {
        const auto f = failure_of(unipile::errc::target_refused, unipile::failure_scope::target);
        request_result result;
        judge_failure(result, f);
        result.server = request_result::contact::answered;
        result.next = after_failure(f);
        job.saved.done = job.saved.failed = true;
        job.least_requests = 1;
        return ended(request, result);
    }
    ended(request, page(job, page_size));
}

/// Serves and stores `items` of the job's page; as many as the page has: the whole page.
request_result world::page(world_job& job, std::size_t items)
{
    auto& saved = job.saved;
    auto from = job.timeline.begin();
    if (saved.cursor) from = std::find_if(from, job.timeline.end(), [&](int id) { return id < *saved.cursor; });
    const auto to = from + std::min<std::ptrdiff_t>(job.timeline.end() - from, page_size);
    const bool whole = items >= page_size;
    if (whole && !saved.cursor) {
        job.at_first_page.insert(job.timeline.begin(), job.timeline.end());
        job.least_requests = std::max<std::size_t>(1, (job.timeline.size() + page_size - 1) / page_size);
        if (job.lying_cursor && !job.timeline.empty()) ++job.least_requests;
    }
    for (auto it = from; it != to && items > 0; ++it, --items)
        if (saved.behind.insert(*it).second) ++saved.posts[*it];

    request_result result;
    if (!whole) {
        result.next = request_result::then::retry;
        return result;
    }
    unipile::paging::page_outcome good;
    good.what = unipile::paging::page_outcome::kind::page;
    good.server = unipile::paging::contact::answered;
    good.status = 200;
    good.times_sent = 1;
    result = judge_request(good);
    const bool last = to == job.timeline.end();
    if (from == to || (last && !job.lying_cursor)) {
        saved.done = true;
        result.next = request_result::then::ended;
    } else {
        // New posts push nothing over the border of a page whose cursor is known, but what was stored before may
        // have been pushed from the first page to the second.
        saved.cursor = *(to - 1);
        std::erase_if(saved.behind, [&](int id) { return id >= *saved.cursor; });
        result.next = request_result::then::more;
    }
    return result;
}

request_result world::no_answer(world_job& job, fate comes)
{
    ++faults_;
    job.retrying = true;
    job.unanswered = comes == fate::silent;
    auto outcome = failed_request(unipile::errc::connection_lost);
    outcome.times_sent = comes == fate::silent ? 1 : 0;
    outcome.server = comes == fate::silent ? unipile::paging::contact::silent : unipile::paging::contact::unreachable;
    auto result = judge_request(outcome);
    result.next = request_result::then::retry;
    result.not_before = now_ + some(20s);
    return result;
}

request_result world::fault(world_job& job)
{
    ++faults_;
    auto outcome = failed_request(unipile::errc::api_unavailable);
    auto then = request_result::then::retry;
    switch (random_.below(5)) {
        case 0:
            if (!job.refused) (void)page(job, random_.below(page_size));
            outcome.meaning.retries = 4;
            break;
        case 1:
            outcome.status = 503;
            outcome.meaning.retries = 4;
            break;
        case 2:
            outcome = failed_request(unipile::errc::api_unavailable, "errors/provider_error");
            outcome.status = 500;
            outcome.meaning = {.retries = 2, .slow = true, .throttle = true};
            break;
        case 3:
            outcome = failed_request(unipile::errc::api_unavailable, "errors/too_many_requests");
            outcome.status = 429;
            outcome.meaning = {.scope = unipile::failure_scope::account, .throttle = true};
            if (random_.below(2)) outcome.retry_after = some(300s);
            break;
        case 4: {
            const auto f = failure_of(unipile::errc::account_refused, unipile::failure_scope::account);
            outcome = failed_request(unipile::errc::api_unavailable, "errors/disconnected_account");
            outcome.status = 401;
            outcome.meaning = {.scope = unipile::failure_scope::account};
            then = after_failure(f);
            break;
        }
    }
    auto result = judge_request(outcome);
    result.next = then;
    result.not_before = now_ + some(20s);
    job.retrying = true;
    return result;
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
        BOOST_REQUIRE((d.what == decision::kind::wait));
        if (outage.is_cut_off()) {
            BOOST_REQUIRE((outage.next_probe() <= now_ + outage_watch::longest_costly_wait));
            BOOST_REQUIRE((d.until <= std::max(earliest + 5min, outage.next_probe())));
            continue;
        }
        // The jitter: up to a tenth of a wait that may have begun long ago, five minutes at most.
        BOOST_REQUIRE((earliest > now_ || d.until <= now_ + 5min));
        BOOST_REQUIRE((d.until <= earliest + 5min));
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
    BOOST_REQUIRE_LE(static_cast<double>(requests_ - faults_ - broken_off_), 1.1 * static_cast<double>(least));
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
        for (auto t : a.started) BOOST_REQUIRE((hours.next_open(t) == t));
    }
}

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(all_is_stored_once_and_no_account_is_hurt)
{
#ifdef UNIPILE_TEST_IS_SLOW
    std::uint64_t seeds = 1'000;
#else
    std::uint64_t seeds = 10'000;
#endif
    std::uint64_t first = 1;
    if (const char* one = std::getenv("UNIPILE_TEST_SEED")) first = seeds = std::strtoull(one, nullptr, 10);
    for (std::uint64_t seed = first; seed <= seeds; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        world w{seed};
        w.run();
        w.check();
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
