#include "program/options/text_file.hpp"

#include "program/terminal/safe_text.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <ios>
#include <stdexcept>

namespace unipile::program {

std::string read_text_file(const std::string& option, const std::string& file)
{
    constexpr std::size_t most = std::size_t{64} * 1024 * 1024;
    const auto refuse = [&](const std::string& why) {
        throw std::invalid_argument{option + ": " + printable(file) + ' ' + why};
    };
    std::ifstream in{file, std::ios::binary};
    if (!in) refuse(std::string{"can't be read: "} + std::strerror(errno));
    std::string text, block(std::size_t{64} * 1024, '\0');
    while (in) {
        in.read(block.data(), static_cast<std::streamsize>(block.size()));
        text.append(block, 0, static_cast<std::size_t>(in.gcount()));
        // A folder can be opened, and fails to be read.
        if (in.bad()) refuse("can't be read");
        if (text.size() > most) refuse("is too large");
    }
    return text;
}

}  // namespace unipile::program
