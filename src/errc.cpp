#include "errc_meaning.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace unipile {
namespace {

// How often a request of each kind may be repeated.
constexpr unsigned freely = 4;  // the way to the server, or an answer that was cut off
constexpr unsigned few = 2;     // something between client and server that may be gone at the next attempt
constexpr unsigned once = 1;
// a limit of the caller's own that another wait would exceed, or the end of earlier retries
constexpr unsigned never = 0;

constexpr classification passing(unsigned retries) { return {.retries = retries}; }
// A whole and well-formed answer that is not the API's.
constexpr classification foreign{.retries = few, .slow = true, .from_gateway = true};
constexpr classification target{.scope = failure_scope::target};  // the same bytes would be sent again
constexpr classification account{.scope = failure_scope::account};
constexpr classification throttled{.scope = failure_scope::account, .throttle = true};
constexpr classification key{.scope = failure_scope::key};  // affects every request of the client

struct row {
    errc code;
    classification meaning;
    const char* message;
};

// In the order of the values; 53 belonged to a code that was removed.
// clang-format off
constexpr std::array table{
    row{errc::invalid_query, target,
        "the query can't be sent; check account, identifier, limit and cursor"},
    row{errc::invalid_position, target,
        "this is not a position, or a damaged one; start without it"},
    row{errc::position_mismatch, target,
        "this position belongs to another query; use the same account and identifier"},
    row{errc::operation_in_progress, passing(never),
        "an operation on this stream is still outstanding; wait for it first"},
    row{errc::stream_moved_from, target,
        "this stream was moved from; use the one it was moved to"},
    row{errc::client_closed, key,
        "the client was closed; make a new one"},
    row{errc::connection_wait_timeout, passing(never),
        "no connection became free in time; raise max_connections or deadlines.connection_wait"},
    row{errc::out_of_descriptors, passing(few),
        "no more sockets can be opened; raise the limit of open files (ulimit -n)"},
    row{errc::resolve_failed, passing(freely),
        "no address was found for the host name; check the base URL and the network"},
    row{errc::resolve_timeout, passing(freely),
        "the name service did not answer in time; check the network"},
    row{errc::connect_failed, passing(freely),
        "the server can't be reached; check the base URL's host and port"},
    row{errc::connect_timeout, passing(freely),
        "the server did not accept a connection in time; check host, port and firewall"},
    row{errc::handshake_failed, passing(few),
        "the TLS handshake failed; the reason says what to do"},
    row{errc::handshake_timeout, passing(freely),
        "the TLS handshake did not end in time; try again"},
    row{errc::certificate_rejected, key,
        "the server's certificate is not trusted for this host; the reason says what to do"},
    row{errc::client_certificate_required, key,
        "the server requires a client certificate, or refuses the one it got; set certificate_file"},
    row{errc::proxy_failed, passing(few),
        "the proxy did not open a tunnel; check its address and credentials"},
    row{errc::connection_lost, passing(freely),
        "the connection was lost before the answer was complete; try again"},
    row{errc::first_byte_timeout, passing(freely),
        "the answer did not begin in time; try again or raise deadlines.first_byte"},
    row{errc::stall_timeout, passing(freely),
        "the connection stalled; try again or raise deadlines.stall"},
    row{errc::request_timeout, passing(freely),
        "the request took too long as a whole; try again or raise deadlines.request"},
    row{errc::header_too_large, target,
        "the answer's header is over the limit; raise limits.header if it is genuine"},
    row{errc::bad_header, passing(few),
        "the answer is not HTTP/1.1; check that the base URL is the API's"},
    row{errc::unsupported_framing, passing(once),
        "the end of the answer's body can't be determined; check any gateway or proxy in between"},
    row{errc::bad_chunk, passing(freely),
        "the answer's chunked framing is invalid; try again"},
    row{errc::body_truncated, passing(freely),
        "the answer was cut short; try again"},
    row{errc::unsupported_encoding, passing(once),
        "the answer has a Content-Encoding that was not offered; check any gateway or proxy in between"},
    row{errc::bad_encoding, passing(few),
        "the compressed answer is damaged; try again, or turn compression off"},
    row{errc::inflated_too_large, target,
        "the compressed answer inflates beyond limits.page; raise it if it is genuine"},
    row{errc::too_many_interim_answers, passing(once),
        "too many interim answers; check any gateway or proxy in between"},
    row{errc::unexpected_redirect, foreign,
        "the server redirects, and the key is sent to no other address; set the base URL to the API's own"},
    row{errc::not_json, foreign,
        "the answer isn't JSON; check that the base URL is the API's and not a login page's"},
    row{errc::page_malformed, passing(few),
        "the page is not valid JSON; try again"},
    row{errc::page_truncated, passing(freely),
        "the page ended too early; try again"},
    row{errc::trailing_bytes, passing(few),
        "there are bytes behind the page's end; try again"},
    row{errc::not_a_page, foreign,
        "the answer is JSON but no post list; check the base URL"},
    row{errc::bad_cursor, target,
        "the page's cursor is neither text nor null; report it to the API's makers"},
    row{errc::page_too_large, target,
        "the page is over the limit; raise limits.page or lower the query's limit"},
    row{errc::item_too_large, target,
        "an item is over the limit; raise limits.item"},
    row{errc::too_deep, target,
        "the page is nested too deep; raise limits.depth"},
    row{errc::too_many_items, target,
        "the page has too many items; raise limits.items"},
    row{errc::envelope_too_large, target,
        "the page's envelope is over the limit; raise limits.envelope"},
    row{errc::cursor_too_large, target,
        "the page's cursor is over the limit; raise limits.cursor"},
    row{errc::contract_violated, target,
        "the answer does not match the contract; turn strict off to accept it"},
    row{errc::api_key_refused, key,
        "the API refused the key; check the key, and that it belongs to this base URL"},
    row{errc::account_refused, account,
        "the API refused the account; its owner has to check it in the dashboard"},
    row{errc::account_throttled, throttled,
        "the account is over a limit; wait before the next request"},
    row{errc::target_refused, target,
        "the API can't list this identifier; check it, and is_company"},
    row{errc::api_unavailable, passing(never),
        "the API kept failing; try again later"},
    row{errc::cursor_loop, target,
        "the server repeated a cursor; the listing may be incomplete"},
    row{errc::no_progress, target,
        "the server keeps sending cursors but no new posts; the listing may be incomplete"},
    row{errc::total_timeout, passing(never),
        "the listing took too long as a whole; resume from its position"},
    row{errc::account_parked, account,
        "the account is parked; see its reason, have its owner check it, and unpark it"},
    row{errc::harvest_stopped, passing(never),
        "the harvest was stopped before this listing was over; resume from its position"},
    row{errc::item_malformed, target,
        "the text is not a JSON object with a field; pass exactly what json() gave"},
    row{errc::job_source_failed, passing(never),
        "the source of the jobs failed; see its own error"},
    row{errc::not_from_api, foreign,
        "the answer is not the API's own; check the base URL, and any gateway, proxy or portal in between"},
    row{errc::server_unavailable, passing(never),
        "the server gave no usable answer for too long; try again later, or check the base URL"},
    row{errc::accounts_unknown, key,
        "the API knows none of the accounts; check their ids, and that the base URL and the key belong to them"},
    row{errc::identifiers_refused, target,
        "the API refuses the identifiers; check that they are the provider's own ids, and is_company"},
    row{errc::callback_failed, passing(never),
        "a function of harvest_options failed; see its own error"},
    row{errc::position_lost, target,
        "the cursor is too old to be followed; start without the position, or raise trust_cursor_for"},
    row{errc::tls_required, key,
        "the server's port speaks TLS; begin the base URL with https://"},
    row{errc::proxy_credentials_refused, key,
        "the proxy requires credentials, or refused them; correct them in its URL"},
    row{errc::wrong_executor, passing(never),
        "this stream belongs to another executor; spawn the coroutine on the client's, or use async_next"},
};
// clang-format on

constexpr bool is_in_order()
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (i != 0 && table[i].code <= table[i - 1].code) return false;
    return true;
}
static_assert(is_in_order());

