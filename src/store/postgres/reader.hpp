// The reading side on PostgreSQL.
#pragma once

#include "store/change_place.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"

#include <unipile/store/postgres.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store::postgres {

/// Each slice is a transaction of its own, so that a slow visitor keeps no old rows alive in the database.
class postgres_reader final : public post_reader {
public:
    postgres_reader(const std::string& text, const postgres_options& options);

    std::uint64_t posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit) override;
    std::string changes(const std::string& after, const std::function<bool(const changed_post&)>& visit) override;
    std::uint64_t counters(const std::function<bool(const counted_post&)>& visit) override;
    std::uint64_t jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit) override;
    std::uint64_t accounts(const std::function<bool(const account_row&, const account_summary&)>& visit) override;
    std::uint64_t quarantined(
        const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit) override;
    store_summary summary() override;
    std::string tenant() override;
    settings current_settings() override;
    std::optional<bool> harvesting() override;
    std::optional<run_info> run_under_way() override;
    std::optional<std::vector<worker_row>> workers() override;

private:
    struct job_key {
        std::int64_t bucket = 0, job = 0;
        job_spec spec;
    };

    connection_options with_hook();
    template <class Work>
    auto repeated(Work work);
    std::vector<rows> ask(std::vector<query> queries);
    rows ask(query one);
    std::vector<job_key> jobs_behind(const job_key& after, const post_filter& filter);
    std::uint64_t all_posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit);
    bool posts_of(const job_key& job, const post_filter& filter, wall_time began,
                  const std::function<bool(const stored_post&)>& visit, std::uint64_t& visited);
    // A feed entry: where it is in its bucket.
    struct feed_key {
        std::int64_t seq = 0, n = 0;
    };
    change_place last_place();
    change_place place_in(const std::string& text, const change_place& last);
    bool visit_changes(std::int64_t bucket, feed_key after, std::int64_t upto,
                       const std::function<bool(const changed_post&)>& visit);
    bool visit_posts(const std::map<std::pair<std::string, std::string>, std::uint64_t>& kinds,
                     const std::function<bool(const changed_post&)>& visit, std::size_t& bytes);
    std::uint64_t replaced_counters(const std::function<bool(const counted_post&)>& visit, bool& wanted);
    std::vector<std::string> accounts_behind(const std::string& after);

    postgres_options options_;
    bool was_reached_ = false;
    connection db_;
    store_format format_;
};

/// How many rows make a slice, unless they are large.
inline constexpr std::int64_t slice_rows = 1'000;

/// Returns the run in a row of run, mode, label, started, ended, outcome.
run_info run_in(const rows& found, int row);

inline std::uint64_t as_count(std::int64_t n) noexcept { return static_cast<std::uint64_t>(n); }

}  // namespace unipile::store::postgres
