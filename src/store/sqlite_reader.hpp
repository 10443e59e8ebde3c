// The reading side on SQLite.
#pragma once

#include "store/change_place.hpp"
#include "store/sqlite_open.hpp"
#include "store/sqlite_schema.hpp"
#include "store/sqlite_slices.hpp"

#include <unipile/store/sqlite.hpp>

#include <string>
#include <utility>

namespace unipile::store {

/// Expressions for columns of `jobs`. A run may have the jobs of the run before it, while their rows are as that left
/// them.
struct job_columns {
    std::string run = "run", state = "iif(state = 2, 0, state)", end = "end_reason";
};

/// Visitors are called while no transaction is open.
class sqlite_reader final : public post_reader {
public:
    explicit sqlite_reader(readable r) : db_(std::move(r.db)), version_(r.version) {}

    std::uint64_t posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit) override;
    std::string changes(const std::string& after, const std::function<bool(const changed_post&)>& visit) override;
    std::uint64_t counters(const std::function<bool(const counted_post&)>& visit) override;
    std::uint64_t jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit) override;
    std::uint64_t accounts(const std::function<bool(const account_row&, const account_summary&)>& visit) override;
    std::uint64_t quarantined(
        const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit) override;
    store_summary summary() override;
    settings current_settings() override { return version_ >= 2 ? settings_in(db_) : settings(); }
    std::string tenant() override;
    std::optional<bool> harvesting() override { return owner_lock::is_held(db_.file()); }

private:
    // Returns a column or an expression that only later versions of the schema have.
    std::string since(int version, const char* known, const char* before) const
    {
        return version_ >= version ? known : before;
    }
    job_columns columns();
    std::string match(const post_filter& filter);
    change_place last_place();
    change_place place_in(const std::string& text, const change_place& last);
    bool is_known(const change_place& place, const change_place& last);
    std::string match_changes(const change_place& after, const change_place& upto);
    bool visit_changes(const std::string& matches, const change_place& after, const change_place& upto,
                       const std::function<bool(const changed_post&)>& visit);
    account_summary summary_of(std::string_view account, statement& states, statement& totals);
    void count_ends(store_summary& sum);

    connection db_;
    int version_;  // of the schema
    unsigned tables_ = 0;
};

}  // namespace unipile::store
