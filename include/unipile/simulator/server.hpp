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

namespace unipile::simulator {

struct profile {
    std::string identifier;
    bool is_company = false;
    std::string provider;  ///< "LINKEDIN" or "INSTAGRAM"
    std::string account;   ///< its home
};

/// A post as a listing has to deliver it.
struct truth {
    std::string id;
    std::int64_t published_at = 0;  ///< Unix milliseconds
    std::string json;               ///< as the account gets it, byte for byte
    bool valid = true;              ///< false: made invalid by a deviation (`utf8`, `broken`); no parser accepts it
};

struct error_answer {
    unsigned status = 0;
    std::string type;  ///< with "errors/"
    std::optional<std::uint32_t> retry_after;
};

struct statistics {
    std::uint64_t connections = 0, open_connections = 0, handshakes = 0, resumed_handshakes = 0;
    std::uint64_t requests = 0;  ///< read in full
    std::uint64_t pages = 0;     ///< answered with 200 and a page, and written to the end
    std::uint64_t errors = 0;    ///< answered with another status
    std::uint64_t faults = 0;    ///< faults that hit a request, `drift` apart
    std::uint64_t posts = 0;     ///< in `pages`
    std::uint64_t bytes = 0;     ///< written, before TLS
    std::uint64_t cached_pages = 0, cached_bytes = 0;
};

/// What was asked for one page of one listing.
struct page_requests {
    std::string cursor;  ///< empty: the first page
    std::uint32_t requests = 0;
    std::uint32_t answered = 0;  ///< with the whole page; above 1, something was asked for twice
};

struct logged_request {
    std::chrono::steady_clock::time_point time;
    std::string account;
    std::string identifier;
    std::string cursor;
    std::uint32_t limit = 0;
    std::uint32_t attempt = 0;  ///< 1 for the first at this page; 0 where the request names no page
    unsigned status = 0;        ///< that it was answered with; 0: a connection fault
};

/// The server. Serves on `executor`, on which any number of threads may run; each connection has a strand. The
/// executor's context must outlive this object.
///
/// What a complete listing delivers (`posts`, `post_at`) holds whatever the faults are: `duplicates` and `cursor_style`
/// repeat posts that belong to it, `empty_pages` interrupts it, drift changes the text of a post but not its identity,
/// the same for every page size and attempt. `loop`, `dead_cursor`, `endless` and `odd_cursor` keep a listing from
/// completing. Without faults each post is delivered exactly once, in the order of `posts`.
///
/// All functions may be called from any thread. Changes hold for the requests read after them.
class server {
public:
    /// Throws as `validate`, and boost::system::system_error if the certificates can't be made or written.
    server(boost::asio::any_io_executor executor, options options);
    /// Stops.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Listens and accepts. Throws boost::system::system_error. Call once.
    void start();
    /// Closes the port and every connection. Never blocks; what is left ends as soon as the executor runs.
    void stop();

    std::uint16_t port() const;
    /// `https://localhost:PORT` or `http://localhost:PORT`.
    std::string base_url() const;
    /// The CA's certificate; empty without TLS.
    const std::string& ca_pem() const;

    std::vector<std::string> accounts() const;
    /// Those whose home is `account`.
    std::vector<profile> identifiers(std::string_view account) const;
    std::vector<profile> identifiers() const;
    std::uint64_t post_count(std::string_view identifier) const;
    /// The ids that a complete listing delivers, in order.
    std::vector<std::string> posts(std::string_view identifier) const;
    /// The post at `index` of the listing as `account` (empty: its home) gets it. Throws std::out_of_range.
    truth post_at(std::string_view identifier, std::uint64_t index, std::string_view account = {}) const;

    statistics stats() const;
    std::uint64_t requests(std::string_view account) const;
    std::uint64_t requests(std::string_view account, std::string_view identifier) const;
    /// By page, in the order of the listing.
    std::vector<page_requests> requests_by_page(std::string_view account, std::string_view identifier) const;
    std::vector<logged_request> request_log() const;
    /// Forgets what was counted and logged, attempts too.
    void reset_counts();

    /// New posts at the top.
    void add_posts(std::string_view identifier, std::uint64_t count);
    /// The post with this id is gone. False: there is none.
    bool remove_post(std::string_view identifier, std::string_view id);
    /// The counters of all posts of the profile change; nothing else does.
    void change_counters(std::string_view identifier);
    /// All cursors given out so far are answered with 422.
    void expire_cursors();
    /// Every request of the account is answered with this; nullopt: it works again.
    void set_account_error(std::string_view account, std::optional<error_answer> error);
    void set_api_key(std::string key);
    void set_faults(std::vector<fault> faults);

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace unipile::simulator
