#include "program/same_file.hpp"

#include <filesystem>
#include <system_error>

namespace unipile::program {
namespace {

/// What is written to a device or a pipe replaces nothing.
bool is_device(const std::string& name)
{
    std::error_code error;
    const auto status = std::filesystem::status(name, error);
    return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

}  // namespace

bool is_same_file(const std::string& a, const std::string& b)
{
    namespace fs = std::filesystem;
    std::error_code error;
    if (is_device(a) || is_device(b)) return false;
    if (fs::equivalent(a, b, error)) return true;
    const fs::path left = fs::weakly_canonical(fs::absolute(a, error), error);
    if (error || left.empty()) return false;
    const fs::path right = fs::weakly_canonical(fs::absolute(b, error), error);
    return !error && left == right;
}

}  // namespace unipile::program
