// The API's description of an error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#pragma GCC visibility push(default)
namespace unipile {

/// The mail server settings of an account; part of some 401 answers.
struct connection_params {
    std::optional<std::string> imap_host, imap_encryption, imap_user, smtp_host, smtp_user;
    std::optional<int> imap_port, smtp_port;
};

/// The body of an error answer. Text is as the server sent it, cut at `longest_type` and `longest_text`, since failures
/// are kept, logged and stored.
///
/// `type` keeps any value, including ones that this library does not know. A field that the body lacks is empty; all
/// are empty if the body was not the API's JSON, such as a proxy's HTML page. The library never copies text from here
/// into its own messages.
struct api_error {
    static constexpr std::size_t longest_type = 256;   ///< bytes kept of `type`
    static constexpr std::size_t longest_text = 4096;  ///< bytes kept of each other text

    unsigned status = 0;  ///< the HTTP status of the answer, not the body's copy of it
    std::string type;     ///< e.g. `errors/too_many_requests`
    std::string title;
    std::string detail;
    std::string instance;
    std::optional<unipile::connection_params> connection_params;
};

}  // namespace unipile
#pragma GCC visibility pop
