#include "store/postgres/memory.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store::postgres {

const claim* memory::find(std::int64_t job) const
{
    const auto at = claimed_.find(job);
    return at == claimed_.end() ? nullptr : &at->second;
}

// Once for each job and transaction.
void memory::remember(std::int64_t job)
{
    if (!remembered_.insert(job).second) return;
    const claim* known = find(job);
    undo_.emplace_back([this, job, before = known ? std::optional(*known) : std::nullopt] {
        if (before)
            put(job, *before);
        else
            erase(job);
    });
}

void memory::put(std::int64_t job, claim c)
{
    claimed_of_[c.account].insert(job);
    claimed_.insert_or_assign(job, std::move(c));
}

void memory::erase(std::int64_t job)
{
    const auto at = claimed_.find(job);
    if (at == claimed_.end()) return;
    const auto account = claimed_of_.find(at->second.account);
    account->second.erase(job);
    if (account->second.empty()) claimed_of_.erase(account);
    claimed_.erase(at);
}

claim& memory::change(std::int64_t job)
{
    remember(job);
    return claimed_.at(job);
}

void memory::add(std::int64_t job, claim c)
{
    remember(job);
    put(job, std::move(c));
}

void memory::drop(std::int64_t job)
{
    remember(job);
    erase(job);
}

std::vector<std::int64_t> memory::claimed_of(std::string_view account) const
{
    const auto at = claimed_of_.find(account);
    return at == claimed_of_.end() ? std::vector<std::int64_t>()
                                   : std::vector<std::int64_t>(at->second.begin(), at->second.end());
}

const run_row* memory::run(std::int64_t run) const
{
    const auto at = runs_.find(run);
    return at == runs_.end() ? nullptr : &at->second;
}

void memory::set_run(std::int64_t run, const run_row& row)
{
    const run_row* known = memory::run(run);
    undo_.emplace_back([this, run, before = known ? std::optional(*known) : std::nullopt] {
        if (before)
            runs_.insert_or_assign(run, *before);
        else
            runs_.erase(run);
    });
    runs_.insert_or_assign(run, row);
}

const memory::open_accounts* memory::open(std::int64_t run) const
{
    const auto at = open_.find(run);
    return at == open_.end() ? nullptr : &at->second;
}

void memory::set_open(std::int64_t run, open_accounts queued)
{
    open_.insert_or_assign(run, std::move(queued));
    for (const auto& [job, c] : claimed_)
        if (c.run == run) shift_open(run, c.account, -1);
}

void memory::forget_open()
{
    open_.clear();
    next_due.reset();
}

bool memory::is_old() const noexcept { return std::chrono::steady_clock::now() >= read_until_; }

void memory::note_read(std::chrono::steady_clock::duration took) noexcept
{
    constexpr std::chrono::seconds at_least{1};
    read_until_ = std::chrono::steady_clock::now() + std::max<std::chrono::steady_clock::duration>(at_least, 20 * took);
}

void memory::shift_open(std::int64_t run, const std::string& account, std::int64_t by)
{
    const auto accounts = open_.find(run);
    if (accounts == open_.end()) return;
    auto& count = accounts->second[account];
    count = by < 0 ? count - std::min(count, static_cast<std::uint64_t>(-by)) : count + static_cast<std::uint64_t>(by);
    if (count == 0) accounts->second.erase(account);
}

void memory::adjust_open(std::int64_t run, const std::string& account, std::int64_t by)
{
    if (by == 0) return;
    // The job was added to another run while it was claimed.
    if (!open_.contains(run)) return forget_open();
    undo_.emplace_back([this, run, account, by] { shift_open(run, account, -by); });
    shift_open(run, account, by);
}

void memory::no_more_open(std::int64_t run, const std::string& account)
{
    const open_accounts* accounts = open(run);
    if (!accounts) return;
    const auto at = accounts->find(account);
    if (at != accounts->end()) adjust_open(run, account, -static_cast<std::int64_t>(at->second));
}

void memory::note_due(wall_time t)
{
    // Too early is harmless.
    if (next_due) next_due = std::min(*next_due, t);
}

void memory::set_withdrawn_to(std::optional<job_place> last)
{
    undo_.emplace_back([this, before = withdrawn_to_] { withdrawn_to_ = before; });
    withdrawn_to_ = last;
}

void memory::undo()
{
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)();
    // A due time that was read may belong to a job that is queued no more.
    next_due.reset();
    keep();
}

void memory::keep()
{
    undo_.clear();
    remembered_.clear();
}

}  // namespace unipile::store::postgres
