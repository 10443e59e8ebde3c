// The API's address and key for the examples: UNIPILE_DSN, UNIPILE_API_KEY, and UNIPILE_CA_FILE if the server's CA is
// not one of the system's. The arguments of each: ACCOUNT IDENTIFIER.
#pragma once

#include <unipile/client_options.hpp>
#include <unipile/posts_query.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

namespace example {

inline std::string variable(const char* name)
{
    const char* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

inline unipile::client_options options()
{
    unipile::client_options o;
    o.base_url = variable("UNIPILE_DSN");
    o.api_key = variable("UNIPILE_API_KEY");
    o.ca_file = variable("UNIPILE_CA_FILE");
    return o;
}

inline unipile::posts_query query(int argc, char** argv)
{
    if (argc < 3) throw std::invalid_argument{"arguments: ACCOUNT IDENTIFIER"};
    unipile::posts_query q;
    q.account_id = argv[1];
    q.identifier = argv[2];
    return q;
}

/// Runs `body` and prints its exception.
template <class Body>
int run(Body body)
{
    try {
        body();
        return 0;
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}

/// For co_spawn: an exception of the coroutine leaves io_context::run().
inline void rethrow(std::exception_ptr e)
{
    if (e) std::rethrow_exception(e);
}

}  // namespace example
