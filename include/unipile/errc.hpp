// The error codes of this library, in one category.
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/is_error_code_enum.hpp>

#pragma GCC visibility push(default)
namespace unipile {

/// The ways in which an operation of this library can fail.
///
/// Each enumerator has a message that says what the user can do. Values are stable, since they may be stored; new ones
/// are appended.
enum class errc {
    // Refused before anything is sent.
    invalid_query = 1,      ///< the query has an empty, over-long or unsendable field
    invalid_position,       ///< a position's text is damaged or from a newer version
    position_mismatch,      ///< the position belongs to another query
    operation_in_progress,  ///< a second operation was started while one is outstanding
    stream_moved_from,      ///< the stream was moved from
    client_closed,          ///< the client was closed

    // Getting a connection.
    connection_wait_timeout,      ///< no connection became free in time
    out_of_descriptors,           ///< the process may not open more sockets
    resolve_failed,               ///< no address for the host name: there is none, or the name service failed
    resolve_timeout,              ///< the name service did not answer in time
    connect_failed,               ///< refused or unreachable
    connect_timeout,              ///< no address accepted a connection in time
    handshake_failed,             ///< the TLS handshake failed
    handshake_timeout,            ///< the TLS handshake did not end in time
    certificate_rejected,         ///< the server's certificate is not trusted for this host
    client_certificate_required,  ///< the server insists on a client certificate
    proxy_failed,                 ///< the proxy refused the tunnel or its answer is not HTTP

    // One exchange.
    connection_lost,           ///< closed or reset before the answer was whole
    first_byte_timeout,        ///< the answer did not begin in time
    stall_timeout,             ///< no byte arrived for too long within an answer
    request_timeout,           ///< the exchange as a whole took too long
    header_too_large,          ///< the answer's header is over the limit
    bad_header,                ///< the answer's header is not HTTP/1.1
    unsupported_framing,       ///< a body framing other than Content-Length or exactly chunked
    bad_chunk,                 ///< an error in the chunked framing
    body_truncated,            ///< the body is shorter than announced
    unsupported_encoding,      ///< a Content-Encoding that was not offered
    bad_encoding,              ///< the compressed body is damaged
    inflated_too_large,        ///< the body inflates to more than the limit
    too_many_interim_answers,  ///< too many 1xx answers in a row
    unexpected_redirect,       ///< a redirect; the key is never sent to another address

    // The page.
    not_json,            ///< a 200 that isn't JSON, an HTML page perhaps
    page_malformed,      ///< the body is not valid JSON
    page_truncated,      ///< the JSON ends too early
    trailing_bytes,      ///< bytes behind the page's end
    not_a_page,          ///< valid JSON, but no post list
    bad_cursor,          ///< the cursor is neither text nor null
    page_too_large,      ///< over the page limit
    item_too_large,      ///< no longer reported: an item over the limit is quarantined
    too_deep,            ///< nested deeper than the limit, outside of items
    too_many_items,      ///< more items in a page than the limit
    envelope_too_large,  ///< the page without its items is over the limit
    cursor_too_large,    ///< the cursor is over the limit
    contract_violated,   ///< strict mode: an item or envelope does not match the contract

    // Errors that the API stated.
    api_key_refused,    ///< scope key: the key (or the base URL) is wrong
    account_refused,    ///< scope account: the account needs an action of its owner
    account_throttled,  ///< scope account: over a limit; the account has to rest
    target_refused,     ///< scope target: this identifier can't be listed
    api_unavailable,    ///< a passing error that outlasted all retries

    // The listing.
    cursor_loop,    ///< a cursor that this listing has followed before
    no_progress,    ///< too many pages in a row with a new cursor and no new post
    total_timeout,  ///< the listing as a whole took too long

    // A harvest.
    account_parked = 54,  ///< the account is parked and its jobs are not to wait for it
    harvest_stopped,      ///< the harvest as a whole was stopped, by a call or by a failure that concerns all of it

    // A single post.
    item_malformed,  ///< the text is not one JSON object with at least one field

    job_source_failed,  ///< the source of a harvest's jobs failed

    // Answers that are not the API's, and a harvest as a whole.
    not_from_api,         ///< an answer that is not the API's own, but a gateway's or a proxy's
    server_unavailable,   ///< harvest: no usable answer for longer than `outage_patience`
    accounts_unknown,     ///< harvest: the API knows none of the accounts requested first
    identifiers_refused,  ///< harvest: many identifiers in a row were refused for one reason, and none was accepted
    callback_failed,      ///< harvest: a function of `harvest_options` threw an exception

    position_lost,  ///< scope target: the cursor is too old to be followed, and the page before it is unknown

    // More about connections.
    tls_required,               ///< a plain `http://` request to a port that speaks TLS
    proxy_credentials_refused,  ///< the proxy answered 407

    wrong_executor,  ///< a stream was awaited on another executor than its client's
};

/// The category of `errc`. Its name is "unipile".
const boost::system::error_category& unipile_category() noexcept;

boost::system::error_code make_error_code(errc e) noexcept;

}  // namespace unipile
#pragma GCC visibility pop

template <>
struct boost::system::is_error_code_enum<unipile::errc> : std::true_type {};
