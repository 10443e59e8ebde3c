// A stand-in for the API: generated, seeded accounts behind a real HTTP server, for tests, trials and benchmarks.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::simulator {

/// Ways in which answers differ from the contract; bits of `options::deviations` and of a `drift` fault. None of them
/// touches what identifies a post (`id` on LinkedIn, `provider_id` on Instagram).
enum deviation : unsigned {
    unknown_fields = 1u << 0,    ///< fields that the contract lacks: mentions, article, user_reacted …
    missing_fields = 1u << 1,    ///< required fields left out; `paging` on some pages
    null_values = 1u << 2,       ///< null where the contract has a string, number or boolean
    number_strings = 1u << 3,    ///< "150" where the contract has 150
    integer_booleans = 1u << 4,  ///< 0 and 1 where the contract has false and true
    odd_numbers = 1u << 5,       ///< 4.0, 4e0, integers beyond 64 bits
    key_order = 1u << 6,         ///< keys in any order at every level, discriminators last
    lone_surrogates = 1u << 7,   ///< \ud83d without its other half, in texts
    unknown_kinds = 1u << 8,     ///< attachments of a type that nobody knows
    unknown_provider = 1u << 9,  ///< items of a provider that nobody knows; they keep their `id`
    duplicate_keys = 1u << 10,   ///< a key twice in one object
    white_space = 1u << 11,      ///< blanks and line ends between tokens
    invalid_utf8 = 1u << 12,     ///< a byte in a text that is not UTF-8: the item is not valid JSON
    broken_items = 1u << 13,     ///< items that frame like objects but are not JSON
    /// What real answers were seen to do.
    wild = unknown_fields | missing_fields | null_values | number_strings | integer_booleans | odd_numbers | key_order |
           lone_surrogates,
};

enum class fault_kind {
    status,       ///< an answer with another status
    reset,        ///< the connection is reset (RST) after `at` bytes; the client may get fewer than were sent
    close,        ///< the connection is closed (FIN) after `at` bytes of the answer
    stall,        ///< nothing comes after `at` bytes for `duration`, then the rest; or never, until the client gives up
    truncate,     ///< as `close`, by default in the middle of the body; TLS ends in order
    hang_up,      ///< the whole answer, then the connection is closed without `Connection: close`
    chunk,        ///< chunked framing with chunks of `size` bytes; 0: a seeded mixture from 1 byte on
    drip,         ///< the answer is written `size` bytes at a time
    loop,         ///< the page's cursor leads back `count` pages, 1: to the page itself
    empty_pages,  ///< `count` pages without items come before the page, each with a cursor that goes on
    duplicates,   ///< the page starts with the last `count` posts of the page before
    dead_cursor,  ///< 422 for the page, whatever the attempt; never for a first page
    endless,      ///< after the last page fresh cursors for ever: empty pages, or the last page again
    short_page,   ///< the page holds only half as many posts as asked for
    odd_cursor,   ///< the page's cursor is "", missing, a number or an object
    drift,        ///< deviations in single posts
};

/// One `--fault SPEC`:
///
///     SPEC  = KIND [ "=" WORD { "," WORD } ] [ ":" KEY "=" VALUE { "," KEY "=" VALUE } ]
///     KIND  = a status from 200 to 599 | reset | close | stall | truncate | hang-up | chunk | drip | loop |
///     empty-pages
///           | duplicates | dead-cursor | endless | short-page | odd-cursor | drift
///     WORD  = chunk: odd or a size · drip: a size · endless: empty (default) or repeat
///           | odd-cursor: empty, missing, number or object · drift: the names below
///
/// Which pages it hits; what is not given is not asked:
///
///     rate=P          that share of all pages (of all posts, for drift), chosen by the seed
///     every=N         the listing's pages N, 2N, 3N …
///     page=N          the listing's Nth page; 1 is the first
///     request=N       the Nth request that the server reads
///     account=ID, identifier=ID
///
/// after=N: the first N attempts at a chosen page are not hit; such as a page that is refused when it is read again.
/// burst=N: how many attempts behind them are hit, 0: all. The default is 1 for what a retry may cure (a status,
/// reset, close, stall, truncate) and 0 for the rest. Attempts are counted by account, identifier and page, so whether
/// an attempt is hit depends on the seed and on that count, never on timing or on other requests (`request=` apart).
///
/// What it does, beside the words:
///
///     type=T          status: the error's type, "errors/" may be left out      retry-after=S     seconds
///     retry-date=S    Retry-After as a date S seconds from now                 location=URL
///     body=json|html|empty|other    status: the body's kind
///     at=N | at=P% | at=random      reset, close, stall, truncate: after so many bytes of the answer, header included;
///                                   after that share of the body; anywhere, by the seed
///     for=MS          stall: how long               count=N           as above, default 1
///
/// Names for drift: types (strings, booleans, numbers, nulls), fields (unknown, missing), wild, all that `deviation`
/// knows: unknown, missing, nulls, strings, booleans, numbers, order, surrogates, kinds, provider, duplicate-keys,
/// spaces, utf8, broken. Without a name: wild. Without a rate: every post.
///
/// Examples: `429:every=50,burst=3,retry-after=2` · `500:rate=0.01` · `reset:at=1000,rate=0.1` · `drift=types,fields`
struct fault {
    enum class body_kind { json, html, empty, other };
    enum class position { bytes, percent, random };
    enum class cursor_kind { empty, missing, number, object };

    fault_kind kind = fault_kind::status;

    std::optional<double> rate;  ///< 0 to 1
    std::uint64_t every = 0;
    std::uint64_t page = 0;
    std::uint64_t request = 0;
    std::string account;
    std::string identifier;
    std::uint64_t after = 0;  ///< attempts that are spared first
    std::uint64_t burst = 1;  ///< attempts that are hit then; 0: all

