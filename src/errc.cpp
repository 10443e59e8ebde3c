#include <unipile/errc.hpp>

#include <string>

namespace unipile {
namespace {

const char* message_of(errc e) noexcept
{
    switch (e) {
        case errc::invalid_query: return "the query can't be sent; check account, identifier, limit and cursor";
        case errc::invalid_position: return "this is not a position, or a damaged one; start without it";
        case errc::position_mismatch:
            return "this position belongs to another query; use the same account and identifier";
        case errc::operation_in_progress: return "an operation on this stream is still outstanding; wait for it first";
        case errc::stream_moved_from: return "this stream was moved from; use the one it was moved to";
        case errc::client_closed: return "the client was closed; make a new one";
        case errc::connection_wait_timeout:
            return "no connection became free in time; raise max_connections or deadlines.connection_wait";
        case errc::out_of_descriptors:
            return "no more sockets can be opened; raise the limit of open files (ulimit -n)";
        case errc::resolve_failed: return "no address was found for the host name; check the base URL and the network";
        case errc::resolve_timeout: return "the name service did not answer in time; check the network";
        case errc::connect_failed: return "the server can't be reached; check the base URL's host and port";
        case errc::connect_timeout:
            return "the server did not accept a connection in time; check host, port and firewall";
        case errc::handshake_failed: return "TLS could not be agreed; the reason says what to do";
        case errc::handshake_timeout: return "the TLS handshake did not end in time; try again";
        case errc::certificate_rejected:
            return "the server's certificate is not trusted for this host; the reason says what to do";
        case errc::client_certificate_required:
            return "the server insists on a client certificate, which is not supported";
        case errc::proxy_failed: return "the proxy did not open a tunnel; check its address and credentials";
        case errc::connection_lost: return "the connection broke before the answer was whole; try again";
        case errc::first_byte_timeout:
            return "the answer did not begin in time; try again or raise deadlines.first_byte";
        case errc::stall_timeout: return "the connection stalled; try again or raise deadlines.stall";
        case errc::request_timeout: return "the request took too long as a whole; try again or raise deadlines.request";
        case errc::header_too_large:
            return "the answer's header is over the limit; raise limits.header if it is genuine";
        case errc::bad_header: return "the answer is not HTTP/1.1; check that the base URL is the API's";
        case errc::unsupported_framing:
            return "where the answer's body ends is not certain; check what stands in between";
        case errc::bad_chunk: return "a fault in the answer's chunks; try again";
        case errc::body_truncated: return "the answer was cut short; try again";
        case errc::unsupported_encoding:
            return "the answer is encoded in a way that was not asked for; check what stands in between";
        case errc::bad_encoding: return "the compressed answer is damaged; try again, or turn compression off";
        case errc::inflated_too_large:
            return "the compressed answer inflates beyond limits.page; raise it if it is genuine";
        case errc::too_many_interim_answers: return "an endless row of interim answers; check what stands in between";
        case errc::unexpected_redirect:
            return "the server redirects, and the key follows nobody; set the base URL to where the API really is";
        case errc::not_json:
            return "the answer isn't JSON; check that the base URL is the API's and not a login page's";
        case errc::page_malformed: return "the page is not valid JSON; try again";
        case errc::page_truncated: return "the page ended too early; try again";
        case errc::trailing_bytes: return "there is more behind the page's end; try again";
        case errc::not_a_page: return "the answer is JSON but no post list; check the base URL";
        case errc::bad_cursor: return "the page's cursor is neither text nor null; report it to the API's makers";
        case errc::page_too_large: return "the page is over the limit; raise limits.page or lower the query's limit";
        case errc::item_too_large: return "an item is over the limit; raise limits.item";
        case errc::too_deep: return "the page is nested too deep; raise limits.depth";
        case errc::too_many_items: return "the page has too many items; raise limits.items";
        case errc::envelope_too_large: return "the page's envelope is over the limit; raise limits.envelope";
        case errc::cursor_too_large: return "the page's cursor is over the limit; raise limits.cursor";
        case errc::contract_violated:
            return "the answer does not match the contract; turn strict off to get it all the same";
        case errc::api_key_refused:
            return "the API refused the key; check the key, and that it belongs to this base URL";
        case errc::account_refused: return "the API refused the account; its owner has to look at it in the dashboard";
        case errc::account_throttled: return "the account is over a limit; let it rest before asking again";
        case errc::target_refused: return "the API can't list this identifier; check it, and is_company";
        case errc::api_unavailable: return "the API kept failing; try again later";
        case errc::cursor_loop:
            return "the server sent a cursor again that was followed before; the listing may be incomplete";
        case errc::no_progress:
            return "the server keeps sending cursors but no new posts; the listing may be incomplete";
        case errc::total_timeout: return "the listing took too long as a whole; resume from its position";
        case errc::item_malformed: return "the text is not a JSON object with a field; pass exactly what json() gave";
        case errc::account_parked:
            return "the account is parked; see its reason, have its owner look at it, and unpark it";
        case errc::harvest_stopped:
            return "the harvest was stopped before this listing was over; resume from its position";
        case errc::wrong_executor:
            return "this stream belongs to another executor; spawn the coroutine on the client's, or use async_next";
        case errc::position_lost:
            return "the cursor is too old to be followed; start without the position, or raise trust_cursor_for";
        case errc::job_source_failed: return "the source of the jobs failed; see what it says itself";
        case errc::not_from_api:
            return "the answer is not the API's own; check the base URL, and any gateway, proxy or portal in between";
        case errc::server_unavailable:
            return "the server gave no usable answer for too long; try again later, or check the base URL";
        case errc::accounts_unknown:
            return "the API knows none of the accounts; check their ids, and that the base URL and the key belong to "
                   "them";
        case errc::identifiers_refused:
            return "the API refuses the identifiers; check that they are the provider's own ids, and is_company";
        case errc::callback_failed: return "a function of harvest_options failed; see what it says itself";
        case errc::tls_required: return "the server's port speaks TLS; begin the base URL with https://";
        case errc::proxy_credentials_refused:
            return "the proxy wants credentials, or refuses those that it got; put the right ones into its URL";
    }
    return "unknown error of unipile";
}

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "unipile"; }
    std::string message(int value) const override { return message_of(static_cast<errc>(value)); }
};

}  // namespace

const boost::system::error_category& unipile_category() noexcept
{
    static const category instance;
    return instance;
}

boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), unipile_category()}; }

}  // namespace unipile
