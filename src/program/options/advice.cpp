#include "program/options/advice.hpp"

#include "program/terminal/safe_text.hpp"

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>

#include <boost/system/system_error.hpp>

#include <array>
#include <string_view>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

/// Returns the program's text for messages whose remedy concerns the library's interface; null for all others.
const char* own_message(errc e) noexcept
{
    switch (e) {
        case errc::connection_wait_timeout: return "no connection became free in time; raise --connections";
        case errc::first_byte_timeout: return "the answer did not begin in time; try again";
        case errc::stall_timeout: return "the connection stalled; try again";
        case errc::request_timeout: return "the request took too long as a whole; try again";
        case errc::header_too_large: return "the answer's header is over the limit";
        case errc::bad_encoding: return "the compressed answer is damaged; try again";
        case errc::inflated_too_large: return "the compressed answer inflates beyond the limit of a page";
        case errc::page_too_large: return "the page is over the limit; lower --limit";
        case errc::item_too_large: return "an item is over the limit";
        case errc::too_deep: return "the page is nested too deep";
        case errc::too_many_items: return "the page has too many items";
        case errc::envelope_too_large: return "the page's envelope is over the limit";
        case errc::cursor_too_large: return "the page's cursor is over the limit";
        case errc::client_certificate_required:
            return "the server requires a client certificate, or refuses the one it got; set --client-certificate";
        case errc::contract_violated: return "the answer does not match the contract; leave out --strict to accept it";
        case errc::target_refused:
            return "the API can't list this identifier; check it, and whether company (--company, or in the jobs file) "
                   "is right";
        case errc::position_lost: return "the cursor is too old to be followed; start without --resume";
        case errc::identifiers_refused:
            return "the API refuses the identifiers; check that they are the provider's own ids, and whether company "
                   "(--company, or in the jobs file) is right";
        case errc::callback_failed: return "a function that the harvest called failed; see its own error";
        default: return nullptr;
    }
}

constexpr std::array<std::pair<std::string_view, const char*>, 7> options{{
    {"api_key: ", "--api-key-file or UNIPILE_API_KEY: "},
    {"base_url: ", "--base-url or UNIPILE_DSN: "},
    {"ca_file: ", "--ca-file: "},
    {"crl_file: ", "--crl-file: "},
    {"certificate_file: ", "--client-certificate: "},
    {"certificate_key_file: ", "--client-key: "},
    {"proxy: ", "--proxy: "},
}};

/// What the library calls the files of options.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> files{{
    {"as CA file", "with --ca-file FILE"},
    {"the CRL file", "the --crl-file"},
}};

}  // namespace

std::string note_of(const failure& f)
{
    std::string note = f.all().note;
    for (const auto& [name, option] : files)
        if (const auto at = note.find(name); at != note.npos) note.replace(at, name.size(), option);
    return note;
}

std::string message_of(const boost::system::error_code& code)
{
    const bool own = code.category() == unipile_category();
    const char* text = own ? own_message(static_cast<errc>(code.value())) : nullptr;
    return text != nullptr ? text : code.message();
}

std::string complaint_about(const std::exception& e)
{
    const auto* system = dynamic_cast<const std::system_error*>(&e);
    const auto* of_boost = dynamic_cast<const boost::system::system_error*>(&e);
    constexpr auto no_thread = std::errc::resource_unavailable_try_again;
    if ((system != nullptr && system->code() == no_thread) || (of_boost != nullptr && of_boost->code() == no_thread))
        return "no thread could be started; allow the process more memory or threads";
    const std::string_view complaint = e.what();
    for (const auto& [field, option] : options)
        if (complaint.starts_with(field)) return option + printable(complaint.substr(field.size()));
    return printable(complaint);
}

}  // namespace unipile::program
