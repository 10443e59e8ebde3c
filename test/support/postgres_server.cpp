#include "support/postgres_server.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <openssl/pem.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace unipile::test {
namespace {

namespace fs = std::filesystem;
using strings = std::vector<std::string>;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("PostgreSQL for a test: " + what); }

/// The folder with the newest server's programs; empty if there is none.
fs::path programs()
{
    if (const char* chosen = std::getenv("UNIPILE_POSTGRES_BIN")) return chosen;
    fs::path best;
    int newest = 0;
    std::error_code none;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
        const int number = std::atoi(version.path().filename().c_str());
        if (number <= newest || !fs::exists(version.path() / "bin/postgres", none)) continue;
        newest = number;
        best = version.path() / "bin";
    }
    return best;
}

const passwd* server_user() { return ::geteuid() == 0 ? ::getpwnam("postgres") : ::getpwuid(::geteuid()); }

void run(const strings& command, const fs::path& log)
{
    int status = 0;
    const pid_t child = launch_as_server(command, log, SIGKILL);
    if (::waitpid(child, &status, 0) == child && status == 0) return;
    std::ifstream in(log);
    std::stringstream said;
    said << in.rdbuf();
    fail(command.front() + " failed: " + said.str());
}

/// A data folder to copy, made once a process.
class data_template {
public:
    data_template() : folder_(new_server_folder())
    {
        run({programs() / "initdb", "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
             "--no-sync", "--wal-segsize=1"},
            folder_ / "log");
    }
    ~data_template()
    {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    data_template(const data_template&) = delete;
    data_template& operator=(const data_template&) = delete;
    fs::path data() const { return folder_ / "data"; }

private:
    fs::path folder_;
};

std::uint16_t free_port()
{
    const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(s, any, size) != 0 || ::getsockname(s, any, &size) != 0) fail("no free port");
    ::close(s);
    return ntohs(address.sin_port);
}

void give_to_server(const fs::path& file)
{
    const passwd* user = server_user();
    if (::chmod(file.c_str(), 0600) != 0 || ::chown(file.c_str(), user->pw_uid, user->pw_gid) != 0)
        fail("a file can't be given away");
}

template <class Write, class Object>
void write_pem(const fs::path& file, Write write, Object* object)
{
    std::FILE* const out = std::fopen(file.c_str(), "w");
    if (out == nullptr || write(out, object) != 1) fail("can't write " + file.string());
    std::fclose(out);
    give_to_server(file);
}

using connection_ptr = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using result_ptr = std::unique_ptr<PGresult, decltype(&PQclear)>;

}  // namespace

pid_t launch_as_server(const strings& command, const fs::path& log, int death_signal)
{
    const passwd* user = server_user();
    std::vector<char*> arguments;
    for (const auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    for (int fd = 3; fd < 1024; ++fd) ::close(fd);
    ::setsid();
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, death_signal);
    if (::getppid() != parent || ::chdir("/") != 0) ::_exit(125);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
}

fs::path new_server_folder()
{
    std::string name = "/tmp/unipile-pg-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) fail("no temporary folder");
    const passwd* user = server_user();
    if (::chmod(name.c_str(), 0755) != 0 || ::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0)
        fail("the temporary folder can't be given away");
    return name;
}

std::string postgres_server::unavailable()
{
    if (programs().empty()) return "no PostgreSQL server is installed";
    if (server_user() == nullptr) return "there is no user postgres, and root can't run a server";
    return {};
}

void postgres_server::skip_if_unavailable()
{
    const std::string why = unavailable();
    if (why.empty()) return;
    std::cout << "skipped: " << why << std::endl;
    std::_Exit(77);
}

postgres_server::postgres_server(postgres_settings settings)
    : settings_(std::move(settings)), folder_(new_server_folder())
{
    copy_data();
    if (settings_.tcp) port_ = free_port();
    configure();
    start();
}

