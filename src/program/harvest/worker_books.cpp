// What a worker keeps: how listings ended, what its accounts have used, and what it counts.
#include "program/harvest/account_rows.hpp"
#include "program/harvest/worker.hpp"
#include "program/options/advice.hpp"
#include "program/posts/report.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using step_kind = store::step::kind;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds view_interval{500};

/// What people and programs call a failure: the API's type, or the code's own words.
std::string failure_type(const failure& f)
{
    if (const api_error* api = f.api(); api != nullptr && !api->type.empty()) return api->type;
    if (f.api() != nullptr) return "status " + std::to_string(f.api()->status);
    // What to do about it comes behind the semicolon.
    const std::string words = message_of(f.code());
    return words.substr(0, words.find(';'));
}

/// The code's own words, what it is about and what the system says.
std::string cause_text(const failure& f)
{
    std::string text = failure_type(f);
    if (!f.all().note.empty()) text += ", " + f.all().note;
    if (f.cause()) text += ", " + f.cause().message();
    return text;
}

/// For an account whose ledger is damaged: what its row says besides, and nothing left in any window.
account_ledger used_up(const store::account_row& row)
{
    const store::unix_time now = wall_now();
    account_ledger ledger = account_ledger::used_up(now);
    ledger.provider = row.provider;
    ledger.requests = row.requests;
    ledger.resting_until = row.waits_until.value_or(wall_time{});
    if (row.parked) ledger.parked = account_ledger::parking{row.parked_since.value_or(now), row.why};
    return ledger;
}

/// Whether a listing ended for no reason of its own, so that its job just goes on another time.
bool is_put_off(const harvest_element& end, bool parked_wait)
{
    if (end.end_reason == end_reason::cancelled || !end.failure) return end.end_reason == end_reason::cancelled;
    const error_code code = end.failure->code();
    if (code == errc::harvest_stopped || end.failure->scope() == failure_scope::key) return true;
    return parked_wait && end.failure->scope() == failure_scope::account;
}

}  // namespace

asio::awaitable<void> harvest_worker::settle_end(std::uint64_t tag, active_job& job, const harvest_element& end)
{
    if (is_put_off(end, when_parked_ == harvest_options::parked_jobs::wait)) {
        co_await give_back(tag, job);
        co_return;
    }
    const bool refused_at_once = job.at_saved && end.failure && end.failure->scope() == failure_scope::target;
    if (refused_at_once || (end.failure && end.failure->code() == errc::position_lost)) {
        co_await forget_position(tag, job);
        co_return;
    }
    store::job_end told;
    told.lease = job.claimed.lease;
    told.reason = end.end_reason;
    if (end.failure) {
        told.failure = failure_text(*end.failure);
        told.failure_type = failure_type(*end.failure);
        // An account's trouble is not the job's.
        told.may_pass = end.failure->may_pass() || end.failure->scope() == failure_scope::account;
    }
    told.requests = end.stats.requests - job.requests_told;
    told.empty_pages = end.job->query.empty_page_tolerance;
    told.now = wall_now();
    const std::string how = end.failure ? told.failure_type : std::string{to_string(end.end_reason)};
    const std::string failure = told.failure;
    auto finish = [told = std::move(told)](store::post_store& engine) { return engine.finish(told); };
    const auto [ec, next] =
        co_await store::async_perform(*shared_.writer, context_.get_executor(), 0, std::move(finish), as_result);
    if (ec)
        store_failed();
    else if (next.what == step_kind::from_top || next.what == step_kind::from_position)
        start_again(job, next);
    else
        close_job(tag, how, next.what == step_kind::complete || next.what == step_kind::bounded, failure);
}

void harvest_worker::count(const harvest_element& element, const store::page_result& result)
{
    tally_.update([&](harvest_tally& t) {
        t.posts += element.posts.size();
        t.quarantined += element.quarantined.size();
        t.added += result.added;
        t.changed += result.changed;
        ++t.pages;
        t.by_account[element.job->query.account_id].posts += element.posts.size();
    });
}

