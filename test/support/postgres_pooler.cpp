#include "support/postgres_pooler.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <sys/wait.h>

namespace unipile::test {
namespace {

constexpr const char* program = "/usr/sbin/pgbouncer";

}  // namespace

bool postgres_pooler::is_available() { return std::filesystem::exists(program); }

postgres_pooler::postgres_pooler(const postgres_server& server, const std::string& mode, unsigned size)
    : folder_(new_server_folder())
{
    // With that lifetime, a connection to the server ends when its client has done with it: no state of it is left.
    const auto settings = folder_ / "pgbouncer.ini";
    std::ofstream(settings) << "[databases]\n* = host=" << server.folder().string() << " port=" << server.port()
                            << " user=postgres\n[pgbouncer]\nauth_type = any\nlisten_addr =\nlisten_port = 5432\n"
                            << "unix_socket_dir = " << folder_.string() << "\npool_mode = " << mode
                            << "\ndefault_pool_size = " << size << "\nserver_lifetime = 0\n";
    process_ = launch_as_server({program, settings.string()}, folder_ / "log", SIGKILL);
    while (PQping(conninfo().c_str()) != PQPING_OK) {
        if (::waitpid(process_, nullptr, WNOHANG) == process_) {
            std::ifstream in(folder_ / "log");
            std::stringstream said;
            said << in.rdbuf();
            throw std::runtime_error("PgBouncer ended: " + said.str());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

postgres_pooler::~postgres_pooler()
{
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string postgres_pooler::conninfo(const std::string& database) const
{
    return "host=" + folder_.string() + " port=5432 user=postgres dbname=" + database;
}

}  // namespace unipile::test
