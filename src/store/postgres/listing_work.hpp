// Pages, ends and releases of claimed jobs, and the ledgers of their accounts.
#pragma once

#include "store/postgres/batch.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::store::postgres {

/// Reads for all operations at once what the store has of their posts, decides one after the other, and writes each
/// row once.
class listing_work {
public:
    explicit listing_work(batch& b) : batch_(b), t_(b.statements()), memory_(b.known()) {}

    /// Adds the result of each.
    void work(std::span<const operation> operations, std::vector<operation_result>& results);

private:
    using post_key = std::pair<std::string, std::string>;  // id, provider

    // A post as the store has it, and what is to be written of it.
    struct known_post {
        bool stored = false;
        stored_view view;
        std::int64_t finder = 0;  // the job that found it first
        bucket_number finder_bucket = 0;
        wall_time changed{};
        const post_row* write = nullptr;
        bool added = false;
    };
    using post_entry = std::map<post_key, known_post>::value_type;
    // A post as the store has it in one listing.
    struct known_sighting {
        bool stored = false;
        place at;
        std::int64_t walk = 0;
        wall_time last_seen{};
        bool marked = false;  // gone, or missed once
        bool gone = false;
    };
    struct claimed_page {
        const page_write* page = nullptr;
        bucket_number bucket = 0;
    };
    struct page_post {
        post_entry* post = nullptr;
        known_sighting* sighting = nullptr;
        place before;
        std::optional<wall_time> published;
        bool fresh = false;  // new to this listing
    };
    // What is to be written of a job.
    struct job_change {
        bucket_number bucket = 0;
        std::optional<std::string> timeline;
        bool suspect = false;
        bool turned = false;  // suspect, or not any more
        std::uint64_t posts = 0, pages = 0, requests = 0;
        std::optional<job_state> state;
        std::optional<wall_time> due, harvested, tried;
        std::optional<std::string> end;  // with it, the next three are written, too
        std::string failure, failure_type;
        bool may_pass = false;
        bool progressed = false;  // something was stored, or it has ended
        std::optional<bool> whole;
    };
    struct account_change {
        const account_row* row = nullptr;
        std::int64_t job = 0;      // whose request is in flight
        bool same_parking = true;  // the rows before it, too
    };
    struct miss {
        bucket_number bucket = 0;
        std::int64_t job = 0, walk = 0;
        wall_time at{};
    };
    struct feed_entry {
        bucket_number bucket = 0;
        int kind = 0;
        std::int64_t job = 0;
        const post_key* post = nullptr;
        wall_time at{};
        std::optional<wall_time> taken{};  // of the JSON that is replaced
        post_counters before{};
        bool reads_before = false;  // the counters of the stored JSON are to be read yet
        bool was_gone = false;      // from this listing
    };
    void read(std::span<const operation> operations);
    void read_posts();
    void read_page(const page_write& page, const claim& c);
    void read_sightings(std::span<const claimed_page> pages);
    void read_replaced();
    void look_for_others(std::int64_t job, bucket_number bucket);
    void take_over(std::span<const operation> operations);

    page_result apply(const page_write& page);
    step apply(const job_end& end);
    bool apply(const release_job& op);
    step apply(const forget_position& op);
    bool apply(const save_account& op);

    void take(post_entry& entry, const post_row& p, int kind, const page_write& page, bucket_number bucket);
    bool see(const post_row& p, const page_write& page, bucket_number bucket, page_result& result,
             std::vector<page_post>& seen);
    void note_sightings(const std::vector<page_post>& seen, const std::vector<sighting>& places, const page_write& page,
                        const claim& c, const step& next);
    bool quarantine(const page_write& page, bucket_number bucket);
    void note_progress(std::int64_t job, claim& c);
    void settle(std::int64_t job, const claim& c, const step& s, std::string_view end, wall_time now);

    void write();
    void write_posts();
    void count_posts();
    void write_sightings();
    void write_misses();
    void write_quarantined();
    void write_jobs();
    void write_accounts();
    void write_returned();
    void write_gone();
    void write_feed();
    void drop_unpark_request(std::string_view account);

    batch& batch_;
    transaction& t_;
    memory& memory_;
    std::map<post_key, known_post> posts_;
    std::map<std::pair<std::int64_t, const post_entry*>, known_sighting> sightings_;
    std::map<std::int64_t, std::set<std::string, std::less<>>> quarantined_;  // hashes, by job
    struct other_listing {
        bucket_number bucket = 0;
        std::int64_t job = 0;
        std::string timeline;
        bool shown = false;
        std::int64_t copied = 0;
    };
    std::map<std::int64_t, other_listing> others_;  // by the job that may take it over

    struct sighting_write {
        bucket_number bucket = 0;
        std::int64_t job = 0;
        const post_key* post = nullptr;
        std::int64_t place = 0, walk = 0;
        wall_time now{};
    };
    std::map<std::pair<std::int64_t, const post_entry*>, sighting_write> sighted_;
    struct quarantine_write {
        bucket_number bucket = 0;
        std::int64_t job = 0;
        std::string hash;
        const quarantined_row* row = nullptr;
        wall_time now{};
    };
    std::vector<quarantine_write> kept_apart_;
    std::map<std::int64_t, job_change> jobs_;
    std::map<std::string_view, account_change> accounts_;
    std::vector<miss> misses_;
    std::vector<feed_entry> feed_;
    std::vector<feed_entry> seen_again_;  // posts that may have been gone
};

/// Returns the key of an item that is no post.
std::string quarantine_hash(const quarantined_row& item);

}  // namespace unipile::store::postgres
