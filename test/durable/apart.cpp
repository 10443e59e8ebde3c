// Workers as processes of their own, which are stopped or end at a certain request. UNIPILE_WORKER_RUNS=20 for the long
// form.
#include "store/postgres/apart.hpp"
#include "durable/working.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace unipile::test {

namespace {

// The settings of a process, from its environment.
constexpr const char* store_of_process = "UNIPILE_TEST_STORE";
constexpr const char* log_of_process = "UNIPILE_TEST_LOG";
constexpr const char* stop_of_process = "UNIPILE_TEST_STOP";    // the number of the request at which it stops
constexpr const char* crash_of_process = "UNIPILE_TEST_CRASH";  // the identifier whose request ends it

std::size_t runs()
{
    const char* wanted = std::getenv("UNIPILE_WORKER_RUNS");
    return wanted ? std::stoul(wanted) : 1;
}

/// A worker in another process, which appends each of its requests to a file.
class process_apart {
public:
    struct orders {
        std::optional<std::size_t> stop_at;
        std::string crash_at;
    };

    process_apart(const shared_store& store, const std::string& log, const orders& what)
    {
        std::vector<std::string> environment{std::string(store_of_process) + "=" + store.address(),
                                             std::string(log_of_process) + "=" + log};
        if (what.stop_at) environment.push_back(std::string(stop_of_process) + "=" + std::to_string(*what.stop_at));
        if (!what.crash_at.empty()) environment.push_back(std::string(crash_of_process) + "=" + what.crash_at);
        pid_ = store::test::run_apart("durable_apart/a_worker_of_another_case", std::move(environment));
    }
    process_apart(const process_apart&) = delete;
    process_apart& operator=(const process_apart&) = delete;
    ~process_apart()
    {
        if (over_) return;
        send(SIGKILL);
        send(SIGCONT);
        wait(0);
    }

    void send(int signal) const { ::kill(pid_, signal); }
    /// Blocks until it is stopped, or has ended.
    bool await_stop()
    {
        wait(WUNTRACED);
        return !over_;
    }
    /// Blocks until it has ended. Returns the signal that has ended it; 0: none, and no test failed in it.
    int await_end()
    {
        if (!over_) wait(0);
        return WIFSIGNALED(status_) ? WTERMSIG(status_) : -WEXITSTATUS(status_);
    }

private:
    void wait(int options)
    {
        while (::waitpid(pid_, &status_, options) < 0 && errno == EINTR) {
        }
        over_ = !WIFSTOPPED(status_);
    }

