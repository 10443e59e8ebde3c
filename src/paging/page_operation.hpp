// The operation of `client::async_page`: one page for a program that does its own paging.
#pragma once

#include "page_reader.hpp"
#include "pull.hpp"

#include <unipile/client.hpp>
#include <unipile/posts_page.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace unipile::paging {

struct page_result {
    boost::system::error_code code = {};
    posts_page value = {};

    void give(page_handler handler) && { std::move(handler)(code, std::move(value)); }
};

using page_pull = pull<page_result, page_handler>;

/// Requests one page and collects it. Owns itself while it is outstanding.
class page_operation final : public page_reader {
public:
    page_operation(std::shared_ptr<client_core> client, std::shared_ptr<const call_settings> settings,
                   posts_query query, const position& from);

    std::uint64_t new_ticket() noexcept { return pull_.new_ticket(); }
    void start(std::uint64_t ticket, page_pull p);
    void cancel_pull(std::uint64_t ticket) noexcept;
    void abandon(std::vector<std::shared_ptr<void>>& out) noexcept override;

private:
    friend class pull_slot<page_pull>;

    void posts_arrived() override {}
    void quarantined(const quarantined_item& item) override;
    void page_over(page_outcome outcome) override;
    void collect(page_outcome outcome);
    void schedule_end();
    /// Calls the handler on its executor, or on `at_once`.
    void end_pull(const boost::asio::any_completion_executor& at_once = {});

    pull_slot<page_pull> pull_;
    page_result result_;
    std::shared_ptr<page_reader> self_;  ///< while it is outstanding
};

}  // namespace unipile::paging
