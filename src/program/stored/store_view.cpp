#include "program/stored/store_view.hpp"

#include "program/command.hpp"
#include "program/options/command_files.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace unipile::program {
namespace {

void check_files(const std::string& store, const std::string& output, const char* option)
{
    command_files files;
    files.opens_store("--store", store);
    files.writes_lines(option, output);
    files.check();
}

}  // namespace

int view_store(const std::string& file, const std::string& output,
               const std::function<void(store::post_reader&, blocking_output&)>& body, const char* option)
{
    check_files(file, output, option);
    std::unique_ptr<store::post_reader> reader;
    open_usable([&] { reader = open_reader(file); });
    blocking_output out{output, option};
    body(*reader, out);
    out.finish();
    return exit_code::all_complete;
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
