// The server of the simulated API.
#pragma once

#include <unipile/simulator/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::simulator {

/// A generated profile.
struct profile {
    std::string identifier;
    bool is_company = false;
    std::string provider;  ///< "LINKEDIN" or "INSTAGRAM"
    std::string account;   ///< the account that it belongs to
};

/// A post as a complete listing has to deliver it.
struct truth {
    std::string id;
    std::int64_t published_at = 0;  ///< Unix milliseconds
    std::string json;               ///< as sent to the account, byte for byte
    bool valid = true;              ///< false: a deviation (`utf8`, `broken`) made it invalid JSON
};

/// An error that the server answers with.
struct error_answer {
    unsigned status = 0;
    std::string type;  ///< with "errors/"
    std::optional<std::uint32_t> retry_after;
};

/// Counters since the start.
struct statistics {
    std::uint64_t connections = 0, open_connections = 0, handshakes = 0, resumed_handshakes = 0;
    std::uint64_t requests = 0;  ///< read in full
    std::uint64_t pages = 0;     ///< answered with 200 and a page, and written to the end
    std::uint64_t errors = 0;    ///< answered with another status
    std::uint64_t faults = 0;    ///< faults that applied to a request, without `drift`
    std::uint64_t posts = 0;     ///< in `pages`
    std::uint64_t bytes = 0;     ///< written, before TLS
    std::uint64_t cached_pages = 0, cached_bytes = 0;
};

/// The requests for one page of one listing.
struct page_requests {
    std::string cursor;  ///< empty: the first page
    std::uint32_t requests = 0;
    std::uint32_t answered = 0;  ///< with the whole page; above 1: the page was requested again
};

/// One recorded request.
struct logged_request {
    std::chrono::steady_clock::time_point time;  ///< with `options::clock`, its `manual_clock::steady`
    std::string account;
    std::string identifier;
    std::string cursor;
    std::uint32_t limit = 0;
    std::uint32_t attempt = 0;  ///< 1 for the first at this page; 0 where the request names no page
    unsigned status = 0;        ///< of the answer; 0: a connection fault
};

/// The server of the simulated API. Serves on `executor`, which any number of threads may run; each connection has a
/// strand. The executor's context must outlive this object.
///
/// The posts that a complete listing delivers (`posts`, `post_at`) do not depend on the faults. `duplicates` and
/// `cursor_style` repeat posts of the listing, `empty_pages` interrupts it, and `drift` changes the text of a post but
/// not its identity, the same way for every page size and attempt. `loop`, `dead_cursor`, `endless` and `odd_cursor`
/// keep a listing from completing. Without faults each post is delivered exactly once, in the order of `posts`.
///
/// Thread safety: all functions may be called on any thread. Changes apply to requests that are read afterwards.
class server {
public:
    /// Throws as `validate`, and boost::system::system_error if the certificates can't be made or written.
    server(boost::asio::any_io_executor executor, options options);
    /// Stops.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Listens and accepts connections. Throws boost::system::system_error. Called once.
    void start();
    /// Closes the port and every connection. Never blocks; the rest ends as soon as the executor runs.
    void stop();

    /// Returns the port that it listens on.
    std::uint16_t port() const;
    /// Returns `https://localhost:PORT` or `http://localhost:PORT`.
    std::string base_url() const;
    /// Returns the CA's certificate as PEM; empty without TLS.
    const std::string& ca_pem() const;

    /// Returns the names of the linked accounts.
    std::vector<std::string> accounts() const;
    /// Returns the profiles that belong to `account`.
    std::vector<profile> identifiers(std::string_view account) const;
    /// Returns all profiles.
    std::vector<profile> identifiers() const;
    /// Returns how many posts a complete listing delivers.
    std::uint64_t post_count(std::string_view identifier) const;
    /// Returns the ids that a complete listing delivers, in order.
    std::vector<std::string> posts(std::string_view identifier) const;
    /// Returns the post at `index` of the listing as sent to `account` (empty: the profile's own). Throws
    /// std::out_of_range.
    truth post_at(std::string_view identifier, std::uint64_t index, std::string_view account = {}) const;

    /// Returns the counters since the start, or since `reset_counts`.
    statistics stats() const;
    /// Returns the requests of an account.
    std::uint64_t requests(std::string_view account) const;
    /// Returns the requests of an account for one profile.
    std::uint64_t requests(std::string_view account, std::string_view identifier) const;
    /// Returns the requests by page, in the listing's order.
    std::vector<page_requests> requests_by_page(std::string_view account, std::string_view identifier) const;
    /// Returns the requests so far; empty without `options::log_requests`.
    std::vector<logged_request> request_log() const;
    /// Resets all counters and the log, including the counts of attempts.
    void reset_counts();

    /// Adds posts at the top.
    void add_posts(std::string_view identifier, std::uint64_t count);
    /// Removes the post with this id. Returns false if there is none.
    bool remove_post(std::string_view identifier, std::string_view id);
    /// Changes the counters of all posts of the profile, and nothing else.
    void change_counters(std::string_view identifier);
    /// Answers all cursors given out so far with 422.
    void expire_cursors();
    /// Answers every request of the account with this error; nullopt: with pages again.
    void set_account_error(std::string_view account, std::optional<error_answer> error);
    /// Asks for another key from now on.
    void set_api_key(std::string key);
    /// Replaces all faults.
    void set_faults(std::vector<fault> faults);

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace unipile::simulator
#pragma GCC visibility pop
