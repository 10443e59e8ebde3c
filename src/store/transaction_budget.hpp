// When an engine that is durable when it has applied operations begins its next transaction.
#pragma once

#include <unipile/store/writer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace unipile::store {

/// A transaction costs the database about the same whatever is in it, so their number is what a server of many workers
/// is spared. A fixed wait before each transaction would spare it most, and would make each request wait twice for
/// nothing where a worker has little to do: once for its admission, once for its page.
///
/// So transactions may begin at once as long as they are few; those beyond a budget wait for the next one, and gather
/// what arrives meanwhile. The budget grows with time, and with the work that arrives: a harvest that is limited by its
/// own commits gathers as much as it submits at a time, and waits for the less the more that is.
///
/// A pure state machine, with the time as input.
class transaction_budget {
public:
    using clock = std::chrono::steady_clock;

    /// The options may have any value.
    explicit transaction_budget(const writer_options& o)
        : cost_(std::clamp<std::chrono::milliseconds>(o.transaction_every, std::chrono::milliseconds(0),
                                                      std::chrono::hours(24))),
          earned_(cost_ / at_most(std::max<std::size_t>(o.transaction_after, 1))),
          savings_(cost_ * at_most(o.transactions_at_once))
    {}

    /// A piece of work has arrived.
    void arrived() noexcept { spent_until_ -= earned_; }
    /// Returns when a transaction may begin; it may be past.
    clock::time_point next() const noexcept { return spent_until_ - savings_; }
    void began(clock::time_point now) noexcept
    {
        // One that could not wait puts off the next one by no more than the others do.
        spent_until_ = std::clamp(spent_until_, now, now + savings_) + cost_;
    }

private:
    static clock::rep at_most(std::size_t n) noexcept
    {
        return static_cast<clock::rep>(std::min<std::size_t>(n, 50'000));
    }

    clock::duration cost_, earned_, savings_;
    // The budget is spent up to this time. A transaction may begin if that is not further ahead than the savings.
    clock::time_point spent_until_{};
};

}  // namespace unipile::store
