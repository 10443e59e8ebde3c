// What the API said when it refused a request.
#pragma once

#include <optional>
#include <string>

namespace unipile {

/// Where an account's mail server is; some 401 answers add it.
struct connection_params {
    std::optional<std::string> imap_host, imap_encryption, imap_user, smtp_host, smtp_user;
    std::optional<int> imap_port, smtp_port;
};

/// The error body of the API, text exactly as the server sent it.
///
/// Open by design: `type` keeps values that nobody knows yet, and every field is empty where the
/// body lacked it or wasn't the API's JSON at all (a proxy's HTML page, say). Text in here comes from
/// the server; the library never mixes it into its own messages.
struct api_error {
    unsigned status = 0;  ///< the HTTP status of the answer, not the body's copy of it
    std::string type;     ///< e.g. `errors/too_many_requests`
    std::string title;
    std::string detail;
    std::string instance;
    std::optional<unipile::connection_params> connection_params;
};

}  // namespace unipile