const row* find(int value) noexcept
{
    const auto at = std::lower_bound(table.begin(), table.end(), static_cast<errc>(value),
                                     [](const row& r, errc code) { return r.code < code; });
    return at != table.end() && at->code == static_cast<errc>(value) ? &*at : nullptr;
}

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "unipile"; }
    std::string message(int value) const override
    {
        const row* const known = find(value);
        return known != nullptr ? known->message : "unknown error of unipile";
    }
};

}  // namespace

const boost::system::error_category& unipile_category() noexcept
{
    static const category instance;
    return instance;
}

boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), unipile_category()}; }

classification classify(errc code, bool first_call) noexcept
{
    const row* const known = find(static_cast<int>(code));
    classification meaning = known != nullptr ? known->meaning : target;
    if (first_call && meaning.from_gateway) meaning.retries = 0;
    return meaning;
}

bool may_pass(const classification& meaning) noexcept
{
    return meaning.scope == failure_scope::passing || meaning.throttle;
}

failure::details details_of(const boost::system::error_code& code)
{
    failure::details d;
    if (code.category() != unipile_category()) return d;
    const classification meaning = classify(static_cast<errc>(code.value()));
    d.scope = meaning.scope;
    d.may_pass = may_pass(meaning);
    return d;
}

}  // namespace unipile
