#include <unipile/store/error.hpp>

#include "store/system_error.hpp"

#include <cerrno>

namespace unipile::store {

namespace {

const char* message_of(store_errc e) noexcept
{
    switch (e) {
        case store_errc::disk_full:
            return "the disk is full, or a limit on the size of files is reached: free some space and run the same "
                   "command again";
        case store_errc::read_only:
            return "it can't be written: check the permissions of the file and its folder, and whether the file system "
                   "is "
                   "mounted read-only";
        case store_errc::io_error:
            return "the disk reported an error: check the disk and the system log, then run the same command again";
        case store_errc::locked:
            return "another process kept it locked for too long: end that process, or wait for it, and try again";
        case store_errc::in_use:
            return "another process harvests into it, or counts requests in it: wait for that one, or use another "
                   "store";
        case store_errc::corrupt:
            return "the file is damaged: restore it from a copy, or save what is left with `sqlite3 FILE .recover`";
        case store_errc::cannot_open: return "it can't be opened: check that it exists and may be read and written";
        case store_errc::not_a_store:
            return "this is not a database: give the name of a store, or of a file to be made";
        case store_errc::foreign_database: return "this is another program's database: choose another file";
        case store_errc::newer_schema: return "it was written by a newer version of this program: use that version";
        case store_errc::out_of_memory:
            return "memory ran out: give the process more, or lower the number of connections";
        case store_errc::too_large: return "a value is larger than the database can hold";
        case store_errc::interrupted: return "the operation was interrupted: run the same command again";
        case store_errc::unsupported:
            return "the file system lacks what a store needs (locks, shared memory): put the file on a local disk";
        case store_errc::engine: return "the database reported an unexpected error";
        case store_errc::closed: return "it was closed after a failure: open it again";
        case store_errc::log_out_of_reach:
            return "its last commits are in the -wal file beside it, which can only be read with permission to write "
                   "to the folder: have its owner continue the harvest, or copy both files to a folder of yours";
        case store_errc::other_tenant:
            return "it belongs to another base URL: check the base URL, or use another store; if the accounts have "
                   "moved to a new base URL, --base-url-changed moves the store";
        case store_errc::log_missing:
            return "the store's content is in its -wal file, which is missing here: copy or move both files together; "
                   "delete this one if there never was another";
        case store_errc::nothing_stored:
            return "nothing was harvested into it yet: check the name, or fill it with a harvest first";
        case store_errc::no_descriptors:
            return "no more files can be opened: raise the limit of open files (ulimit -n)";
        case store_errc::already_there: return "there is a file of this name already: choose another name";
        case store_errc::bad_address: return "this connection string can't be used";
        case store_errc::unreachable:
            return "the database server can't be reached or ended the connection: check that it runs, and the network; "
                   "then run the same command again";
        case store_errc::refused:
            return "the database refuses its user a permission: grant what is missing, or name another user";
        case store_errc::conflict: return "other transactions were in the way: run the same command again";
        case store_errc::bad_value: return "the database refused a value";
        case store_errc::unknown_host:
            return "the host of the database is not known: check its name, and the name service of this machine";
        case store_errc::connection_refused:
            return "no database server listens there: check host and port, and that the server runs and accepts "
                   "connections of other machines (listen_addresses)";
        case store_errc::too_many_connections:
            return "the database server has no connection left: end some, or raise its limit (max_connections, or that "
                   "of the user or the database), then run the same command again";
        case store_errc::read_only_server:
            return "the database server is a standby, which can't be written: name the primary, or all hosts with "
                   "commas between them";
        case store_errc::login_refused:
            return "the database server refused the login: check the user, and the password in PGPASSWORD, the file of "
                   "PGPASSFILE, or a service file";
        case store_errc::unknown_role:
            return "the database server has no such user: check the user in the address (without one it is the "
                   "system's), or create the role";
        case store_errc::unknown_database:
            return "the database server has no such database: check its name, or create it";
        case store_errc::not_admitted:
            return "the database server admits no such connection: have its pg_hba.conf admit this user, this database "
                   "and this machine";
        case store_errc::tls_refused:
            return "the database server offers no TLS: turn it on there, or connect by a socket or a loopback address";
        case store_errc::certificate_refused:
            return "the certificate of the database server does not verify: name the host that is in it, and its "
                   "authority by sslrootcert=FILE in the address";
        case store_errc::older_schema:
            return "it was made by an older version of this program, whose tables this one can't use: export its posts "
                   "with that version, and harvest into a new database";
        case store_errc::not_upgraded:
            return "it was made by an older version of this program: run a harvest with this one, which upgrades it";
        case store_errc::unknown_place:
            return "the place in its changes is none that it has given, or it was restored from an older copy since: "
                   "check the token, or read all changes again, without a token";
    }
    return "unknown error";
}

class category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "unipile.store"; }
    std::string message(int value) const override { return message_of(static_cast<store_errc>(value)); }
};

}  // namespace

const boost::system::error_category& store_category() noexcept
{
    static const category_type instance;
    return instance;
}

bool is_out_of_reach(store_errc e) noexcept
{
    return e == store_errc::unreachable || e == store_errc::refused ||
           (e >= store_errc::unknown_host && e <= store_errc::certificate_refused);
}

boost::system::error_code make_error_code(store_errc e) noexcept { return {static_cast<int>(e), store_category()}; }

store_error::store_error(store_errc code, const std::string& where, const std::string& detail, int engine_code)
    : system_error(make_error_code(code)),
      line_((where.empty() ? std::string("store") : where) + ": " + message_of(code) +
            (detail.empty() ? "" : " (" + detail + ")")),
      engine_code_(engine_code)
{}

store_errc meaning_of(int error) noexcept
{
    switch (error) {
        case EROFS:
        case EACCES:
        case EPERM: return store_errc::read_only;
        case ENOSPC:
        case EDQUOT:
        case EFBIG: return store_errc::disk_full;
        case EIO: return store_errc::io_error;
        case EMFILE:
        case ENFILE: return store_errc::no_descriptors;
        case ENOLCK:
        case ENOSYS:
        case EOPNOTSUPP: return store_errc::unsupported;
        default: return store_errc::cannot_open;
    }
}

}  // namespace unipile::store
