// What answers, and their absence, show about the server, and about accounts that it does not know.
#include "harvest/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace unipile::harvest {

void scheduler::note_contact(job_index j, const request_result& result, wall_time now)
{
    using contact = request_result::contact;
    const bool was_probe = probe_ == j;
    if (was_probe) probe_ = none;
    if (result.server == contact::failing) outage_.heard();
    const bool heard = result.server == contact::failing || result.server == contact::foreign;
    const bool alone = result.server == contact::failing && is_alone(j);
    if (heard && !was_probe && !outage_.is_cut_off() && (alone || jobs_[j].began != answers_)) {
        // Others were answered meanwhile, or there are no others: the job's attempts decide.
        jobs_[j].silent = answers_ > 1 ? answers_ - 1 : 0xffffffff;
        return;
    }
    note_silence(j, result.server);
    const bool nothing_tried = result.server == contact::unknown && result.times_sent == 0;
    const outage_watch::nothing got{result.times_sent > 0, result.retry_after.value_or(std::chrono::milliseconds{0})};
    if (result.server == contact::answered) {
        outage_.answered();
        if (!result.unknown_account) vouch(now);
    } else if (was_probe && outage_.is_cut_off() && !nothing_tried) {
        outage_.probe_failed(got, now, random_);
    } else if (result.server != contact::unknown) {
        outage_.no_answer(accounts_with_work(), got, now, random_);
    }
}

/// Returns true if no other job could be requested, in this account or another.
bool scheduler::is_alone(job_index j) const noexcept
{
    const auto& a = accounts_[jobs_[j].account];
    return a.queued + a.in_flight == 1 && accounts_with_work() <= 1;
}

void scheduler::park_or_suspect(account_index i, const request_result& result, wall_time now)
{
    auto& a = accounts_[i];
    if (a.ledger.parked) return;
    if (vouched_ || !result.unknown_account) {
        a.ledger.parked = account_ledger::parking{now, result.reason};
    } else if (!a.suspect) {
        suspects_.push_back({i, result.reason});
        a.suspect = true;
    }
}

/// The API knows some accounts, so the unknown ones are parked.
void scheduler::vouch(wall_time now)
{
    vouched_ = true;
    for (auto& s : std::exchange(suspects_, {})) {
        auto& a = accounts_[s.account];
        if (!std::exchange(a.suspect, false)) continue;
        a.ledger.parked = account_ledger::parking{now, std::move(s.reason)};
        parked_.push_back(s.account);
        settle_account(s.account, now);
    }
}

bool scheduler::knows_no_account(bool more) const noexcept
{
    constexpr std::size_t enough = 3;
    if (vouched_ || suspects_.empty()) return false;
    if (suspects_.size() >= enough) return true;
    return !more && std::none_of(accounts_.begin(), accounts_.end(), [](const account& a) {
        return a.queued + a.in_flight > 0 && !a.ledger.parked && !a.suspect;
    });
}

/// Records which jobs got no answer since the last one.
void scheduler::note_silence(job_index j, request_result::contact server)
{
    switch (server) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case request_result::contact::unknown: break;
        case request_result::contact::answered:
            jobs_[j].silent = jobs_[j].spared = 0;
            end_silence();
            break;
        case request_result::contact::unreachable: several_silent_ = true; break;
        case request_result::contact::silent:
        case request_result::contact::failing:
        case request_result::contact::foreign:
            jobs_[j].silent = answers_;
            if (alone_ == none) alone_ = j;
            several_silent_ = several_silent_ || alone_ != j;
            break;
    }
}

/// The server has answered.
void scheduler::end_silence() noexcept
{
    if (outage_.is_cut_off() && several_silent_) excuse_the_silent();
    forget_silence();
}

/// An outage is over; the jobs without an answer are excused.
void scheduler::excuse_the_silent() noexcept
{
    for (auto& j : jobs_) {
        if (j.silent != answers_ || j.spared == most_spared) continue;
        j.silent = 0;
        ++j.spared;
    }
}

void scheduler::forget_silence() noexcept
{
    if (++answers_ == 0) ++answers_;
    alone_ = none;
    several_silent_ = false;
}

/// Returns the number of accounts with work, up to the relevant maximum.
std::size_t scheduler::accounts_with_work() const noexcept
{
    std::size_t n = 0;
    for (auto a = accounts_.begin(); a != accounts_.end() && n < outage_watch::most_needed; ++a)
        if (a->queued + a->in_flight > 0 && !a->ledger.parked && !a->suspect) ++n;
    return n;
}

}  // namespace unipile::harvest
