// The exception of this library, and the value of `post_stream::last_failure()`.
#pragma once

#include <unipile/answer_fields.hpp>
#include <unipile/api_error.hpp>
#include <unipile/errc.hpp>

#include <boost/system/system_error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#pragma GCC visibility push(default)
namespace unipile {

/// What a failure concerns.
enum class failure_scope {
    passing,  ///< this request only; the same request may succeed later
    target,   ///< this identifier
    account,  ///< everything through this account
    key,      ///< everything with this key
};

/// Returns the enumerator's name; never null.
const char* to_string(failure_scope s) noexcept;

/// A failed operation: a code, its scope and its cause.
///
/// `what()` holds the library's own text; what the server sent is in `api()`. Neither contains the key. Copies share
/// their state, are cheap, and may be used on different threads.
class failure : public boost::system::system_error {
public:
    /// What is known beside the code.
    struct details {
        failure_scope scope = failure_scope::passing;
        unsigned attempts = 1;            ///< requests spent on the page that failed
        bool may_pass = true;             ///< the same request may succeed later
        boost::system::error_code cause;  ///< the code of the system or the TLS library, if there is one
        std::optional<api_error> api;     ///< set if the API answered with an error
        std::optional<std::chrono::milliseconds> retry_after;  ///< what the server requested, capped
        answer_fields fields;                                  ///< of the failed answer, as far as its header arrived
        std::string note;  ///< the library's own text on the circumstances: a limit, an offset, a host
    };

    /// Takes scope and `may_pass` from `code`.
    explicit failure(boost::system::error_code code);
    /// Takes all details as given.
    failure(boost::system::error_code code, details d);

    /// Returns what the failure concerns: a request, an account, the key, or everything.
    failure_scope scope() const noexcept { return details_->scope; }
    /// Returns the number of requests spent on the page that failed.
    unsigned attempts() const noexcept { return details_->attempts; }
    /// Returns true if the same request may succeed later.
    bool may_pass() const noexcept { return details_->may_pass; }
    /// Returns the underlying code, e.g. `asio::error::connection_reset`; success if there is none. Where the library
    /// is shared, codes of Asio's own categories (`asio::error::eof`, of the resolver and of TLS) equal the program's
    /// only in value and in their category's name.
    boost::system::error_code cause() const noexcept { return details_->cause; }
    /// Returns the API's error, or null if the API did not answer with one.
    const api_error* api() const noexcept { return details_->api ? &*details_->api : nullptr; }
    /// Returns how long the server asked to wait, capped; nothing if it did not.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return details_->retry_after; }
    /// Returns the header fields of the answer that concern the request: its id in the server's logs, limits. Empty
    /// without an answer.
    const answer_fields& fields() const noexcept { return details_->fields; }
    /// Returns everything at once.
    const details& all() const noexcept { return *details_; }

private:
    std::shared_ptr<const details> details_;
};

}  // namespace unipile
#pragma GCC visibility pop
