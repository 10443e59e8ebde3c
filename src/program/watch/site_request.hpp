// What a request to a harvest's page is for, and whether it may be answered. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::program {

/// Of a request, what decides. Empty fields are missing.
struct site_request {
    std::string_view method, target, host, authorization, content_type;
};

enum class site_part { page, style, script, status, metrics, health, control, refused };

struct site_decision {
    site_part part = site_part::refused;
    unsigned status = 200;
    std::string text;        ///< of a refusal
    const char* allow = "";  ///< the methods that the target has, for status 405
};

/// Requests by a name of somebody else's are refused, and controls without the token. No answer allows other sites'
/// scripts to read it.
class site_rules {
public:
    /// `machine`: this machine's name. `token` empty: there are no controls.
    site_rules(std::string machine, std::string token);

    site_decision decide(const site_request& r) const;

private:
    bool has_token(std::string_view authorization) const;

    std::string machine_, token_;
};

}  // namespace unipile::program
