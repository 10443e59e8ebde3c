// Asks the network and the API, step by step. Blocks; a signal ends the process.
#pragma once

#include "program/doctor/judge.hpp"

#include <unipile/client_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace unipile::program {

/// A host and a port.
struct endpoint_name {
    std::string host, port;
};

/// Splits `host:port`, also with an address in brackets.
endpoint_name endpoint_of(const std::string& text);

lookup_facts look_up(const endpoint_name& who);
/// Connects to each address in turn, a few seconds at most, and sends nothing.
std::vector<connect_facts> connect_to(const std::vector<std::string>& addresses, const std::string& port);

/// What a request has shown.
struct contact_facts {
    answer_facts answer;
    std::optional<tls_facts> tls;
};

/// Sends one request through an account that does not exist, as a harvest would. It costs no account anything. Throws
/// std::invalid_argument for options that can't work.
contact_facts ask_api(client_options options);

}  // namespace unipile::program