void harvest_worker::count_requests(active_job& job, const harvest_element& element)
{
    const std::uint64_t requests = element.stats.requests - std::exchange(job.requests_seen, element.stats.requests);
    const std::uint64_t retries = element.stats.retries - std::exchange(job.retries_seen, element.stats.retries);
    tally_.update([&](harvest_tally& t) {
        t.requests += requests;
        t.retries += retries;
        t.by_account[element.job->query.account_id].requests += requests;
        if (element.ended) t.wire_bytes += element.stats.wire_bytes;
    });
}

asio::awaitable<void> harvest_worker::keep_view()
{
    for (;;) {
        tally_.set(view());
        redraw_.expires_after(view_interval);
        co_await redraw_.async_wait(as_result);
    }
}

accounts_view harvest_worker::view() const
{
    accounts_view v;
    const wall_time now = wall_now();
    stream_->accounts([&](const account_status& s) {
        ++v.accounts;
        v.running += s.running;
        v.queued += s.queued;
        if (s.ledger.parked) {
            ++v.parked_count;
            if (v.parked.size() < 5) v.parked.emplace_back(s.account, s.ledger.parked->reason);
        } else if (s.queued > 0 && s.next_request > now + std::chrono::minutes(1)) {
            ++v.resting;
        }
        if (s.rules.windows.empty()) return;
        v.bounded = true;
        v.left_today += s.left_today;
    });
    if (const auto outage = stream_->outage())
        v.outage = outage_view{outage->since, outage->next_attempt, cause_text(outage->why)};
    return v;
}

/// For its owner, or for the first sign that the API knows any account.
bool harvest_worker::is_waiting(std::string_view account) const
{
    bool waiting = false;
    stream_->account(account, [&](const account_status& s) { waiting = s.unknown || s.ledger.parked; });
    return waiting;
}

std::optional<account_ledger> harvest_worker::load_ledger(std::string_view account)
{
    const auto at = ledgers_.find(std::string{account});
    if (at == ledgers_.end()) return std::nullopt;
    std::optional<account_ledger> ledger = std::move(at->second);
    ledgers_.erase(at);
    return ledger;
}

account_ledger harvest_worker::stored_ledger(const store::account_row& row)
{
    std::optional<account_ledger> ledger = ledger_of(row, wall_now());
    if (!ledger) {
        shared_.say("unipile: what account " + printable(row.account, 80) +
                    " has used can't be read in the store; all that its pace allows counts as used by now");
        ledger = used_up(row);
        save_ledger(row.account, *ledger);  // or the next run would take it for used up anew
    }
    return std::move(*ledger);
}

store::account_row harvest_worker::stored(std::string_view account, const account_ledger& ledger) const
{
    wall_time next = std::max(ledger.next_request, ledger.resting_until);
    stream_->account(account, [&next](const account_status& s) { next = s.next_request; });
    return row_of(account, ledger, next, wall_now());
}

void harvest_worker::save_ledger(std::string_view account, const account_ledger& ledger)
{
    store::account_row row = stored(account, ledger);
    const std::size_t bytes = row.ledger.size();
    auto save = [row = std::move(row)](store::post_store& engine) { engine.save_account(row); };
    store::async_perform(*shared_.writer, context_.get_executor(), bytes, std::move(save), asio::detached);
}

/// A kill must not make the store forget a request, so its account's ledger is committed before it is sent.
void harvest_worker::admit(std::string_view account, const account_ledger& ledger, harvest_options::admission go)
{
    store::account_row row = stored(account, ledger);
    const std::size_t bytes = row.ledger.size();
    auto save = [row = std::move(row)](store::post_store& engine) { engine.save_account(row); };
    store::async_perform_durably(*shared_.writer, context_.get_executor(), bytes, std::move(save),
                                 [this, go = std::move(go)](error_code ec) mutable {
                                     if (ec) store_failed();
                                     std::move(go)(ec);
                                 });
}

}  // namespace unipile::program
