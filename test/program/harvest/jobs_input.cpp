// Where a jobs file is read from: files, pipes, and what can't be read.
#include "program/harvest/jobs_input.hpp"

#include "program/jobs_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

using unipile::program::jobs_input;

std::string content_of(jobs_input& input) { return {std::istreambuf_iterator<char>{input.stream()}, {}}; }

std::string complaint_of(const std::function<void()>& f)
{
    try {
        f();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

/// Writes to a fifo on a thread of its own.
class fifo {
public:
    fifo(std::string name, std::string content) : name_(std::move(name))
    {
        BOOST_REQUIRE(::mkfifo(name_.c_str(), 0600) == 0);
        writer_ = std::thread([this, content = std::move(content)] { std::ofstream{name_} << content; });
    }
    ~fifo() { writer_.join(); }

private:
    std::string name_;
    std::thread writer_;
};

/// Standard input is another file for as long as this lives.
class standard_input {
public:
    explicit standard_input(int file) : kept_(::dup(STDIN_FILENO)) { ::dup2(file, STDIN_FILENO); }
    ~standard_input()
    {
        ::dup2(kept_, STDIN_FILENO);
        ::close(kept_);
    }
    standard_input(const standard_input&) = delete;
    standard_input& operator=(const standard_input&) = delete;

private:
    int kept_;
};

/// SIGALRM without end, with a handler that lets system calls go on, as Asio's does.
class signals_every_millisecond {
public:
    signals_every_millisecond()
    {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_RESTART;
        ::sigaction(SIGALRM, &action, &before_);
        set(1'000);
    }
    ~signals_every_millisecond()
    {
        set(0);
        ::sigaction(SIGALRM, &before_, nullptr);
    }
    signals_every_millisecond(const signals_every_millisecond&) = delete;
    signals_every_millisecond& operator=(const signals_every_millisecond&) = delete;

private:
    static void set(suseconds_t interval)
    {
        const itimerval every{{0, interval}, {0, interval}};
        ::setitimer(ITIMER_REAL, &every, nullptr);
    }

    struct sigaction before_{};
};

/// Closes the end of a pipe with its own, or after ten seconds: whoever reads the other end for ever fails then.
class ended_at_last {
public:
    explicit ended_at_last(int end)
    {
        sigset_t all{}, before{};
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before);  // its thread takes no signals
        thread_ = std::thread([this, end] {
            std::unique_lock lock{mutex_};
            changed_.wait_for(lock, std::chrono::seconds(10), [this] { return over_; });
            ::close(end);
        });
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ~ended_at_last()
    {
        {
            const std::lock_guard lock{mutex_};
            over_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }
    ended_at_last(const ended_at_last&) = delete;
    ended_at_last& operator=(const ended_at_last&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

BOOST_AUTO_TEST_SUITE(jobs_inputs)

BOOST_AUTO_TEST_CASE(a_file_is_known_by_its_real_path)
{
    const jobs_folder folder;
    const std::string file = folder.file("jobs.csv"), link = folder.file("link.csv");
    const std::string text(200'000, 'x');
    std::ofstream{file} << text;
    BOOST_REQUIRE(::symlink(file.c_str(), link.c_str()) == 0);
    jobs_input direct(file, always), through(link, always);
    BOOST_TEST(direct.all_read());
    BOOST_TEST(direct.label() == through.label());
    BOOST_TEST(content_of(direct) == text);
}

BOOST_AUTO_TEST_CASE(a_pipe_is_known_by_its_content)
{
    const jobs_folder folder;
    const auto label_of = [&](const char* name, const std::string& content) {
        const fifo pipe(folder.file(name), content);
        jobs_input input(folder.file(name), always);
        BOOST_TEST(input.all_read());
        BOOST_TEST(content_of(input) == content);
        return input.label();
    };
    const std::string text(300'000, 'y');
    const std::string one = label_of("one", text);
    BOOST_TEST(one.starts_with("a pipe, content "));
    BOOST_TEST(label_of("two", text) == one);
    BOOST_TEST(label_of("three", text + "z") != one);
}

BOOST_AUTO_TEST_CASE(standard_input_is_copied)
{
    const jobs_folder folder;
    const std::string file = folder.file("jobs.csv");
    std::ofstream{file} << "some jobs";
    const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    {
        const standard_input from(opened);
        jobs_input input("-", always);
        BOOST_TEST(input.label().starts_with("standard input, content "));
        BOOST_TEST(content_of(input) == "some jobs");
    }
    ::close(opened);
    // As the program leaves one that was closed.
    const int unreadable = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const standard_input closed(unreadable);
    ::close(unreadable);
    BOOST_TEST(complaint_of([] { jobs_input("-", always); }) ==
               "standard input can't be read; redirect it from a jobs file, or name the file");
}

BOOST_AUTO_TEST_CASE(reading_a_pipe_can_be_stopped)
{
    const jobs_folder folder;
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    BOOST_REQUIRE(::write(ends[1], "a,b\n", 4) == 4);
    {
        // Nothing more comes, and the other end stays open.
        const standard_input from(ends[0]);
        int asked = 0;
        jobs_input input("-", [&] { return ++asked < 3; });
        BOOST_TEST(!input.all_read());
        BOOST_TEST(content_of(input) == "a,b\n");
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_signal_in_the_wait_for_more_does_not_end_the_asking)
{
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    {
        const signals_every_millisecond signals;
        const ended_at_last after(ends[1]);
        const standard_input from(ends[0]);
        int asked = 0;
        const jobs_input input("-", [&] { return ++asked < 3; });
        BOOST_TEST(!input.all_read());
    }
    ::close(ends[0]);
}

BOOST_AUTO_TEST_CASE(the_wait_for_a_first_writer_can_be_stopped)
{
    const jobs_folder folder;
    const std::string name = folder.file("fifo");
    BOOST_REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    int asked = 0;
    const jobs_input input(name, [&] { return ++asked < 3; });
    BOOST_TEST(!input.all_read());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused)
{
    const jobs_folder folder;
    const std::string missing = folder.file("missing");
    BOOST_TEST(complaint_of([&] { jobs_input(missing, always); }) ==
               missing + " can't be read: No such file or directory");
    BOOST_TEST(complaint_of([&] { jobs_input(folder.file("."), always); }).ends_with(" can't be read: Is a directory"));
    // A socket is no regular file, and can't be opened.
    BOOST_TEST(!complaint_of([&] { jobs_input("/dev/log", always); }).empty());
    // One whose reading fails.
    jobs_input unreadable("/proc/self/mem", always);
    BOOST_TEST(unreadable.content().empty());
    unreadable.stream().exceptions(std::ios::badbit);
    BOOST_CHECK_THROW(content_of(unreadable), std::ios_base::failure);
}

BOOST_AUTO_TEST_CASE(a_pipe_that_does_not_fit_on_the_disk_is_refused)
{
    const jobs_folder folder;
    // The writer of the pipe loses its reader, and the copy meets the limit; as in the program, errors say so.
    const auto at_pipe = std::signal(SIGPIPE, SIG_IGN), at_limit = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    std::string complaint;
    {
        const fifo pipe(folder.file("pipe"), std::string(300'000, 'y'));
        rlimit small = before;
        small.rlim_cur = 100'000;
        ::setrlimit(RLIMIT_FSIZE, &small);
        complaint = complaint_of([&] { jobs_input(folder.file("pipe"), always); });
        ::setrlimit(RLIMIT_FSIZE, &before);
    }
    std::signal(SIGPIPE, at_pipe);
    std::signal(SIGXFSZ, at_limit);
    BOOST_TEST(complaint ==
               "the jobs can't be kept in a temporary file: File too large; name the jobs file instead of a pipe");
}

BOOST_AUTO_TEST_CASE(without_a_descriptor_there_is_no_temporary_file)
{
    const jobs_folder folder;
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    ::close(ends[1]);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    std::string complaint;
    {
        const standard_input from(ends[0]);
        rlimit small = before;
        small.rlim_cur = 3;
        ::setrlimit(RLIMIT_NOFILE, &small);
        complaint = complaint_of([] { jobs_input("-", always); });
        ::setrlimit(RLIMIT_NOFILE, &before);
    }
    ::close(ends[0]);
    BOOST_TEST(complaint.starts_with("no temporary file can be made for the jobs: Too many open files; "), complaint);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