    unsigned status = 0;
    std::string type;  ///< with "errors/"; empty: the usual one of the status
    std::optional<std::uint32_t> retry_after;
    bool retry_after_as_date = false;
    std::string location;
    body_kind body = body_kind::json;
    position at_unit = position::bytes;
    std::uint64_t at = 0;
    std::chrono::milliseconds duration{0};  ///< stall; zero: until the client closes
    std::uint32_t count = 1;
    std::size_t size = 0;
    bool repeat = false;
    cursor_kind cursor = cursor_kind::empty;
    unsigned deviations = 0;
};

/// Throws std::invalid_argument with one line that says what is wrong.
fault parse_fault(std::string_view spec);

/// How a listing says that it has ended.
enum class end_style {
    null_cursor,   ///< the last page's cursor is null
    empty_page,    ///< the last page has a cursor; the page behind it has no items
    dead_cursor,   ///< the last page has a cursor; it is answered with 422
    empty_cursor,  ///< the last page's cursor is ""
    no_cursor,     ///< the last page has no cursor at all
    mixed,         ///< one of null_cursor, empty_page and dead_cursor, by the seed and the identifier
};

/// What a cursor stands for.
enum class cursor_style {
    anchored,  ///< the post to go on with: new posts at the top shift nothing
    offset,    ///< a distance from the top: a post added or removed during a listing shifts everything below it, so
               ///< that posts come twice or are passed over
};

enum class framing { length, chunked };

/// A limit on an account's requests. The server counts from an account's first request on, window after window; refused
/// requests count too.
struct rate_window {
    std::uint32_t requests = 0;
    std::chrono::milliseconds window{0};
};

/// What is served and how. The defaults serve what the contract says, without faults.
struct options {
    /// Everything generated follows from it: same seed and same options, same bytes.
    std::uint64_t seed = 1;
    /// Linked accounts `acc1`, `acc2` …, 1 to 1,000,000.
    std::uint32_t accounts = 1;
    /// Profiles with posts, over all accounts, 1 to 100,000,000. A profile's home is one account, but every account of
    /// the same provider may list it.
    std::uint32_t identifiers = 10;
    /// Posts of each profile: a number in this range, by the seed. At most 1,000,000,000.
    std::uint64_t posts_min = 100;
    std::uint64_t posts_max = 100;
    /// Share of the accounts that are Instagram ones, 0 to 1. Between 0 and 1, with two accounts or more, there is at
    /// least one of each provider.
    double instagram_share = 0;
    /// Share of the LinkedIn profiles that are companies.
    double company_share = 0.2;
    /// Share of the profiles whose listing starts with a pinned, older post (which is then missing at its own place).
    double pinned_share = 0;
    /// The time up to which posts exist at the start, in Unix milliseconds; `date` counts back from here.
    std::int64_t now = 1'748'779'200'000;
    end_style end = end_style::null_cursor;
    cursor_style cursors = cursor_style::anchored;
    /// A cursor is answered with 422 once it is older than this, at twice this age at the latest; 0: cursors live for
    /// ever.
    std::chrono::milliseconds cursor_ttl{0};
    /// After every Nth page the newest post of that page's listing is deleted; 0: never.
    std::uint32_t delete_every = 0;
    /// Posts in a page when the request has no limit, 1 to 100.
    std::uint32_t default_limit = 10;
    /// Bits of `deviation`; each post shows some of them.
    unsigned deviations = 0;
    std::vector<fault> faults;
    /// Limits that hold for each account; over them 429 with Retry-After. Measured with a clock, so not deterministic.
    std::vector<rate_window> limits;

    /// The address to listen on.
    std::string address = "127.0.0.1";
    /// 0: any free one.
    std::uint16_t port = 0;
    /// HTTPS with a CA and a certificate of its own, made when the server is constructed.
    bool tls = false;
    /// Not newer than TLS 1.2.
    bool tls_1_2_only = false;
    /// Names and addresses that the certificate is for.
    std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
    /// Write the CA's certificate to this file, PEM; empty: none.
    std::string ca_file;
    /// The key that requests must bear in `X-API-KEY`.
    std::string api_key = "simulated-key";

    simulator::framing framing = framing::chunked;
    /// Answer with gzip when the client accepts it.
    bool gzip = true;
    /// How long after the request the answer starts: between these two, by the seed.
    std::chrono::milliseconds latency_min{0};
    std::chrono::milliseconds latency_max{0};
    /// Bytes a second and connection; 0: no limit.
    std::uint64_t bandwidth = 0;
    /// An idle connection is closed after this time; 0: never.
    std::chrono::milliseconds keep_alive{5'000};
    /// `Connection: close` with every Nth answer of a connection; 0: never.
    std::uint32_t requests_per_connection = 0;
    /// Bytes of rendered pages to keep.
    std::size_t cache = 64 * 1024 * 1024;
    /// Keep every request for `server::request_log`. Grows without bound.
    bool log_requests = false;
};

/// Throws std::invalid_argument with one line for a value out of range.
void validate(const options& options);

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

enum class provider { linkedin, instagram };

/// Post `index` of a profile of `provider` that follows from `seed` alone. 1.5 to 3 KB.
std::string generate_post(std::uint64_t seed, provider provider, std::uint64_t index, unsigned deviations = 0);
/// A page with `count` posts from `first` on; `cursor` empty: null.
std::string generate_page(std::uint64_t seed, provider provider, std::uint64_t first, std::uint32_t count,
                          std::string_view cursor = {}, unsigned deviations = 0);

}  // namespace unipile::simulator
