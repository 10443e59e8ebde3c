// What statements may use, so that they mean the same through a pooler, and on other servers that speak PostgreSQL's
// protocol.
#pragma once

#include <string>
#include <vector>

namespace unipile::store::postgres::test {

/// Returns what is wrong with a statement by itself: each word or construct that it must not use.
std::vector<std::string> forbidden_in(const std::string& statement);

/// Checks the statements of one session as they come.
class session_rules {
public:
    /// Returns what is wrong with the next one: a word, a write outside of a transaction, or one in a transaction whose
    /// isolation level and limits are the server's defaults.
    std::vector<std::string> faults_of(const std::string& statement);

private:
    bool begun_ = false, writable_ = false, limits_idle_ = false, limits_statements_ = false;
};

/// Returns the statements of each session in a server's log whose `log_line_prefix` is "%a %p|", for clients of that
/// application name.
std::vector<std::vector<std::string>> statements_in(const std::string& log, const std::string& application);

}  // namespace unipile::store::postgres::test
