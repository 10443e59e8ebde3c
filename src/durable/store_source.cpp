#include "durable/store_source.hpp"

#include "durable/job_course.hpp"

#include <unipile/account_ledger.hpp>
#include <unipile/store/account_rows.hpp>
#include <unipile/store/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

namespace unipile::durable {
namespace {

namespace asio = boost::asio;

/// Accounts read at once.
constexpr std::size_t accounts_at_once = 1'000;
/// Jobs of one account claimed at once.
constexpr std::size_t jobs_of_one = 8;

}  // namespace

/// The part of a source that the harvest owns.
class store_source::forwarder final : public job_source {
public:
    explicit forwarder(std::shared_ptr<store_source> source) : source_(std::move(source)) {}

    void async_pull(job_request request, handler done) override
    {
        auto keep = std::make_shared<handler>(std::move(done));
        source_->pulled_ = true;
        asio::co_spawn(source_->executor_, source_->pull(std::move(request)),
                       [source = source_, keep](const std::exception_ptr& error, std::vector<harvest_job> jobs) {
                           source->pulled_ = false;
                           std::move (*keep)(unipile::detail::code_of(error), std::move(jobs));
                       });
    }

    void stop() override { source_->stop(); }

private:
    std::shared_ptr<store_source> source_;
};

store_source::store_source(asio::any_io_executor executor, store::store_writer& writer, std::int64_t run,
                           posts_query pattern, std::weak_ptr<job_owner> owner, std::chrono::milliseconds answer_time,
                           time_source time)
    : executor_(std::move(executor)),
      writer_(writer),
      run_(run),
      pattern_(std::move(pattern)),
      owner_(std::move(owner)),
      time_(std::move(time)),
      change_(executor_, time_),
      answer_time_(answer_time)
{}

std::unique_ptr<job_source> store_source::handle() { return std::make_unique<forwarder>(shared_from_this()); }

void store_source::notify()
{
    notified_ = true;
    change_.cancel();
}

void store_source::again(const store::claimed_job& job)
{
    again_.push_back(job);
    notify();
}

std::vector<std::uint64_t> store_source::take_back(std::string_view account)
{
    std::vector<std::uint64_t> tags;
    std::erase_if(again_, [&](const store::claimed_job& job) {
        if (job.spec.account != account) return false;
        tags.push_back(static_cast<std::uint64_t>(job.job));
        return true;
    });
    return tags;
}

bool store_source::has_waited() const
{
    const wall_time at = now();
    return std::any_of(taken_over_.begin(), taken_over_.end(),
                       [&](const auto& entry) { return entry.second.begins > looked_ && entry.second.begins <= at; });
}

asio::awaitable<store_source::findings> store_source::look_for_new()
{
    const wall_time began = now();
    if (waits_) {
        // The pull looks at all accounts then.
        looked_ = began;
        notify();
        co_return findings::none;
    }
    std::vector<std::string> fresh;
    store::accounts_with_jobs look;
    look.run = run_;
    look.count = accounts_at_once;
    look.now = now();
    for (bool more = true; more && !pulled_ && !stopped_;) {
        const std::vector<std::string> accounts =
            co_await store::async_apply(writer_, executor_, look, asio::use_awaitable);
        for (const std::string& a : accounts)
            if (!known_.contains(a) && !is_put_off(a)) fresh.push_back(a);
        more = accounts.size() == accounts_at_once;
        if (more) look.after = accounts.back();
    }
    // A claim may have ended meanwhile, and accounts may wait for their turn already.
    std::erase_if(fresh, [&](const std::string& a) { return known_.contains(a); });
    std::erase_if(ring_, [&](const std::string& a) { return std::binary_search(fresh.begin(), fresh.end(), a); });
    ring_.insert(ring_.begin(), fresh.begin(), fresh.end());
    if (pulled_) co_return findings::put_off;
    looked_ = began;
    co_return fresh.empty() ? findings::none : findings::some;
}

void store_source::stop()
{
    stopped_ = true;
    notify();
}

asio::awaitable<std::vector<harvest_job>> store_source::pull(job_request request)
{
    bool whole_round = false;
    for (;;) {
        if (stopped_ || owner_.expired()) co_return std::vector<harvest_job>();
        std::vector<harvest_job> jobs = take_again(request.count);
        if (!jobs.empty()) co_return jobs;
        std::vector<std::string> chosen = choose(request);
        if (!chosen.empty()) {
            const std::size_t each = std::clamp<std::size_t>(request.count / chosen.size(), 1, jobs_of_one);
            jobs = co_await claim(std::move(chosen), each);
            if (!jobs.empty()) co_return jobs;
            continue;
        }
        const bool round_ends = after_.empty();
        if (round_ends && whole_round) {
            whole_round = false;
            if (!busy_ && !has_unfinished()) {
                const rest left = co_await look_for_rest();
                if (left == rest::none) co_return std::vector<harvest_job>();
                if (left == rest::own) continue;
            }
            co_await wait_for_change();
            continue;
        }
        whole_round = whole_round || round_ends;
        const bool more = co_await look_on();
        if (!more) after_.clear();
    }
}

/// Returns accounts with jobs, from the ring, that have too few.
std::vector<std::string> store_source::choose(const job_request& request)
{
    std::vector<std::string> chosen;
    const auto owner = owner_.lock();
    while (owner && !ring_.empty() && chosen.size() < request.count) {
        std::string account = std::move(ring_.front());
        ring_.pop_front();
        if (owner->is_waiting(account)) continue;
        if (request.has_enough(account) || is_put_off(account) || owner->is_leaving(account))
            busy_ = true;
        else
            chosen.push_back(std::move(account));
    }
    return chosen;
}

/// Fills the ring with the next accounts. Returns false if they were the last.
asio::awaitable<bool> store_source::look_on()
{
    if (after_.empty()) {
        busy_ = false;
        notified_ = false;
    }
    store::accounts_with_jobs look;
    look.run = run_;
    look.after = after_;
    look.count = accounts_at_once;
    look.now = now();
    const std::vector<std::string> accounts =
        co_await store::async_apply(writer_, executor_, std::move(look), asio::use_awaitable);
    ring_.assign(accounts.begin(), accounts.end());
    if (!accounts.empty()) after_ = accounts.back();
    co_return accounts.size() == accounts_at_once;
}

asio::awaitable<std::vector<harvest_job>> store_source::claim(std::vector<std::string> accounts, std::size_t each)
{
    // The row of an account comes before its jobs.
    std::vector<store::operation> work;
    for (const std::string& a : accounts) {
        if (!known_.contains(a)) work.emplace_back(store::load_account{a});
        work.emplace_back(store::claim_jobs{run_, a, each, now()});
    }
    left_.clear();
    const std::vector<store::operation_result> results =
        co_await store::async_apply(writer_, executor_, std::move(work), asio::use_awaitable);
    std::vector<harvest_job> jobs;
    auto account = accounts.begin();
    const std::optional<store::account_row>* row = nullptr;
    for (const store::operation_result& result : results) {
        if (const auto* loaded = std::get_if<std::optional<store::account_row>>(&result)) row = loaded;
        const auto* claimed = std::get_if<std::vector<store::claimed_job>>(&result);
        if (claimed) take_claimed(*account++, std::exchange(row, nullptr), *claimed, jobs);
    }
    co_return jobs;
}

/// `row` is null for an account that was known before.
void store_source::take_claimed(const std::string& account, const std::optional<store::account_row>* row,
                                const std::vector<store::claimed_job>& claimed, std::vector<harvest_job>& jobs)
{
    const auto owner = owner_.lock();
    // An account without jobs is another worker's, or has others: another look shows it.
    busy_ = busy_ || claimed.empty();
    // The claims of an account that leaves end with it.
    if (!owner || claimed.empty() || left_.contains(account) || owner->is_leaving(account)) return;
    if (row && *row && !may_begin(**row)) {
        busy_ = true;
        return store::async_apply(writer_, executor_, store::leave_account{account}, asio::detached);
    }
    if (row) known_.insert(account);
    if (row && *row) owner->account_known(**row);
    // Its first request may be what the store has lost.
    if (row && !*row && writer_.share() && writer_.share()->may_lack_requests())
        owner->account_known(store::row_of(account, account_ledger(), {}, now()));
    for (const store::claimed_job& job : claimed) {
        const bool usable = is_usable(job.start, query_for(job.spec));
        owner->claimed(job, !usable);
        if (usable) jobs.push_back(job_from(job));
    }
}

/// An account that was taken over while a request was in flight begins when that can't be under way any more. The
/// request counts as made then, so that no window has it too early. Accounts that were taken over together begin one
/// after the other: if a page of one of them ends its worker, the others' requests are not in flight each time.
bool store_source::may_begin(const store::account_row& row)
{
    if (!writer_.share()) return true;
    const auto ledger = account_ledger::from_text(row.ledger);
    if (!ledger || ledger->in_flight == 0) return true;
    takeover& t = taken_over_[row.account];
    if (t.ledger != row.ledger) {
        const auto share = std::hash<std::string>()(row.account + row.ledger) % 1'000;
        t = {row.ledger, now() + answer_time_ + answer_time_ * static_cast<int>(share) / 1'000};
    }
    if (now() < t.begins) return false;
    taken_over_.erase(row.account);
    return true;
}

bool store_source::is_put_off(const std::string& account) const
{
    const auto at = taken_over_.find(account);
    return at != taken_over_.end() && now() < at->second.begins;
}

void store_source::left(const std::string& account)
{
    known_.erase(account);
    left_.insert(account);
}

/// Asks for the jobs of others and for those of this worker in one transaction, since accounts may have come after the
/// round.
asio::awaitable<store_source::rest> store_source::look_for_rest()
{
    if (!writer_.share()) co_return rest::none;
    store::others_have_jobs others;
    others.run = run_;
    store::accounts_with_jobs own;
    own.run = run_;
    own.count = accounts_at_once;
    own.now = now();
    std::vector<store::operation> both;
    both.emplace_back(others);
    both.emplace_back(std::move(own));
    const auto answers = co_await store::async_apply(writer_, executor_, std::move(both), asio::use_awaitable);
    const auto owner = owner_.lock();
    const auto waits = [&](const std::string& account) { return owner && owner->is_waiting(account); };
    const auto& accounts = std::get<std::vector<std::string>>(answers[1]);
    if (!std::all_of(accounts.begin(), accounts.end(), waits)) co_return rest::own;
    if (std::get<bool>(answers[0])) co_return rest::of_others;
    co_return rest::none;
}

wall_time store_source::now() const { return writer_.share() ? writer_.share()->now() : time_.wall(); }

bool store_source::has_unfinished() const
{
    const auto owner = owner_.lock();
    return owner && owner->has_unfinished();
}

asio::awaitable<void> store_source::wait_for_change()
{
    if (notified_) {
        notified_ = false;
        co_return;
    }
    // Jobs that become due give no notification, so this looks again soon. A manual clock stops at each look.
    change_.expires_after(time_.manual() ? std::chrono::minutes(1) : std::chrono::seconds(1));
    constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
    waits_ = true;
    expected_event waits_for_clock(time_, expected_event::kind::excuse);
    co_await change_.async_wait(as_result);
    waits_for_clock.clear();
    waits_ = false;
    notified_ = false;
}

std::vector<harvest_job> store_source::take_again(std::size_t most)
{
    std::vector<harvest_job> jobs;
    for (; !again_.empty() && jobs.size() < most; again_.pop_front()) jobs.push_back(job_from(again_.front()));
    return jobs;
}

posts_query store_source::query_for(const store::job_spec& spec) const
{
    posts_query query = pattern_;
    query.account_id = spec.account;
    query.identifier = spec.identifier;
    query.is_company = spec.is_company;
    return query;
}

harvest_job store_source::job_from(const store::claimed_job& claimed) const
{
    harvest_job job{query_for(claimed.spec)};
    job.tag = static_cast<std::uint64_t>(claimed.job);
    const starting_place at{claimed.start};
    job.from = at.from;
    job.trusted_until = at.trusted_until;
    job.overlap = at.overlap;
    return job;
}

}  // namespace unipile::durable
