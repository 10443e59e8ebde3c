// The implementation of a stream: pulls, pages, and the retries between them.
#pragma once

#include "page_reader.hpp"
#include "post_pull.hpp"
#include "retry_decision.hpp"

#include <unipile/failure.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace unipile::paging {

/// All on the client's executor, but for `new_ticket`.
class stream_core final : public page_reader {
public:
    stream_core(std::shared_ptr<client_core> client, std::shared_ptr<const call_settings> settings, posts_query query,
                const position& from);

    // Called by the consumer.

    /// On any thread.
    std::uint64_t new_ticket() noexcept { return pull_.new_ticket(); }
    void start(std::uint64_t ticket, post_pull p);
    void cancel_pull(std::uint64_t ticket) noexcept;

    /// Returns true if a pull would end at once.
    bool ready() const noexcept { return listing_.has_post() || listing_.over(); }
    bool pulled() const noexcept { return pull_.is_taken(); }
    std::optional<post> take();
    /// Returns a post, or nothing at the end; throws the listing's failure. Precondition: `ready()`.
    std::optional<post> take_or_end();
    /// Returns the failure for a code.
    failure failure_of(boost::system::error_code code) const;

    /// Ends the listing, whose outstanding pull ends with `code`. No effect after the end.
    void cancel(boost::system::error_code code) noexcept;
    /// The handle is gone: ends all work, and no part of the client is kept.
    void stop() noexcept override;

    // Called by the client.

    void client_closed() noexcept override { cancel(make_error_code(errc::client_closed)); }
    void abandon(std::vector<std::shared_ptr<void>>& out) noexcept override { pull_.abandon(out); }

private:
    friend class pull_slot<post_pull>;

    // Pulls.
    std::shared_ptr<stream_core> self() { return std::static_pointer_cast<stream_core>(shared_from_this()); }
    void notify();
    void schedule_end_of_pull();
    /// Calls the handler on its executor, or on `at_once`.
    void end_pull(const boost::asio::any_completion_executor& at_once = {});
    pull_result settle(const post_pull& p);
    std::span<const post> take_all();
    void taken_out();

    // Pages.
    void posts_arrived() override;
    void page_over(page_outcome outcome) override;
    void advance() noexcept;
    bool wants_request() const noexcept;
    void retry(const page_outcome& outcome);
    void delay();
    void end_delay() noexcept;

    retry_budget retries_;
    pull_slot<post_pull> pull_;
    clock::time_point not_before_{};  ///< of the next request
    clock::time_point delayed_at_{};
    bool delayed_ = false;
};

}  // namespace unipile::paging
