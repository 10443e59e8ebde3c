#include "page_operation.hpp"

#include "pull_start.hpp"

#include <boost/asio/error.hpp>

#include <limits>
#include <new>

namespace unipile {

namespace asio = boost::asio;

void client::initiate_page::operator()(paging::page_handler handler, posts_query query, const position& from,
                                       const call_options& options) const
{
    std::shared_ptr<paging::page_operation> operation;
    std::optional<failure> refused;
    try {
        core->check(query, from);
        operation = std::make_shared<paging::page_operation>(core, core->settings(options), std::move(query), from);
        core->add(*operation);
    } catch (const failure& f) {
        refused = f;
    }
    if (operation) return paging::start_pull<paging::page_pull>(executor, operation, std::move(handler));
    paging::page_pull p(std::move(handler), executor);
    p.starts_within_initiation();
    paging::page_result result;
    result.code = refused->code();
    result.value.failure = std::move(*refused);
    std::move(p).finish_start(executor, std::move(result));
}

}  // namespace unipile

namespace unipile::paging {

page_operation::page_operation(std::shared_ptr<client_core> client, std::shared_ptr<const call_settings> settings,
                               posts_query query, const position& from)
    : page_reader(std::move(client), std::move(settings), std::move(query), from,
                  std::numeric_limits<std::size_t>::max())
{}

void page_operation::start(std::uint64_t ticket, page_pull p)
{
    pull_.begin(executor_, ticket, std::move(p));
    self_ = shared_from_this();
    // A position at an end needs no request.
    if (!state().over() && choose_page()) return request();
    collect({});
    if (const auto at_once = pull_.immediate(executor_)) return end_pull(at_once);
    schedule_end();
}

void page_operation::cancel_pull(std::uint64_t ticket) noexcept
{
    if (pull_.is_waiting() && pull_.cancel(ticket)) cancel(boost::asio::error::operation_aborted);
}

void page_operation::abandon(std::vector<std::shared_ptr<void>>& out) noexcept
{
    pull_.abandon(out);
    if (self_) out.push_back(std::move(self_));
}

void page_operation::quarantined(const quarantined_item& item) { result_.value.quarantined.push_back(item); }

void page_operation::page_over(page_outcome outcome)
{
    collect(std::move(outcome));
    schedule_end();
}

void page_operation::collect(page_outcome outcome)
{
    auto& page = result_.value;
    if (listing_.has_post()) {
        const auto posts = listing_.lend();
        page.posts.assign(posts.begin(), posts.end());
    }
    page.items = outcome.items;
    page.page_count = outcome.page_count;
    page.fields = std::move(outcome.fields);
    page.position = listing_.place();
    page.end = listing_.known_end();
    if (page.end == end_reason::none && outcome.whole) page.cursor = listing_.cursor();
    page.failure = std::move(outcome.failure);
    if (!page.failure && failure_) page.failure = *failure_;
    if (page.failure) result_.code = page.failure->code();
}

void page_operation::schedule_end()
{
    pull_.schedule_end(executor_, std::static_pointer_cast<page_operation>(shared_from_this()));
}

void page_operation::end_pull(const asio::any_completion_executor& at_once)
{
    const auto self = std::exchange(self_, nullptr);
    page_pull p(pull_.take());
    stop();
    std::move(p).finish(std::move(result_), at_once);
}

}  // namespace unipile::paging
