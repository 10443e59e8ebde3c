#include "durable/account_books.hpp"

#include <unipile/store/account_rows.hpp>
#include <unipile/store/async.hpp>

#include <boost/asio/detached.hpp>

#include <cstddef>
#include <utility>

namespace unipile::durable {

namespace asio = boost::asio;
using boost::system::error_code;

account_books::account_books(asio::any_io_executor executor, store::store_writer& writer,
                             std::function<void(std::string_view account)> damaged)
    : executor_(std::move(executor)), writer_(writer), damaged_(std::move(damaged))
{}

void account_books::read(const std::string& account, const std::optional<store::account_row>& row)
{
    if (!row) return;
    store::kept_ledger kept = store::ledger_of(*row, wall_now());
    if (kept.damaged) {
        // Otherwise the next run would count everything as used at its own beginning.
        save(account, kept.ledger, kept.ledger.resting_until);
        if (damaged_) damaged_(account);
    }
    read_.insert_or_assign(account, std::move(kept.ledger));
}

std::optional<account_ledger> account_books::take(std::string_view account)
{
    auto node = read_.extract(std::string{account});
    return node ? std::optional(std::move(node.mapped())) : std::nullopt;
}

void account_books::unpark(std::string_view account)
{
    if (const auto at = read_.find(std::string{account}); at != read_.end()) at->second.unpark(wall_now());
}

void account_books::save(std::string_view account, const account_ledger& ledger, wall_time next_request)
{
    store::account_row row = store::row_of(account, ledger, next_request, wall_now());
    const std::size_t bytes = row.ledger.size();
    auto work = [row = std::move(row)](store::post_store& engine) { engine.save_account(row); };
    store::async_perform(writer_, executor_, bytes, std::move(work), asio::detached);
}

void account_books::admit(std::string_view account, const account_ledger& ledger, wall_time next_request,
                          harvest_options::admission go)
{
    store::account_row row = store::row_of(account, ledger, next_request, wall_now());
    const std::size_t bytes = row.ledger.size();
    auto work = [row = std::move(row)](store::post_store& engine) { engine.save_account(row); };
    store::async_perform_durably(writer_, executor_, bytes, std::move(work),
                                 [go = std::move(go)](error_code ec) mutable { std::move(go)(ec); });
}

}  // namespace unipile::durable
