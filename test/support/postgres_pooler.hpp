// PgBouncer in front of a test's PostgreSQL server.
#pragma once

#include "support/postgres_server.hpp"

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace unipile::test {

/// A pool of connections to a server, which ends with the test.
class postgres_pooler {
public:
    static bool is_available();

    /// `mode`: session or transaction. `size`: connections to each database; clients wait for one.
    postgres_pooler(const postgres_server& server, const std::string& mode, unsigned size = 5);
    ~postgres_pooler();
    postgres_pooler(const postgres_pooler&) = delete;
    postgres_pooler& operator=(const postgres_pooler&) = delete;

    /// Keywords for a connection through it.
    std::string conninfo(const std::string& database = "postgres") const;

private:
    std::filesystem::path folder_;
    pid_t process_ = -1;
};

}  // namespace unipile::test
