#include "durable/account_books.hpp"

#include <unipile/store/account_rows.hpp>
#include <unipile/store/async.hpp>

#include <boost/asio/detached.hpp>

#include <utility>

namespace unipile::durable {

namespace asio = boost::asio;

account_books::account_books(asio::any_io_executor executor, store::store_writer& writer,
                             std::function<void(std::string_view account)> damaged, time_source time)
    : executor_(std::move(executor)), writer_(writer), damaged_(std::move(damaged)), time_(std::move(time))
{}

wall_time account_books::now() const { return writer_.share() ? writer_.share()->now() : time_.wall(); }

void account_books::read(const store::account_row& row)
{
    store::kept_ledger kept = store::ledger_of(row, now());
    if (kept.damaged) {
        // Otherwise the next run would count everything as used at its own beginning.
        save(row.account, kept.ledger, kept.ledger.resting_until);
        if (damaged_) damaged_(row.account);
    }
    if (const store::account_share* share = writer_.share(); share && share->may_lack_requests())
        ++kept.ledger.in_flight;
    read_.insert_or_assign(row.account, std::move(kept.ledger));
}

std::optional<account_ledger> account_books::take(std::string_view account)
{
    auto node = read_.extract(std::string{account});
    return node ? std::optional(std::move(node.mapped())) : std::nullopt;
}

void account_books::unpark(std::string_view account)
{
    if (const auto at = read_.find(std::string{account}); at != read_.end()) at->second.unpark(now());
}

void account_books::save(std::string_view account, const account_ledger& ledger, wall_time next_request)
{
    store::account_row row = store::row_of(account, ledger, next_request, now());
    store::async_apply(writer_, executor_, store::save_account{std::move(row), 0}, asio::detached);
}

void account_books::admit(const harvest_job& job, const account_ledger& ledger, wall_time next_request, admission done)
{
    store::save_account save;
    save.row = store::row_of(job.query.account_id, ledger, next_request, now());
    save.job = static_cast<std::int64_t>(job.tag);
    store::async_apply_durably(writer_, executor_, std::move(save), std::move(done));
}

}  // namespace unipile::durable
