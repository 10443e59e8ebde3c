// What the API said when it refused a request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace unipile {

/// Where an account's mail server is; some 401 answers add it.
struct connection_params {
    std::optional<std::string> imap_host, imap_encryption, imap_user, smtp_host, smtp_user;
    std::optional<int> imap_port, smtp_port;
};

/// The error body of the API, text as the server sent it, cut where it is over-long: failures are kept, logged and
/// stored.
///
/// Open by design: `type` keeps values that nobody knows yet, and every field is empty where the
/// body lacked it or wasn't the API's JSON at all (a proxy's HTML page, say). Text in here comes from
/// the server; the library never mixes it into its own messages.
struct api_error {
    static constexpr std::size_t longest_type = 256;   ///< bytes that are kept of a type
    static constexpr std::size_t longest_text = 4096;  ///< and of each other text

    unsigned status = 0;  ///< the HTTP status of the answer, not the body's copy of it
    std::string type;     ///< e.g. `errors/too_many_requests`
    std::string title;
    std::string detail;
    std::string instance;
    std::optional<unipile::connection_params> connection_params;
};

}  // namespace unipile
