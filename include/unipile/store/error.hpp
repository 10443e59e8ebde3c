// The errors of a store.
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/is_error_code_enum.hpp>
#include <boost/system/system_error.hpp>

#include <string>

#pragma GCC visibility push(default)
namespace unipile::store {

/// The ways in which a store can fail. Each has a message that says what the user can do. Values are stable; new ones
/// are appended.
enum class store_errc {
    disk_full = 1,     ///< the disk is full, or a quota or a limit on the file's size is reached
    read_only,         ///< the file, its folder or the file system can't be written
    io_error,          ///< the disk or the file system reported an error
    locked,            ///< another process held the store's lock for longer than the waiting time
    in_use,            ///< another process harvests into this store
    corrupt,           ///< the file is damaged
    cannot_open,       ///< there is no such file, or it may not be opened
    not_a_store,       ///< the file is no database
    foreign_database,  ///< a database of another program
    newer_schema,      ///< written by a newer version of this program
    out_of_memory,     ///< memory ran out
    too_large,         ///< one value is larger than the engine allows
    interrupted,       ///< the operation was interrupted
    unsupported,       ///< the file system lacks what the store needs
    engine,            ///< the engine reported an unexpected error
    closed,            ///< the store was closed, or has failed before
    log_out_of_reach,  ///< the last commits are in a log that only a user who may write to the folder can read
    other_tenant,      ///< the store belongs to another server; see `run_request::tenant`
    log_missing,       ///< a copy of a store without the log that belongs to it
    already_there,     ///< the file to be made exists
    nothing_stored,    ///< an empty file, or a database in which no store was made yet
    no_descriptors,    ///< the process may not open more files
    bad_address,       ///< a connection string of a database that can't be used
    unreachable,       ///< the database server can't be reached, or ended the connection
    refused,           ///< the database server refused a permission
    conflict,          ///< another transaction of the database was in the way
    bad_value,         ///< the database refused a value
    // What may keep a database from being reached, beside `unreachable`; see `is_out_of_reach`.
    unknown_host,          ///< the name of the database server can't be resolved
    connection_refused,    ///< no database server listens there
    too_many_connections,  ///< the database server has no connection left
    read_only_server,      ///< the database server can't be written: it is a standby
    login_refused,         ///< the database server refused the login, for example the password
    unknown_role,          ///< the database server has no such user
    unknown_database,      ///< the database server has no such database
    not_admitted,          ///< the database server's rules admit no such connection
    tls_refused,           ///< the database server offers no TLS
    certificate_refused,   ///< the certificate of the database server does not verify
    older_schema,          ///< made by an older version of this program, whose tables can't be used any more
    unknown_place,         ///< a place in the changes of another store, or of a later state of this one
    not_upgraded,          ///< made by an older version of this program, which a harvest upgrades
};

/// The category of `store_errc`. Its name is "unipile.store".
const boost::system::error_category& store_category() noexcept;

boost::system::error_code make_error_code(store_errc e) noexcept;

/// Returns true if the database of a store was not reached, was lost for good, or refuses its user.
bool is_out_of_reach(store_errc e) noexcept;

/// The failure of a store. What was committed before is intact; what was not is lost. The store refuses all further
/// work; open it again to continue.
///
/// `what()` is one line: which store, what happened, what the user can do.
class store_error : public boost::system::system_error {
public:
    /// `where` names the store, for example its file; `detail` is the engine's own text, may be empty; `engine_code` is
    /// the engine's own code.
    store_error(store_errc code, const std::string& where, const std::string& detail = {}, int engine_code = 0);

    const char* what() const noexcept override { return line_.c_str(); }
    /// Returns the code as an enumerator.
    store_errc reason() const noexcept { return static_cast<store_errc>(code().value()); }
    /// Returns the engine's own (extended) code; 0 if the engine was not involved.
    int engine_code() const noexcept { return engine_code_; }

private:
    std::string line_;
    int engine_code_;
};

}  // namespace unipile::store
#pragma GCC visibility pop

template <>
struct boost::system::is_error_code_enum<unipile::store::store_errc> : std::true_type {};
