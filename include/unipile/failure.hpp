// The exception of this library, and the value behind `post_stream::last_failure()`.
#pragma once

#include <unipile/answer_fields.hpp>
#include <unipile/api_error.hpp>
#include <unipile/errc.hpp>

#include <boost/system/system_error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace unipile {

/// How far a failure reaches.
enum class failure_scope {
    passing,  ///< this request only; the same request may succeed later
    target,   ///< this identifier
    account,  ///< everything through this account
    key,      ///< everything with this key
};

const char* to_string(failure_scope s) noexcept;

/// A failed operation: a code, how far it reaches and what was behind it.
///
/// `what()` holds only the library's own words; what the server said is in `api()`. Neither ever
/// contains the key. Copies are cheap (shared state) and safe to pass between threads.
class failure : public boost::system::system_error {
public:
    struct details {
        failure_scope scope = failure_scope::passing;
        unsigned attempts = 1;            ///< requests spent on the page that failed
        bool may_pass = true;             ///< whether the same request may succeed later
        boost::system::error_code cause;  ///< the system's or TLS library's own code, if there is one
        std::optional<api_error> api;     ///< set where the API answered with an error
        std::optional<std::chrono::milliseconds> retry_after;  ///< what the server asked for, capped
        answer_fields fields;  ///< of the answer that failed, as far as its header arrived
        std::string note;      ///< the library's own words on the circumstances: a limit, an offset, a host
    };

    /// Scope and `may_pass` are those of `code`.
    explicit failure(boost::system::error_code code);
    failure(boost::system::error_code code, details d);

    failure_scope scope() const noexcept { return details_->scope; }
    unsigned attempts() const noexcept { return details_->attempts; }
    bool may_pass() const noexcept { return details_->may_pass; }
    /// The code underneath, e.g. `asio::error::connection_reset`; success if there is none.
    boost::system::error_code cause() const noexcept { return details_->cause; }
    /// What the API answered, or null.
    const api_error* api() const noexcept { return details_->api ? &*details_->api : nullptr; }
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return details_->retry_after; }
    /// What the answer's header says about the request: its id for the server's logs, limits. Empty without an answer.
    const answer_fields& fields() const noexcept { return details_->fields; }
    const details& all() const noexcept { return *details_; }

private:
    std::shared_ptr<const details> details_;
};

}  // namespace unipile