    pid_t pid_ = -1;
    int status_ = 0;
    bool over_ = false;
};

struct logged {
    std::string account, identifier;
    witness::clock::time_point at;
};

std::vector<logged> requests_in(const std::string& log)
{
    std::vector<logged> all;
    std::ifstream in(log);
    logged one;
    for (std::int64_t at = 0; in >> one.account >> one.identifier >> at; all.push_back(one))
        one.at = witness::clock::time_point(std::chrono::nanoseconds(at));
    return all;
}

void take_over(witness& api, const std::string& log)
{
    for (const logged& request : requests_in(log)) api.note(request.account, request.at);
}

std::string state_of_ended(const shared_store& store)
{
    return store.value("SELECT count(*)::text FROM unipile.workers WHERE state = 1");
}

BOOST_AUTO_TEST_SUITE(durable_apart)

BOOST_AUTO_TEST_CASE(a_worker_of_another_case, *boost::unit_test::disabled())
{
    if (!std::getenv(store_of_process)) return;  // its suite was chosen
    const int log = ::open(std::getenv(log_of_process), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    BOOST_REQUIRE(log >= 0);
    const char* stop = std::getenv(stop_of_process);
    const char* crash = std::getenv(crash_of_process);
    std::size_t number = 0;
    witness api;
    api.before = [&](const asked& request) {
        if (stop && number++ == std::stoul(stop)) {
            // Others would have to wait for the end of a transaction that is under way.
            std::this_thread::sleep_for(200ms);
            ::raise(SIGSTOP);
        }
        std::ostringstream line;
        line << request.account << ' ' << request.identifier << ' '
             << witness::clock::now().time_since_epoch() / std::chrono::nanoseconds(1) << '\n';
        const std::string text = line.str();
        BOOST_REQUIRE(::write(log, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
        if (crash && request.identifier == crash) ::raise(SIGKILL);
    };
    // Otherwise other requests are in flight, too, each time that one ends the process.
    store::postgres::postgres_options options;
    options.access = store::access::shared;
    options.leases = hasty;
    working worker(store::postgres::open_postgres(std::getenv(store_of_process), options), api, crash ? 1 : 0);
    worker.finish();
    ::close(log);
}

// It is stopped between the last check and the first byte of a request, until its accounts are another's and done.
BOOST_AUTO_TEST_CASE(a_worker_that_is_stopped_before_it_sends_is_late_by_one_request_of_an_account)
{
    for (std::size_t run = 0; run < runs(); ++run) {
        const shared_store store(hasty);
        const store::test::scratch folder;
        const std::string log = folder.file("requests");
        witness api;
        process_apart stopped(store, log, {.stop_at = 1 + run % 7, .crash_at = {}});
        BOOST_TEST_REQUIRE(stopped.await_stop());
        working other(store, api);
        other.finish();
        BOOST_TEST(other.over());
        BOOST_TEST(state_of_ended(store) == "1");
        const std::size_t before = requests_in(log).size();
        stopped.send(SIGCONT);
        BOOST_TEST(stopped.await_end() == 0);
        std::map<std::string, std::size_t> late;
        const std::vector<logged> all = requests_in(log);
        for (std::size_t i = before; i < all.size(); ++i) BOOST_TEST(++late[all[i].account] == 1u);
        BOOST_TEST(late.size() >= 1u);
        BOOST_TEST_MESSAGE("late: " << late.size() << " requests, of as many accounts");
        take_over(api, log);
        BOOST_TEST(api.excess() <= late.size());
        check_stored(store);
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_stopped_at_any_moment_sends_nothing_when_it_wakes)
{
    for (std::size_t run = 0; run < runs(); ++run) {
        const shared_store store(hasty);
        const store::test::scratch folder;
        const std::string log = folder.file("requests");
        witness api;
        process_apart stopped(store, log, {});
        // Most times it has no transaction under way then, for whose end the others would have to wait.
        wait_until([&] { return requests_in(log).size() > 30 + run % 20; }, "requests of the process");
        auto other = std::make_unique<working>(store, api);
        // On a busy machine others may have been taken for dead, too.
        const std::string before = state_of_ended(store);
        stopped.send(SIGSTOP);
        std::this_thread::sleep_for(2 * store.options().leases.take_after);
        wait_until([&] { return state_of_ended(store) != before; }, "the takeover");
        stopped.send(SIGCONT);
        other->finish();
        BOOST_TEST(stopped.await_end() == 0);
        take_over(api, log);
        other.reset();
        check_stored(store);
        api.check_windows();
    }
}

BOOST_AUTO_TEST_CASE(a_page_that_ends_each_worker_fails_its_job_after_three)
{
    for (std::size_t run = 0; run < runs(); ++run) {
        const shared_store store(hasty);
        const store::test::scratch folder;
        const std::string log = folder.file("requests");
        const std::string poison = all_jobs()[run % all_jobs().size()].identifier;
        int ended = 0;
        for (bool over = false; !over;) {
            process_apart worker(store, log, {.stop_at = {}, .crash_at = poison});
            const int how = worker.await_end();
            over = how == 0;
            if (over) break;
            BOOST_TEST_REQUIRE(how == SIGKILL);
            BOOST_TEST_REQUIRE(++ended <= 3);
            // The next one need not wait until it is known to be dead.
            store.sql("UPDATE unipile.workers SET state = 1 WHERE state = 0");
        }
        BOOST_TEST(ended == 3);
        const auto jobs = store.sql("SELECT identifier, failure, may_pass::text FROM unipile.jobs WHERE state <> 3");
        for (const auto& j : jobs) BOOST_TEST_MESSAGE(j[0] << ": " << j[1]);
        BOOST_TEST_REQUIRE(jobs.size() == 1u);
        BOOST_TEST(jobs[0][0] == poison);
        BOOST_TEST(jobs[0][1].find("three workers") == 0u, jobs[0][1]);
        BOOST_TEST(jobs[0][2] == "true");
        BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.posts") ==
                   std::to_string((all_jobs().size() - 1) * posts));
        witness api;
        take_over(api, log);
        api.check_windows();
        // A later run tries again, and forgets the attempts.
        auto later = store.open();
        store::run_request again;
        again.restart = true;
        const auto number = later->perform(store::begin_run{again, wall_now()}).run;
        later->perform(store::add_jobs{number, all_jobs()});
        BOOST_TEST(store.value("SELECT attempts::text FROM unipile.jobs WHERE identifier = '" + poison + "'") == "0");
        BOOST_TEST(later->perform(store::count_jobs{number}).queued == all_jobs().size());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace unipile::test
