#include "program/options/command_files.hpp"

#include <unipile/store/postgres.hpp>
#include <unipile/store/sqlite.hpp>

#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;

/// Writing to a device or a pipe replaces nothing.
bool is_device(const std::string& name)
{
    std::error_code error;
    const auto status = fs::status(name, error);
    return fs::exists(status) && !fs::is_regular_file(status);
}

/// Returns where a file of that name would be created, at the end of dangling links.
fs::path place_of(const std::string& name)
{
    constexpr int most_links = 40;  // as the system allows
    std::error_code error;
    fs::path path = fs::absolute(name, error);
    for (int i = 0; i < most_links && !fs::exists(path, error) && fs::is_symlink(path, error); ++i)
        path = path.parent_path() / fs::read_symlink(path, error);
    path = fs::weakly_canonical(path, error);
    return error ? fs::path{} : path;
}

bool is_same_file(const std::string& a, const std::string& b)
{
    std::error_code error;
    if (is_device(a) || is_device(b)) return false;
    if (fs::equivalent(a, b, error)) return true;
    const fs::path left = place_of(a);
    return !left.empty() && left == place_of(b);
}

}  // namespace

void command_files::reads(const std::string& option, const std::string& name)
{
    if (!name.empty()) entries_.push_back({option, name == "-" ? "/dev/stdin" : name, false});
}

void command_files::writes(const std::string& option, const std::string& name)
{
    if (!name.empty()) entries_.push_back({option, name, true});
}

void command_files::writes_lines(const std::string& option, const std::string& name)
{
    if (name.empty())
        writes("standard output", "/dev/stdout");
    else
        writes(option, name == "-" ? "/dev/stdout" : name);
}

void command_files::opens_store(const std::string& option, const std::string& name)
{
    if (name.empty() || store::postgres::is_conninfo(name)) return;
    for (const std::string& file : store::sqlite_files(name)) writes(option, file);
}

void command_files::check() const
{
    for (auto one = entries_.begin(); one != entries_.end(); ++one)
        for (auto other = one + 1; other != entries_.end(); ++other)
            if ((one->written || other->written) && is_same_file(one->name, other->name))
                throw std::invalid_argument{other->option + ": this file belongs to " + one->option +
                                            " too; give each a file of its own"};
}

}  // namespace unipile::program
