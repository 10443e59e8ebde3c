// What can go wrong with a store.
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/is_error_code_enum.hpp>
#include <boost/system/system_error.hpp>

#include <string>

namespace unipile::store {

/// Every way in which a store can fail. Each message says what the user can do. Values are stable, and new ones are
/// only ever appended.
enum class store_errc {
    disk_full = 1,     ///< no room on the disk, or a quota or a limit on the file's size is reached
    read_only,         ///< the file, its folder or the file system can't be written
    io_error,          ///< the disk or the file system reported an error
    locked,            ///< another process kept the store locked for longer than the waiting time
    in_use,            ///< another harvest works on this store
    corrupt,           ///< the file is damaged
    cannot_open,       ///< there is no such file, or it may not be opened
    not_a_store,       ///< the file is no database
    foreign_database,  ///< a database, but another program's
    newer_schema,      ///< written by a newer version of this program
    out_of_memory,     ///< memory ran out
    too_large,         ///< one value is larger than the engine allows
    interrupted,       ///< the operation was interrupted
    unsupported,       ///< the file system lacks what the store needs
    engine,            ///< the engine reported something that nobody expects
    closed,            ///< the store was closed, or has failed before
    log_out_of_reach,  ///< the last commits are in a log that only who may write to the folder can read
    other_tenant,      ///< the store belongs to another server; see `run_request::tenant`
    log_missing,       ///< a copy of a store without the log that it needs
    already_there,     ///< a file that would be made exists
};

/// The category of `store_errc`. Its name is "unipile.store".
const boost::system::error_category& store_category() noexcept;

boost::system::error_code make_error_code(store_errc e) noexcept;

/// A store that failed. What was committed before is intact; what was not is lost, and the store refuses all further
/// work. Open it again to go on.
///
/// `what()` is one line: which store, what happened, what the user can do.
class store_error : public boost::system::system_error {
public:
    /// `where` names the store, for example its file; `detail` is what the engine says, may be empty; `engine_code` is
    /// its own number for it.
    store_error(store_errc code, const std::string& where, const std::string& detail = {}, int engine_code = 0);

    const char* what() const noexcept override { return line_.c_str(); }
    store_errc reason() const noexcept { return static_cast<store_errc>(code().value()); }
    /// The engine's own (extended) code, 0 if the engine was not involved.
    int engine_code() const noexcept { return engine_code_; }

private:
    std::string line_;
    int engine_code_;
};

}  // namespace unipile::store

template <>
struct boost::system::is_error_code_enum<unipile::store::store_errc> : std::true_type {};
