#include "program/process.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void check(bool ok, const char* what)
{
    if (!ok) throw std::system_error{errno, std::generic_category(), what};
}

std::vector<char*> pointers(std::vector<std::string>& strings)
{
    std::vector<char*> out;
    out.reserve(strings.size() + 1);
    for (std::string& s : strings) out.push_back(s.data());
    out.push_back(nullptr);
    return out;
}

std::string fresh_name()
{
    static std::atomic<unsigned> number{0};
    return "process_" + std::to_string(::getpid()) + "_" + std::to_string(++number) + ".err";
}

/// Starts a process with the signals that a shell gives a command in the foreground: one in the background would
/// ignore SIGINT, and hand that on.
class default_signals {
public:
    default_signals()
    {
        sigset_t all{};
        ::sigemptyset(&all);
        for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE}) ::sigaddset(&all, signal);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
    }
    ~default_signals() { ::posix_spawnattr_destroy(&attributes_); }
    default_signals(const default_signals&) = delete;
    default_signals& operator=(const default_signals&) = delete;

    const posix_spawnattr_t* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

/// The files of a process that is about to be started.
class file_actions {
public:
    file_actions() { ::posix_spawn_file_actions_init(&actions_); }
    ~file_actions() { ::posix_spawn_file_actions_destroy(&actions_); }
    file_actions(const file_actions&) = delete;
    file_actions& operator=(const file_actions&) = delete;

    void open(int descriptor, const char* path, int flags)
    {
        ::posix_spawn_file_actions_addopen(&actions_, descriptor, path, flags, 0600);
    }
    void copy(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
    const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

}  // namespace

process::process(const std::string& program, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment, error_to error, const std::string& stdout_file)
{
    std::vector<std::string> argv{program};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    std::vector<std::string> envp;
    envp.reserve(environment.size());
    for (const auto& [name, value] : environment) envp.emplace_back(name).append("=").append(value);

    file_actions files;
    files.open(STDIN_FILENO, "/dev/null", O_RDONLY);
    int pipe_ends[2] = {-1, -1};
    if (stdout_file.empty()) {
        check(::pipe2(pipe_ends, O_CLOEXEC) == 0, "pipe");
        output_ = pipe_ends[0];
        files.copy(pipe_ends[1], STDOUT_FILENO);
    } else {
        files.open(STDOUT_FILENO, stdout_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    }
    int terminal_end = -1;
    if (error != error_to::file) {
        winsize size{};
        size.ws_col = 120;
        size.ws_row = 24;
        check(::openpty(&terminal_, &terminal_end, nullptr, nullptr, &size) == 0, "openpty");
        ::fcntl(terminal_, F_SETFD, FD_CLOEXEC);
        ::fcntl(terminal_end, F_SETFD, FD_CLOEXEC);
        files.copy(terminal_end, STDERR_FILENO);
        if (error == error_to::held_terminal) check(::write(terminal_, "\x13", 1) == 1, "terminal");  // Ctrl-S
    } else {
        error_file_ = fresh_name();
        files.open(STDERR_FILENO, error_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    }
    const default_signals signals;
    const int result =
        ::posix_spawn(&id_, program.c_str(), files.get(), signals.get(), pointers(argv).data(), pointers(envp).data());
    if (pipe_ends[1] >= 0) ::close(pipe_ends[1]);
    if (terminal_end >= 0) ::close(terminal_end);
    errno = result;
    check(result == 0, "posix_spawn");
}

process::~process()
{
    if (id_ > 0) {
        ::kill(id_, SIGKILL);
        wait();
    }
    close_output();
    if (terminal_ >= 0) ::close(terminal_);
    if (!error_file_.empty()) std::filesystem::remove(error_file_);
}

void process::close_output()
{
    if (output_ >= 0) ::close(output_);
    output_ = -1;
}

void process::send(int signal) const
{
    if (id_ > 0) ::kill(id_, signal);  // -1 would be every process
}

void process::release_terminal() const { check(::write(terminal_, "\x11", 1) == 1, "terminal"); }  // Ctrl-Q

/// Reads from the output, and on the way empties the terminal, so that the process never waits for that.
bool process::read_more()
{
    char chunk[65536];
    while (output_ >= 0 || terminal_ >= 0) {
        pollfd files[2] = {{output_, POLLIN, 0}, {terminal_, POLLIN, 0}};
        if (::poll(files, 2, -1) < 0) continue;
        if (terminal_ >= 0 && files[1].revents != 0) {
            const ssize_t n = ::read(terminal_, chunk, sizeof chunk);
            if (n > 0) {
                error_.append(chunk, static_cast<std::size_t>(n));
            } else {
                ::close(terminal_);
                terminal_ = -1;
            }
        }
        if (output_ >= 0 && files[0].revents != 0) {
            const ssize_t n = ::read(output_, chunk, sizeof chunk);
            if (n > 0) {
                buffer_.append(chunk, static_cast<std::size_t>(n));
                return true;
            }
            close_output();
        }
    }
    return false;
}

std::string process::read_line()
{
    std::size_t searched = 0;
    std::size_t end = 0;
    while ((end = buffer_.find('\n', searched)) == std::string::npos) {
        searched = buffer_.size();
        if (!read_more()) return std::exchange(buffer_, {});
    }
    std::string line = buffer_.substr(0, end + 1);
    buffer_.erase(0, end + 1);
    return line;
}

std::string process::read_all()
{
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
}

finished process::wait()
{
    finished result;
    result.out = read_all();
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    if (!error_file_.empty()) {
        std::ifstream in{error_file_, std::ios::binary};
        error_.assign(std::istreambuf_iterator<char>{in}, {});
    }
    result.err = error_;
    return result;
}

std::map<std::string, std::string> without_counters(std::map<std::string, std::string> environment)
{
    environment["GCOV_PREFIX"] = (std::filesystem::temp_directory_path() / "unipile-lost-counters").string();
    environment["GCOV_ERROR_FILE"] = "/dev/null";
    return environment;
}

std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        BOOST_TEST_REQUIRE(end != std::string_view::npos, "the last line is not whole");
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return lines;
}
