// What the facts of a contact with the API mean. Pure.
#pragma once

#include "program/doctor/finding.hpp"

#include <unipile/failure.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// A name that was looked up.
struct lookup_facts {
    std::string host;
    std::vector<std::string> addresses;
    std::string error;  ///< without addresses: the system's text
    std::chrono::milliseconds took{0};
};

/// An address that was connected to.
struct connect_facts {
    std::string address;
    std::string error;  ///< empty: it took the connection
    std::chrono::milliseconds took{0};
};

/// A certificate that the server has shown.
struct certificate_facts {
    std::string subject, issuer;
    wall_time ends{};
};

/// A TLS handshake; the server's own certificate is the first.
struct tls_facts {
    std::string version;
    std::vector<certificate_facts> chain;
};

/// The answer to a request through an account that does not exist.
struct answer_facts {
    std::optional<unipile::failure> failure;
    std::string date;  ///< the server's field; empty without an answer
    wall_time received{};
    std::chrono::milliseconds took{0};
};

/// Returns true if the API itself has answered.
bool was_answered(const answer_facts& a);
finding judge_lookup(const lookup_facts& f);
finding judge_connections(const std::vector<connect_facts>& all);
/// `tls` is empty if no handshake has got as far as the certificates.
finding judge_tls(const std::optional<tls_facts>& tls, const answer_facts& answer, wall_time now);
/// Empty if the server has not told its time.
std::optional<finding> judge_clock(const answer_facts& answer);
finding judge_key(const answer_facts& answer);

/// Returns the time in a `Date` field.
std::optional<wall_time> parse_date_field(std::string_view text);

}  // namespace unipile::program
