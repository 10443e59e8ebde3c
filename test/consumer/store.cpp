// A user of the store alone: opens one, finds nothing to do, and closes it. No Asio in here.
#include <unipile/store/sqlite.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include <unistd.h>

namespace store = unipile::store;

namespace {

bool opens_and_closes(const std::string& file)
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    {
        const auto engine = store::open_sqlite(file);
        const auto run = engine->perform(store::begin_run{{}, now}).run;
        if (!engine->perform(store::claim_jobs{run, "account", 1, now}).empty()) return false;
        engine->commit();
    }
    return store::open_sqlite_reader(file)->summary().last_run.has_value();
}

/// What the library throws is caught as what it is, across a shared library too.
bool tells_what_is_wrong(const std::string& file)
{
    try {
        (void)store::open_sqlite_reader(file);
        return false;
    } catch (const store::store_error& e) {
        std::cout << e.what() << '\n';
        return e.reason() == store::store_errc::cannot_open;
    }
}

}  // namespace

int main()
{
    const auto folder = std::filesystem::temp_directory_path() / ("unipile-consumer-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    bool good = false;
    try {
        good = opens_and_closes((folder / "posts.db").string()) && tells_what_is_wrong((folder / "none.db").string());
    } catch (const std::exception& e) {
        std::cout << e.what() << '\n';
    }
    std::filesystem::remove_all(folder);
    return good ? 0 : 1;
}