postgres_server::~postgres_server()
{
    end(SIGQUIT);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

bool postgres_server::can_stand_by() { return fs::exists(programs() / "pg_basebackup"); }

void postgres_server::copy_data()
{
    if (settings_.standby_of) {
        run({programs() / "pg_basebackup", "-d", settings_.standby_of->conninfo(), "-D", folder_ / "data", "-R", "-c",
             "fast", "--no-sync"},
            folder_ / "log");
        return;
    }
    static const data_template made;
    run({"/bin/cp", "-a", "--reflink=auto", made.data(), folder_ / "data"}, folder_ / "log");
}

void postgres_server::configure()
{
    std::ofstream out(folder_ / "data/postgresql.auto.conf", std::ios::app);
    out << "listen_addresses = '" << (settings_.tcp ? "127.0.0.1" : "") << "'\n"
        << "port = " << port_ << "\nunix_socket_directories = '" << folder_.string() << "'\n"
        << "fsync = off\nshared_buffers = 16MB\nmax_connections = 30\nlog_min_messages = warning\n";
    for (const auto& line : settings_.more) out << line << '\n';
    if (settings_.tls) {
        out << "ssl = on\n";
        write_pem(folder_ / "data/server.crt", PEM_write_X509, settings_.tls->certificate.get());
        write_pem(
            folder_ / "data/server.key",
            [](std::FILE* f, EVP_PKEY* key) {
                return PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr);
            },
            settings_.tls->key.get());
    }
    if (settings_.rules.empty()) return;
    std::ofstream rules(folder_ / "data/pg_hba.conf");
    for (const auto& rule : settings_.rules) rules << rule << '\n';
}

void postgres_server::begin_start()
{
    if (process_ > 0) return;
    process_ = launch_as_server({programs() / "postgres", "-D", folder_ / "data"}, folder_ / "log", SIGQUIT);
    if (process_ < 0) fail("it can't be started");
}

void postgres_server::start()
{
    begin_start();
    wait_until_ready();
}

void postgres_server::wait_until_ready()
{
    for (;;) {
        if (PQping(conninfo().c_str()) == PQPING_OK) return;
        if (::waitpid(process_, nullptr, WNOHANG) == process_) {
            process_ = -1;
            std::ifstream in(folder_ / "log");
            std::stringstream said;
            said << in.rdbuf();
            fail("it ended: " + said.str());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void postgres_server::end(int signal)
{
    if (process_ <= 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void postgres_server::stop() { end(SIGINT); }
void postgres_server::kill() { end(SIGQUIT); }

void postgres_server::restart()
{
    stop();
    start();
}

void postgres_server::promote()
{
    const fs::path order = folder_ / "data/promote";
    std::ofstream{order}.flush();
    give_to_server(order);
    ::kill(process_, SIGUSR1);
}

fs::path postgres_server::socket() const { return folder_ / (".s.PGSQL." + std::to_string(port_)); }

std::string postgres_server::conninfo(const std::string& database) const
{
    return "host=" + folder_.string() + " port=" + std::to_string(port_) + " user=postgres dbname=" + database;
}

std::string postgres_server::url(const std::string& database) const
{
    return "postgresql:///" + database + "?host=" + folder_.string() + "&port=" + std::to_string(port_) +
           "&user=postgres";
}

std::vector<strings> postgres_server::sql(const std::string& statements, const std::string& database) const
{
    const std::string where = conninfo(database) + " application_name=test options='-c client_min_messages=error'";
    const connection_ptr connection(PQconnectdb(where.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) fail(PQerrorMessage(connection.get()));
    const result_ptr result(PQexec(connection.get(), statements.c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(PQerrorMessage(connection.get()));
    std::vector<strings> all(static_cast<std::size_t>(PQntuples(result.get())));
    for (int row = 0; row < PQntuples(result.get()); ++row)
        for (int column = 0; column < PQnfields(result.get()); ++column)
            all[static_cast<std::size_t>(row)].emplace_back(
                PQgetisnull(result.get(), row, column) != 0 ? "NULL" : PQgetvalue(result.get(), row, column));
    return all;
}

std::string postgres_server::value(const std::string& statement, const std::string& database) const
{
    const auto rows = sql(statement, database);
    if (rows.empty()) fail("no row: " + statement);
    return rows.front().front();
}

void postgres_server::end_sessions(const std::string& application) const
{
    sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '" + application + "'");
}

}  // namespace unipile::test
