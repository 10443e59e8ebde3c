#include "program/export/state_file.hpp"

#include "program/output/blocking_output.hpp"
#include "program/terminal/safe_text.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_state = 64 * std::size_t{1024};

[[noreturn]] void refuse(const std::string& file, const char* why)
{
    throw std::invalid_argument{"--state: " + printable(file) + ": " + why};
}

// Some file systems can't sync a folder, and need not.
void sync_folder_of(const std::string& file)
{
    const fs::path folder = fs::path{file}.parent_path();
    const int opened = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;
    static_cast<void>(::fsync(opened));
    ::close(opened);
}

}  // namespace

std::string read_state(const std::string& file)
{
    std::error_code error;
    const auto status = fs::status(file, error);
    if (status.type() == fs::file_type::not_found) return {};
    std::ifstream in{file, std::ios::binary};
    std::string text(longest_state, '\0');
    if (!fs::is_regular_file(status) || !in) refuse(file, "it can't be read");
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) refuse(file, "it can't be read");
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.empty()) return text;
    const auto end = text.find('\n');
    if (text.size() == longest_state || end == 0 || (end != text.npos && end + 1 != text.size()))
        refuse(file, "it is no state of an export; name another file");
    return text.substr(0, end);
}

void write_state(const std::string& file, const std::string& line)
{
    // Through a link, its target is replaced.
    std::error_code error;
    const fs::path real = fs::weakly_canonical(file, error);
    const std::string name = error ? file : real.string();
    const std::string fresh = name + ".new";
    {
        blocking_output out{fresh, "--state"};
        out.write(line + '\n');
        out.finish(true);
    }
    if (std::rename(fresh.c_str(), name.c_str()) != 0)
        throw std::system_error{errno, std::generic_category(), file + " can't be written"};
    sync_folder_of(name);
}

}  // namespace unipile::program
