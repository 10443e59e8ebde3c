// What PostgreSQL, or the way to it, reports as an error.
#pragma once

#include <unipile/store/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::store::postgres {

/// What can be done about an error.
enum class error_kind : std::uint8_t {
    again,        ///< the transaction was rolled back because of another one: repeat it (40001, 40P01, 55P03)
    lost,         ///< no connection, or none any more: whether a COMMIT that was sent took effect is unknown
    data,         ///< a value or a constraint: repeating the statement fails again
    full,         ///< the server's disk is full
    refused,      ///< the login or a permission
    interrupted,  ///< `connection_options::while_waiting` returned false; otherwise as `lost`
    other,        ///< anything else, such as an error in a statement
};

/// An error of a connection or a statement. What `store_error` says of rolling back does not apply: see `connection`.
class database_error : public store_error {
public:
    /// `sqlstate` is empty if the error is not the server's; `statement` is the place of the query in its batch.
    database_error(error_kind kind, const std::string& where, std::string_view sqlstate, std::string_view message,
                   std::size_t statement = 0);
    /// The same with a reason that is known better.
    database_error(error_kind kind, store_errc reason, const std::string& where, std::string_view sqlstate,
                   std::string_view message, std::size_t statement = 0);

    error_kind kind() const noexcept { return kind_; }
    /// Returns the five characters of the server's error code; empty if the error is not the server's.
    const std::string& sqlstate() const noexcept { return sqlstate_; }
    /// Returns the place of the query that failed in its batch; 0 if no query was sent.
    std::size_t statement() const noexcept { return statement_; }

private:
    error_kind kind_;
    std::string sqlstate_;
    std::size_t statement_;
};

/// Returns the kind of a server's error.
error_kind kind_of(std::string_view sqlstate) noexcept;
/// Returns the reason that a `store_error` of this kind has.
store_errc reason_of(error_kind kind, std::string_view sqlstate) noexcept;

/// What the end of a login means.
struct login_fault {
    error_kind kind = error_kind::lost;
    store_errc reason = store_errc::unreachable;
};
/// Returns what a login came to that failed with this code, which may be empty, and this message of libpq or of the
/// server. `needs_password`: none was there that the server asked for.
login_fault fault_of_login(std::string_view sqlstate, std::string_view message, bool needs_password) noexcept;

/// Makes one line of a message: control characters become spaces, and a long text is cut.
std::string one_line(std::string_view message);

}  // namespace unipile::store::postgres
