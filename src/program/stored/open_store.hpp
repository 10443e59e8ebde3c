// Opens the store of a command line with the engine that its name asks for.
#pragma once

#include <unipile/store/engine.hpp>
#include <unipile/store/post_reader.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// What the store of a command is waited for.
struct store_wait {
    enum class reason {
        lock,     ///< another process has locked the file
        contact,  ///< the database was not reached yet
        server,   ///< the database can't be reached any more
        worker,   ///< another harvest has the accounts, and shows no heartbeat
        upgrade,  ///< the tables of an earlier version are changed
    };
    reason what = reason::lock;
    std::chrono::milliseconds waited{};   ///< so far
    std::chrono::milliseconds longest{};  ///< at most, for a worker and the first contact
    std::string who;                      ///< the other harvest
    unsigned percent = 0;                 ///< of the upgrade
    std::string why;                      ///< the last answer of a server's system, if there is one
};
/// Returns false to end the wait. Called several times a second.
using store_patience = std::function<bool(const store_wait&)>;

/// Returns true if the store is a PostgreSQL database, and not a file.
bool is_database(const std::string& store) noexcept;

/// Opens a store; throws store_error. Without `create`, it has to be there. `take_over_after` is for a database whose
/// tables are made: how long a worker may be silent.
std::unique_ptr<store::engine> open_engine(const std::string& store, store::access access, bool create,
                                           const store_patience& patience = {},
                                           std::optional<std::chrono::milliseconds> take_over_after = {});
std::unique_ptr<store::post_reader> open_reader(const std::string& store, const store_patience& patience = {});

}  // namespace unipile::program
