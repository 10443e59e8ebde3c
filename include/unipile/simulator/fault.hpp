// The faults of the simulated API, and its deviations from the contract.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile::simulator {

/// Deviations of answers from the contract; bits of `options::deviations` and of a `drift` fault. None of them changes
/// the id of a post (`id` on LinkedIn, `provider_id` on Instagram).
enum deviation : unsigned {
    unknown_fields = 1u << 0,    ///< fields that are not in the contract: mentions, article, user_reacted …
    missing_fields = 1u << 1,    ///< required fields left out; `paging` on some pages
    null_values = 1u << 2,       ///< null where the contract has a string, number or boolean
    number_strings = 1u << 3,    ///< "150" where the contract has 150
    integer_booleans = 1u << 4,  ///< 0 and 1 where the contract has false and true
    odd_numbers = 1u << 5,       ///< 4.0, 4e0, integers beyond 64 bits
    key_order = 1u << 6,         ///< keys in any order at every level, discriminators last
    lone_surrogates = 1u << 7,   ///< `\ud83d` without its second half, in texts
    unknown_kinds = 1u << 8,     ///< attachments of an unknown type
    unknown_provider = 1u << 9,  ///< items of an unknown provider; they keep their `id`
    duplicate_keys = 1u << 10,   ///< a key twice in one object
    white_space = 1u << 11,      ///< blanks and line ends between tokens
    invalid_utf8 = 1u << 12,     ///< a byte in a text that is not UTF-8, so that the item is not valid JSON
    broken_items = 1u << 13,     ///< items with balanced braces that are not JSON
    /// The deviations that real answers were seen to have.
    wild = unknown_fields | missing_fields | null_values | number_strings | integer_booleans | odd_numbers | key_order |
           lone_surrogates,
};

/// The kinds of faults; the words of `fault` name them with `-` for `_`.
enum class fault_kind {
    status,       ///< an answer with another status
    reset,        ///< the connection is reset (RST) after `at` bytes; the client may receive fewer than were sent
    close,        ///< the connection is closed (FIN) after `at` bytes of the answer
    stall,        ///< no bytes after the first `at` for `duration`, then the rest; or none until the client closes
    truncate,     ///< as `close`, by default in the middle of the body; TLS is shut down in order
    hang_up,      ///< the whole answer, then the connection is closed without `Connection: close`
    chunk,        ///< chunks of `size` bytes; 0: sizes from 1 byte on, by the seed
    drip,         ///< the answer is written `size` bytes at a time
    loop,         ///< the page's cursor leads back `count` pages, 1: to the page itself
    empty_pages,  ///< `count` pages without items come before the page, each with a cursor that goes on
    duplicates,   ///< the page starts with the last `count` posts of the page before
    dead_cursor,  ///< 422 for the page, whatever the attempt; never for a first page
    endless,      ///< new cursors without end behind the last page: empty pages, or the last page again
    short_page,   ///< the page has half as many posts as requested
    odd_cursor,   ///< the page's cursor is "", missing, a number or an object
    drift,        ///< deviations in single posts
};

/// One `--fault SPEC`:
///
///     SPEC  = KIND [ "=" WORD { "," WORD } ] [ ":" KEY "=" VALUE { "," KEY "=" VALUE } ]
///     KIND  = a status from 200 to 599 | reset | close | stall | truncate | hang-up | chunk | drip | loop
///           | empty-pages | duplicates | dead-cursor | endless | short-page | odd-cursor | drift
///     WORD  = chunk: odd or a size · drip: a size · endless: empty (default) or repeat
///           | odd-cursor: empty, missing, number or object · drift: the names below
///
/// Which pages it applies to; a key that is not given does not restrict:
///
///     rate=P          that share of all pages (of all posts, for drift), chosen by the seed
///     every=N         the listing's pages N, 2N, 3N …
///     page=N          the listing's Nth page; 1 is the first
///     request=N       the Nth request that the server reads
///     account=ID, identifier=ID
///
/// after=N: the first N attempts at a chosen page are not affected, e.g. for a page that is refused when it is read
/// again. burst=N: how many attempts behind them are affected; 0: all. The default is 1 for faults that a retry may
/// overcome (a status, reset, close, stall, truncate) and 0 for the others. Attempts are counted by account, identifier
/// and page, so a fault depends on the seed and on that count, and not on timing or on other requests (except with
/// `request=`).
///
/// What it does, in addition to the words:
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
    /// What the body of an error is.
    enum class body_kind { json, html, empty, other };
    /// What `at` counts.
    enum class position { bytes, percent, random };
    /// What stands in place of a cursor.
    enum class cursor_kind { empty, missing, number, object };

    fault_kind kind = fault_kind::status;

    std::optional<double> rate;  ///< 0 to 1
    std::uint64_t every = 0;
    std::uint64_t page = 0;
    std::uint64_t request = 0;
    std::string account;
    std::string identifier;
    std::uint64_t after = 0;  ///< attempts that are not affected first
    std::uint64_t burst = 1;  ///< attempts that are affected after them; 0: all

    unsigned status = 0;
    std::string type;  ///< with "errors/"; empty: the usual one for the status
    std::optional<std::uint32_t> retry_after;
    bool retry_after_as_date = false;
    std::string location;
    body_kind body = body_kind::json;
    position at_unit = position::bytes;
    std::uint64_t at = 0;
    std::chrono::milliseconds duration{0};  ///< for `stall`; zero: until the client closes
    std::uint32_t count = 1;
    std::size_t size = 0;
    bool repeat = false;
    cursor_kind cursor = cursor_kind::empty;
    unsigned deviations = 0;
};

/// Reads a fault. Throws std::invalid_argument with one line that says what is wrong.
fault parse_fault(std::string_view spec);

}  // namespace unipile::simulator
#pragma GCC visibility pop
