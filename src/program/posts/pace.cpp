#include "program/posts/pace.hpp"

#include "program/harvest/store_watch.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"

#include <unipile/store/account_rows.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace unipile::program {

paced_listings::paced_listings(posts_pace pace) : pace_(std::move(pace))
{
    if (pace_.store.empty()) return;
    std::string bound;
    open_usable([&] {
        store_ = open_engine(pace_.store, store::access::sole, false, with_upgrade_lines(pace_.store));
        bound = store_->perform(store::read_tenant());
    });
    require_tenant(bound, pace_.base_url, pace_.store);
}

harvest_stream paced_listings::open(client& from, const posts_query& query, const position& start)
{
    harvest_options options;
    options.pace = pace_.rules;
    options.when_parked = harvest_options::parked_jobs::fail;
    options.load_ledger = [this](std::string_view account) { return load(std::string{account}); };
    options.save_ledger = [this](std::string_view account, const account_ledger& ledger) {
        save(std::string{account}, ledger);
    };
    options.admit = [this](const harvest_job& job, const account_ledger& ledger, harvest_options::admission go) {
        const bool saved = save(job.query.account_id, ledger);
        go(saved ? boost::system::error_code{} : boost::asio::error::operation_aborted);
    };
    std::vector<harvest_job> jobs(1);
    jobs.front().query = query;
    jobs.front().from = start;
    return from.harvest(std::move(jobs), std::move(options));
}

std::optional<account_ledger> paced_listings::load(const std::string& account)
{
    if (ledger_ || !store_ || failure_) return ledger_;
    try {
        const auto row = store_->perform(store::load_account{account});
        if (!row) return std::nullopt;
        // A damaged ledger counts as used up, as in a harvest.
        ledger_ = store::ledger_of(*row, wall_now()).ledger;
    } catch (const store::store_error&) {
        failure_ = std::current_exception();
    }
    return ledger_;
}

bool paced_listings::save(const std::string& account, const account_ledger& ledger)
{
    ledger_ = ledger;
    if (!store_) return true;
    if (failure_) return false;
    try {
        const wall_time next = std::max(ledger.next_request, ledger.resting_until);
        store_->perform(store::save_account{store::row_of(account, ledger, next, wall_now())});
        store_->commit();
        return true;
    } catch (const store::store_error&) {
        failure_ = std::current_exception();
        return false;
    }
}

}  // namespace unipile::program
