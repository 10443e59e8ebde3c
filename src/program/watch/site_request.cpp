#include "program/watch/site_request.hpp"

#include "program/watch/listen_address.hpp"

#include <array>
#include <utility>

namespace unipile::program {
namespace {

struct known_target {
    std::string_view target;
    site_part part;
};

constexpr std::array<known_target, 7> targets{{{"/", site_part::page},
                                               {"/page.css", site_part::style},
                                               {"/page.js", site_part::script},
                                               {"/status.json", site_part::status},
                                               {"/metrics", site_part::metrics},
                                               {"/healthz", site_part::health},
                                               {"/control", site_part::control}}};

site_decision refusal(unsigned status, std::string text, const char* allow = "")
{
    return {site_part::refused, status, std::move(text), allow};
}

site_part part_of(std::string_view target)
{
    target = target.substr(0, target.find('?'));
    for (const known_target& known : targets)
        if (known.target == target) return known.part;
    return site_part::refused;
}

/// Takes as long for any text of that length.
bool equal_secrets(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = static_cast<unsigned char>(difference |
                                                (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
    return difference == 0;
}

}  // namespace

site_rules::site_rules(std::string machine, std::string token) : machine_(std::move(machine)), token_(std::move(token))
{}

bool site_rules::has_token(std::string_view authorization) const
{
    constexpr std::string_view scheme = "Bearer ";
    return !token_.empty() && authorization.starts_with(scheme) &&
           equal_secrets(authorization.substr(scheme.size()), token_);
}

site_decision site_rules::decide(const site_request& r) const
{
    if (!is_own_host(r.host, machine_))
        return refusal(421, "this page is reached by the address of its machine, or as localhost, only");
    const site_part part = part_of(r.target);
    if (part == site_part::refused) return refusal(404, "there is nothing here; the page is at /");
    if (part != site_part::control) {
        if (r.method != "GET" && r.method != "HEAD") return refusal(405, "this is only read", "GET, HEAD");
        return {part, 200, {}, ""};
    }
    if (r.method != "POST") return refusal(405, "controls are sent by POST", "POST");
    if (!has_token(r.authorization))
        return refusal(401,
                       "the control token is missing or wrong; it is on the harvest's standard error, or in the file "
                       "of --control-token-file");
    if (!r.content_type.starts_with("application/json")) return refusal(415, "a control is JSON: application/json");
    return {part, 200, {}, ""};
}

}  // namespace unipile::program
