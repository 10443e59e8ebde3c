// The answers of the server, without sockets. Thread-safe.
#pragma once

#include "simulator/cursor.hpp"
#include "simulator/generate.hpp"
#include "simulator/listing.hpp"
#include "simulator/page_cache.hpp"
#include "simulator/page_plan.hpp"
#include "simulator/people.hpp"
#include "simulator/target.hpp"
#include "time_source.hpp"

#include <unipile/simulator/server.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace unipile::simulator {

struct request {
    std::string_view method;
    std::string_view target;
    std::optional<std::string_view> api_key;
    bool accepts_gzip = false;
};

/// One page of one listing; attempts are counted by it.
struct page_id {
    std::uint32_t account = 0, profile = 0;
    cursor at;
    auto operator<=>(const page_id&) const = default;
};

struct answer {
    unsigned status = 200;
    std::shared_ptr<const std::string> body;
    std::string_view content_type = "application/json; charset=utf-8";
    std::string headers;  ///< additional header lines, each with its line end
    bool gzip = false;
    simulator::framing framing = simulator::framing::length;

    std::chrono::milliseconds latency{0};
    std::optional<std::size_t> chunk;  ///< chunks of this size, 0: of odd sizes
    std::size_t drip = 0;              ///< bytes to write at a time, 0: as many as fit
    std::optional<fault> disruption;   ///< reset, close, stall, truncate or hang_up
    std::uint64_t dice = 0;            ///< for odd chunks and random positions

    std::optional<page_id> page;  ///< set if the request is for a page
    std::uint32_t posts = 0;
    std::size_t log_entry = SIZE_MAX;
};

class responder {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit responder(options what);

    answer respond(const request& request, time_point now);
    /// To be called when an answer's exchange is over.
    void written(const answer& answer, std::uint64_t bytes, bool whole);

    const options& settings() const { return options_; }
    const people& everybody() const { return people_; }
    const time_source& time() const { return time_; }

    void connected();
    void disconnected();
    void shook_hands(bool resumed);

    // As in `server`.
    std::uint64_t post_count(std::string_view identifier) const;
    std::vector<std::string> posts(std::string_view identifier) const;
    truth post_at(std::string_view identifier, std::uint64_t index, std::string_view account) const;
    statistics stats() const;
    std::uint64_t requests(std::string_view account) const;
    std::uint64_t requests(std::string_view account, std::string_view identifier) const;
    std::vector<page_requests> requests_by_page(std::string_view account, std::string_view identifier) const;
    std::vector<logged_request> request_log() const;
    void reset_counts();
    void add_posts(std::string_view identifier, std::uint64_t count);
    bool remove_post(std::string_view identifier, std::string_view id);
    void change_counters(std::string_view identifier);
    void expire_cursors();
    void set_account_error(std::string_view account, std::optional<error_answer> error);
    void set_api_key(std::string key);
    void set_faults(std::vector<fault> faults);

private:
    struct window {
        time_point start;
        std::uint32_t used = 0;
    };
    struct account_state {
        std::optional<error_answer> error;
        std::vector<window> windows;  ///< one for each of `options::limits`
        std::uint64_t requests = 0;
    };
    struct page_counts {
        std::uint32_t requests = 0, answered = 0;
    };
    struct page_hash {
        std::size_t operator()(const page_id& id) const;
    };
    using fault_list = std::shared_ptr<const std::vector<fault>>;

    /// Everything that determines the bytes of a page.
    struct page_job {
        traits owner;
        std::uint32_t account = 0;
        listing posts;
        simulator::changes changes;
        page_plan plan;
        cursor_binding binding;
        fault_list faults;
        std::uint64_t faults_version = 0;
        bool gzip = false;
    };

    answer refuse(unsigned status, std::string_view type, std::string_view detail = {}) const;
    answer decide(const request& request, time_point now, std::optional<page_job>& job);
    answer decide_page(const page_query& query, std::uint32_t account, std::optional<page_job>& job,
                       logged_request* entry);
    std::optional<answer> account_refusal(account_state& state, time_point now) const;
    bool apply_faults(const page_attempt& attempt, answer& result, page_effects& effects);
    answer failing(const fault& fault) const;
    std::chrono::milliseconds latency(std::uint64_t dice) const;
    page_cache::page page(const page_job& job);
    std::string render(const page_job& job) const;
    end_style end_of(const traits& owner) const;

    traits known(std::string_view identifier) const;
    std::uint32_t known_account(std::string_view account) const;
    simulator::changes changes_of(std::uint32_t profile) const;
    simulator::changes& change(std::uint32_t profile);
    cursor_binding binding(std::uint32_t account, std::uint32_t profile, std::uint32_t lifetimes_ago = 0) const;
    void age_cursors(time_point now);
    void delete_newest(std::uint32_t profile);
    viewer viewer_of(const traits& owner, std::uint32_t account) const;

    const options options_;
    const time_source time_;
    const people people_;
    mutable page_cache cache_;

    mutable std::mutex mutex_;  // guards the following members
    std::string api_key_;
    fault_list faults_;
    std::uint64_t faults_version_ = 0;
    std::uint32_t generation_ = 0;
    std::optional<time_point> first_request_;
    std::uint32_t lifetimes_ = 0;  ///< periods of a cursor's lifetime since the first request
    std::unordered_map<std::uint32_t, account_state> accounts_;
    std::map<std::uint32_t, simulator::changes> changes_;
    std::unordered_map<page_id, page_counts, page_hash> pages_;
    std::vector<logged_request> log_;
    statistics stats_;
};

}  // namespace unipile::simulator
