#include "program/stored/store_view.hpp"

#include "program/command.hpp"
#include "program/options/command_files.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/error.hpp>
#include <unipile/store/sqlite.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace unipile::program {
namespace {

void check_files(const std::string& store, const std::string& output, const char* option)
{
    command_files files;
    files.opens_store("--store", store);
    if (output.empty())
        files.writes("standard output", command_files::standard_output);
    else
        files.writes(option, output);
    files.check();
}

}  // namespace

int view_store(const std::string& file, const std::string& output,
               const std::function<void(store::post_reader&, blocking_output&)>& body, const char* option)
{
    const auto complain = [](int code, std::string_view line) {
        std::cerr << "unipile: " << printable(line) << '\n';
        return code;
    };
    try {
        check_files(file, output, option);
        std::unique_ptr<store::post_reader> reader;
        open_usable([&] { reader = store::open_sqlite_reader(file); });
        blocking_output out{output, option};
        body(*reader, out);
        out.finish();
        return exit_code::all_complete;
    } catch (const std::invalid_argument& e) {
        return complain(exit_code::usage_error, e.what());
    } catch (const store::store_error& e) {
        return complain(exit_code::some_incomplete, e.what());
    } catch (const std::system_error& e) {
        return complain(exit_code::some_incomplete, (output.empty() ? "standard output" : output) + ": " + e.what());
    }
}

std::string time_text(const std::optional<wall_time>& t)
{
    using namespace std::chrono;
    if (!t) return {};
    const auto day = floor<days>(*t);
    const year_month_day date{day};
    const hh_mm_ss time{floor<seconds>(*t - day)};
    std::array<char, 48> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return buffer.data();
}

}  // namespace unipile::program
