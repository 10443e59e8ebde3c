// PostgreSQL servers for tests, each in a folder of its own that is gone with it.
#pragma once

#include "support/certificates.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace unipile::test {

struct postgres_settings {
    /// Listen on 127.0.0.1 as well. The socket in the server's folder is there in any case.
    bool tcp = false;
    /// Speak TLS on it, with this certificate.
    std::optional<identity> tls;
    /// Lines of pg_hba.conf in place of `trust` for everybody.
    std::vector<std::string> rules;
    /// Settings such as `max_connections=5`.
    std::vector<std::string> more;
    /// A standby of this server, with its data and settings, which follows it until `promote()`.
    const class postgres_server* standby_of = nullptr;
};

/// A server with a fresh database. It runs as the user postgres if the test runs as root, and ends with the test. It
/// doesn't wait for the disk, so it survives every kill, but no loss of power.
class postgres_server {
public:
    /// Why no server can run here; empty if one can. `UNIPILE_POSTGRES_BIN` names the folder of another version.
    static std::string unavailable();
    /// Ends the test program as skipped, by CTest's code 77, if no server can run here.
    static void skip_if_unavailable();
    /// Returns true if standbys can be made; some versions come without the programs for it.
    static bool can_stand_by();

    explicit postgres_server(postgres_settings settings = {});
    ~postgres_server();
    postgres_server(const postgres_server&) = delete;
    postgres_server& operator=(const postgres_server&) = delete;

    /// Returns when it accepts connections.
    void start();
    /// Only begins to start.
    void begin_start();
    /// Ends it; sessions are ended, too.
    void stop();
    /// Ends it without any order (`-m immediate`); the next start recovers.
    void kill();
    void restart();
    /// Begins to promote a standby.
    void promote();

    /// Keywords for a connection through the socket.
    std::string conninfo(const std::string& database = "postgres") const;
    /// The same as a URL.
    std::string url(const std::string& database = "postgres") const;
    const std::filesystem::path& folder() const noexcept { return folder_; }
    std::filesystem::path socket() const;
    std::uint16_t port() const noexcept { return port_; }

    /// Runs statements through a connection of the test's own; returns the rows of the last one as texts, NULL as
    /// "NULL". Throws std::runtime_error.
    std::vector<std::vector<std::string>> sql(const std::string& statements,
                                              const std::string& database = "postgres") const;
    /// The first value of these rows.
    std::string value(const std::string& statement, const std::string& database = "postgres") const;
    /// Ends the sessions of all clients that have this application_name.
    void end_sessions(const std::string& application = "unipile") const;

private:
    void copy_data();
    void configure();
    void wait_until_ready();
    void end(int signal);

    postgres_settings settings_;
    std::filesystem::path folder_;
    std::uint16_t port_ = 5432;
    pid_t process_ = -1;
};

/// Starts a program as the user that servers run as, its output in a file. It gets the signal when the thread that
/// started it ends.
pid_t launch_as_server(const std::vector<std::string>& command, const std::filesystem::path& log, int death_signal);
/// Makes a folder of that user, with a short name, since the names of sockets are bounded.
std::filesystem::path new_server_folder();

}  // namespace unipile::test
