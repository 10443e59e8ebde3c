#include "program/watch/metrics_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

namespace unipile::program {
namespace {

[[noreturn]] void fail(const std::string& file, int error)
{
    throw std::system_error{error, std::generic_category(), file + " can't be written"};
}

}  // namespace

void replace_file(const std::string& file, std::string_view text)
{
    // Beside it, since a file is only replaced by one of its file system.
    const std::string next = file + ".tmp";
    errno = 0;
    std::ofstream out{next, std::ios::binary | std::ios::trunc};
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    int error = out ? 0 : errno != 0 ? errno : EIO;
    if (error == 0 && std::rename(next.c_str(), file.c_str()) != 0) error = errno;
    if (error == 0) return;
    std::remove(next.c_str());
    fail(file, error);
}

}  // namespace unipile::program
